import { type ErrorCode, HansaError, isErrorCode } from '../../schema/errors.ts'
import { ERROR_STATUS, errorOfA2aCode } from './error-status.ts'

const TYPE = 'type.googleapis.com/google.rpc.ErrorInfo'

/** What other people's errors may take of our logs and answers, in characters. */
const MAX_TEXT = 500

/** An `error` member of JSON-RPC 2.0. */
export interface JsonRpcError {
  readonly code: number
  readonly message: string
  readonly data?: readonly object[]
}

/** `jsonRpc` overrides the table for the three ways in which a request can be malformed. Metadata is the error's own: where (`at`), which agent, how long. */
export function renderError(error: HansaError, jsonRpc: number = ERROR_STATUS[error.code].jsonRpc): JsonRpcError {
  const info = { '@type': TYPE, reason: error.code, domain: ERROR_STATUS[error.code].domain, metadata: { ...error.metadata, hint: error.hint } }
  return { code: jsonRpc, message: error.message, data: [info] }
}

/** An agent's error as ours. What it says about itself is kept as text; it cannot speak for a gateway, so its ErrorInfo is not believed. */
export function parseError(error: unknown): HansaError {
  if (!isRecord(error) || typeof error['code'] !== 'number')
    return new HansaError('INVALID_AGENT_RESPONSE', 'the agent answered with an error that has no code')
  const jsonRpc = error['code']
  const message = typeof error['message'] === 'string' ? error['message'].slice(0, MAX_TEXT) : 'no message'
  const code = errorOfA2aCode(jsonRpc) ?? OTHERS.get(jsonRpc) ?? 'AGENT_FAILED'
  return new HansaError(code, message, { jsonRpc })
}

/** The agent's sight of what we sent. It was well-formed when it left, so a parse error is the agent's failure. */
const OTHERS: ReadonlyMap<number, ErrorCode> = new Map([
  [-32601, 'UNSUPPORTED_OPERATION'],
  [-32602, 'INVALID_ARGUMENT']
])

/** From a gateway of the network (a client of an ingress reads it): the ErrorInfo names code, place and agent. */
export function parseNetworkError(error: unknown): HansaError {
  const plain = parseError(error)
  const data: unknown = isRecord(error) ? error['data'] : undefined
  const info: unknown = Array.isArray(data) ? data.find((item) => isRecord(item) && item['@type'] === TYPE) : undefined
  if (!isRecord(info) || typeof info['reason'] !== 'string' || !isErrorCode(info['reason'])) return plain
  const metadata = isRecord(info['metadata']) ? info['metadata'] : {}
  const texts = Object.entries(metadata).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return new HansaError(info['reason'], plain.message, Object.fromEntries(texts.slice(0, 16).map(([key, value]) => [key, value.slice(0, MAX_TEXT)])))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
