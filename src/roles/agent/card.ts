import { fromJson, type JsonValue } from '@bufbuild/protobuf'
import type { AgentClient } from '../../ports/agent-client.ts'
import { HansaError } from '../../schema/errors.ts'
import { type AgentCard, AgentCardSchema } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'

/** A description carries the card and is at most 256 KiB; cards of real agents have 1 to 20 KiB. */
export const MAX_CARD_BYTES = 64 * 1024

/** A card that has been read: its exact bytes and what they say. */
export interface ReadCard {
  readonly bytes: Uint8Array
  readonly card: AgentCard
}

/** Reads the agent's card. Throws AGENT_UNREACHABLE, or INVALID_AGENT_RESPONSE naming what is wrong with it. */
export async function readCard(client: AgentClient, signal: AbortSignal): Promise<ReadCard> {
  const bytes = await client.card(signal)
  return { bytes, card: parseCard(bytes) }
}

/** Parses an A2A 1.0 agent card; fields that this version does not know are passed over. Throws INVALID_AGENT_RESPONSE. */
export function parseCard(bytes: Uint8Array): AgentCard {
  if (bytes.length > MAX_CARD_BYTES) throw refuse(`it has ${bytes.length} bytes; at most ${MAX_CARD_BYTES} are taken`)
  const json = parseJson(bytes)
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw refuse('it is not a JSON object')
  // What 0.3 calls url and protocolVersion at the top is supportedInterfaces in 1.0: say so instead of "missing".
  if (!('supportedInterfaces' in json) && 'url' in json)
    throw refuse('it is a card of A2A 0.3 (url instead of supportedInterfaces); serve a card of version 1.0')
  const card = parseMessage(json)
  if (card.name.trim() === '') throw refuse('name is missing')
  if (card.supportedInterfaces.length === 0) throw refuse('supportedInterfaces is missing or empty')
  card.supportedInterfaces.forEach((face, index) => {
    if (face.url === '') throw refuse(`supportedInterfaces[${index}].url is missing`)
    if (face.protocolBinding === '') throw refuse(`supportedInterfaces[${index}].protocolBinding is missing`)
  })
  return card
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
