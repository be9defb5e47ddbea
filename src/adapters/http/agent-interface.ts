import { fromJson, type JsonValue } from '@bufbuild/protobuf'
import { HansaError } from '../../schema/errors.ts'
import { AgentCardSchema } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'

/** Where and how an agent is called. */
export interface AgentInterface {
  readonly url: URL
  /** Echoed in each request (A2A 4.4.6). */
  readonly tenant: string
}

/** Where a card is looked for (A2A 8.2). */
const WELL_KNOWN = '/.well-known/agent-card.json'

/** The agent's own address may be given as the URL of its card (of a file too) or as its origin. Throws INVALID_ARGUMENT. */
export function cardUrlOf(text: string): URL {
  const url = URL.parse(text)
  if (url?.protocol === 'file:') return url
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new HansaError('INVALID_ARGUMENT', `not an http URL of an agent or its card: ${JSON.stringify(text.slice(0, 200))}`)
  return url.pathname === '/' ? new URL(WELL_KNOWN, url) : url
}

/** The first JSON-RPC interface of A2A 1.0 in the card. Throws INVALID_AGENT_RESPONSE. */
export function pickInterface(card: Uint8Array, cardUrl: URL): AgentInterface {
  const interfaces = parse(card).supportedInterfaces
  const chosen = interfaces.find((one) => one.protocolBinding === 'JSONRPC' && /^1\.\d+(\.\d+)?$/.test(one.protocolVersion))
  if (chosen === undefined) {
    const offered = interfaces.map((one) => `${one.protocolBinding} ${one.protocolVersion}`.slice(0, 60)).slice(0, 8)
    throw new HansaError('INVALID_AGENT_RESPONSE', `the card at ${cardUrl.href} names no JSONRPC interface of A2A 1.0, but ${offered.join(', ') || 'nothing'}`)
  }
  const url = URL.parse(chosen.url)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new HansaError('INVALID_AGENT_RESPONSE', `the card at ${cardUrl.href} names an interface without an http URL`)
  return { url, tenant: chosen.tenant }
}

function parse(card: Uint8Array): { supportedInterfaces: readonly { url: string; protocolBinding: string; protocolVersion: string; tenant: string }[] } {
  let json: JsonValue
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(card)) as JsonValue
  } catch (cause) {
    throw new HansaError('INVALID_AGENT_RESPONSE', 'what the agent serves as its card is not JSON', {}, cause)
  }
  try {
    return fromJson(AgentCardSchema, json, { ignoreUnknownFields: true })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.slice(0, 200) : ''
    throw new HansaError('INVALID_AGENT_RESPONSE', `what the agent serves as its card is not a card of A2A 1.0: ${why}`, {}, cause)
  }
}
