import { type ErrorCode, HansaError } from '../../schema/errors.ts'
import type { JsonRpcId } from './a2a-jsonrpc-server.ts'
import { parseError, renderError } from './error-info.ts'

/** The profile's own errors ("Mandatory Binding-Specific Error Mapping"); their codes are also A2A's, and only `data.a2a_error` tells them apart. */
type BindingError = 'request_expired' | 'responder_unavailable' | 'transport_protocol_error'

const BINDING_CODES: Readonly<Record<BindingError, number>> = { request_expired: -32003, responder_unavailable: -32004, transport_protocol_error: -32005 }

/** Conditions of the network that the profile has a word for. */
const WORDS: ReadonlyMap<ErrorCode, BindingError> = new Map([
  ['DEADLINE_EXCEEDED', 'request_expired'],
  ['RATE_LIMITED', 'responder_unavailable'],
  ['TOO_MANY_CALLS', 'responder_unavailable'],
  ['OVERLOADED', 'responder_unavailable'],
  ['AGENT_UNREACHABLE', 'responder_unavailable'],
  ['PEER_UNREACHABLE', 'responder_unavailable'],
  ['CONNECTION_LOST', 'responder_unavailable']
])

/** A JSON-RPC error for MQTT: the profile's own with `data` as an object that also holds the ErrorInfo, all others as on HTTP. */
export function renderMqttFailure(id: JsonRpcId, error: HansaError, jsonRpc?: number): string {
  const word = WORDS.get(error.code)
  const plain = renderError(error, jsonRpc)
  const rendered = word === undefined ? plain : { code: BINDING_CODES[word], message: plain.message, data: { a2a_error: word, details: plain.data } }
  return JSON.stringify({ jsonrpc: '2.0', id, error: rendered })
}

/** What an agent says on MQTT, as ours. */
export function parseMqttError(error: unknown): HansaError {
  const plain = parseError(error)
  const data: unknown = typeof error === 'object' && error !== null ? (error as { readonly data?: unknown }).data : undefined
  const word: unknown = typeof data === 'object' && data !== null && !Array.isArray(data) ? (data as { readonly a2a_error?: unknown }).a2a_error : undefined
  const code = typeof word === 'string' ? OURS.get(word) : undefined
  return code === undefined ? plain : new HansaError(code, plain.message, plain.metadata)
}

const OURS: ReadonlyMap<string, ErrorCode> = new Map([
  ['request_expired', 'DEADLINE_EXCEEDED'],
  ['responder_unavailable', 'AGENT_UNREACHABLE'],
  ['transport_protocol_error', 'AGENT_FAILED']
])
