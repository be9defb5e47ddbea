import { fromJson, type JsonValue } from '@bufbuild/protobuf'
import { HansaError } from '../../schema/errors.ts'
import { type AgentCard, AgentCardSchema } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { cardFrom03, isCard03 } from './v03/card.ts'

/** A description carries the card and is at most 256 KiB; cards of real agents have 1 to 20 KiB. */
export const MAX_CARD_BYTES = 64 * 1024

/**
 * Parses an agent card of A2A 1.0 or 0.3; what 0.3 calls url, preferredTransport and additionalInterfaces are interfaces of version 0.3. Fields that this
 * version does not know are passed over. Throws INVALID_AGENT_RESPONSE naming what is wrong.
 */
export function parseCard(bytes: Uint8Array): AgentCard {
  const card = decodeCard(bytes)
  if (card.name.trim() === '') throw refuse('name is missing')
  if (card.supportedInterfaces.length === 0) throw refuse('supportedInterfaces is missing or empty')
  card.supportedInterfaces.forEach((face, index) => {
    if (face.url === '') throw refuse(`supportedInterfaces[${index}].url is missing`)
    if (face.protocolBinding === '') throw refuse(`supportedInterfaces[${index}].protocolBinding is missing`)
  })
  return card
}

/** As parseCard, of a card that was reviewed when its agent registered: what is missing stays empty. Throws INVALID_AGENT_RESPONSE. */
export function decodeCard(bytes: Uint8Array): AgentCard {
  if (bytes.length > MAX_CARD_BYTES) throw refuse(`it has ${bytes.length} bytes; at most ${MAX_CARD_BYTES} are taken`)
  const json = parseJson(bytes)
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw refuse('it is not a JSON object')
  return parseMessage(isCard03(json) ? cardFrom03(json) : json)
}

function parseJson(bytes: Uint8Array): JsonValue {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as JsonValue
  } catch (cause) {
    throw refuse('it is not JSON', cause)
  }
}

function parseMessage(json: JsonValue): AgentCard {
  try {
    return fromJson(AgentCardSchema, json, { ignoreUnknownFields: true })
  } catch (cause) {
    // The runtime names the field ("cannot decode field lf.a2a.v1.AgentCard.name from JSON: ..."), which is what the agent's author needs.
    throw refuse(cause instanceof Error ? cause.message.slice(0, 200) : 'it is not an A2A card', cause)
  }
}

function refuse(why: string, cause?: unknown): HansaError {
  return new HansaError('INVALID_AGENT_RESPONSE', `the agent's card was refused: ${why}`, {}, cause)
}
