import type { JsonValue, Message } from '@bufbuild/protobuf'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { isA2aOperation, type Operation, operations } from '../operations.ts'
import { requestFromJson, responseToJson } from './a2a-json.ts'
import { renderError } from './error-info.ts'
import { isShallow } from './json-depth.ts'
import { checkRequired } from './required-fields.ts'

/** JSON-RPC's id; null where the request's own could not be read. */
export type JsonRpcId = string | number | null

export type ParsedCall =
  | { readonly ok: true; readonly id: JsonRpcId; readonly operation: Operation; readonly message: Message }
  /** `jsonRpc` is the code to answer with: the table knows one code for MALFORMED, JSON-RPC has two. */
  | { readonly ok: false; readonly id: JsonRpcId; readonly jsonRpc: number | undefined; readonly error: HansaError }

const PARSE_ERROR = -32700
const INVALID_REQUEST = -32600

/** An id comes back in every answer and event; 256 characters hold any UUID or trace ID. */
const MAX_ID = 256

/** The codec of the messages takes 100 levels; the request around them adds a few. */
const MAX_DEPTH = 128

/** One JSON-RPC request of A2A 1.0, from the exact bytes of the body. Never throws. */
export function parseCall(body: Uint8Array): ParsedCall {
  if (!isShallow(body, MAX_DEPTH))
    return { ok: false, id: null, jsonRpc: PARSE_ERROR, error: new HansaError('MALFORMED', `the body nests more than ${MAX_DEPTH} levels`) }
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return { ok: false, id: null, jsonRpc: PARSE_ERROR, error: new HansaError('MALFORMED', 'the body is not JSON in UTF-8') }
  }
  if (Array.isArray(json)) return invalid(null, 'batches are not part of A2A; send one request at a time')
  if (typeof json !== 'object' || json === null) return invalid(null, 'the body is not a JSON-RPC request')
  const { jsonrpc, id, method, params } = json as Readonly<Record<string, unknown>>
  if (!isId(id)) return invalid(null, `id must be a string of at most ${MAX_ID} characters or a whole number`)
  if (jsonrpc !== '2.0') return invalid(id, 'jsonrpc must be "2.0"')
  if (typeof method !== 'string') return invalid(id, 'method must be a string')
  try {
    return { ok: true, id, ...parseParams(method, params) }
  } catch (thrown) {
    return { ok: false, id, jsonRpc: undefined, error: toHansaError(thrown) }
  }
}

function parseParams(method: string, params: unknown): { operation: Operation; message: Message } {
  if (!isA2aOperation(method)) throw new HansaError('METHOD_NOT_FOUND', `no such method: ${JSON.stringify(method.slice(0, 80))}`)
  if (params !== undefined && (typeof params !== 'object' || params === null || Array.isArray(params)))
    throw new HansaError('INVALID_ARGUMENT', 'params must be an object')
  const operation = operations[method]
  const message = requestFromJson(operation, (params ?? {}) as JsonValue)
  checkRequired(message)
  return { operation, message }
}

function invalid(id: JsonRpcId, message: string): ParsedCall {
  return { ok: false, id, jsonRpc: INVALID_REQUEST, error: new HansaError('MALFORMED', message) }
}

/** A notification (no id) would have no answer, and A2A has none. A number that JSON.parse rounds could not be given back. */
function isId(id: unknown): id is string | number {
  return typeof id === 'string' ? id.length <= MAX_ID : Number.isSafeInteger(id)
}

/** The answer of a unary operation, or one event of a stream, as JSON text. */
export function renderResult(id: JsonRpcId, operation: Operation, response: Message): string {
  return JSON.stringify({ jsonrpc: '2.0', id, result: responseToJson(operation, response) })
}

export function renderFailure(id: JsonRpcId, error: HansaError, jsonRpc?: number): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: renderError(error, jsonRpc) })
}
