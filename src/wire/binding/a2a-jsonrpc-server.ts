import type { JsonObject, JsonValue, Message } from '@bufbuild/protobuf'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { type A2aOperationName, isA2aOperation, type Operation, operations } from '../operations.ts'
import { requestFromJson, responseToJson } from './a2a-json.ts'
import { A2A_VERSION, type A2aVersion } from './a2a-version.ts'
import { renderError } from './error-info.ts'
import { ERROR_STATUS } from './error-status.ts'
import { parseJsonBody } from './json-body.ts'
import { checkRequired } from './required-fields.ts'
import { operationOfMethod03, requestFrom03, responseTo03 } from './v03/rpc-messages.ts'

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

/** One JSON-RPC request of A2A, in the version that its client speaks, from the exact bytes of the body. Never throws. */
export function parseCall(body: Uint8Array, version: A2aVersion = A2A_VERSION): ParsedCall {
  let json: JsonValue
  try {
    json = parseJsonBody(body)
  } catch (thrown) {
    return { ok: false, id: null, jsonRpc: PARSE_ERROR, error: toHansaError(thrown) }
  }
  if (Array.isArray(json)) return invalid(null, 'batches are not part of A2A; send one request at a time')
  if (typeof json !== 'object' || json === null) return invalid(null, 'the body is not a JSON-RPC request')
  const { jsonrpc, id, method, params } = json as Readonly<Record<string, unknown>>
  if (!isId(id)) return invalid(null, `id must be a string of at most ${MAX_ID} characters or a whole number`)
  if (jsonrpc !== '2.0') return invalid(id, 'jsonrpc must be "2.0"')
  if (typeof method !== 'string') return invalid(id, 'method must be a string')
  try {
    return { ok: true, id, ...parseParams(method, params, version) }
  } catch (thrown) {
    return { ok: false, id, jsonRpc: undefined, error: toHansaError(thrown) }
  }
}

function parseParams(method: string, params: unknown, version: A2aVersion): { operation: Operation; message: Message } {
  const name = operationOf(method, version)
  if (params !== undefined && (typeof params !== 'object' || params === null || Array.isArray(params)))
    throw new HansaError('INVALID_ARGUMENT', 'params must be an object')
  const operation = operations[name]
  const said = (params ?? {}) as JsonObject
  const message = requestFromJson(operation, version === '0.3' ? requestFrom03(name, said) : said)
  checkRequired(message)
  return { operation, message }
}

/** A client that sends no A2A-Version speaks 0.3, perhaps without knowing it: the error says what to change. */
function operationOf(method: string, version: A2aVersion): A2aOperationName {
  const old = operationOfMethod03(method)
  if (version === '0.3') {
    if (old !== undefined) return old
    if (isA2aOperation(method))
      throw new HansaError('VERSION_NOT_SUPPORTED', `${method} is a method of A2A 1.0: send A2A-Version: 1.0 (a request without it speaks 0.3)`, {
        supported: '1.0, 0.3'
      })
  } else {
    if (isA2aOperation(method)) return method
    if (old !== undefined)
      throw new HansaError('METHOD_NOT_FOUND', `${method} is a method of A2A 0.3; in 1.0 it is ${old}, and with A2A-Version: 0.3 it is served too`)
  }
  throw new HansaError('METHOD_NOT_FOUND', `no such method: ${JSON.stringify(method.slice(0, 80))}`)
}

function invalid(id: JsonRpcId, message: string): ParsedCall {
  return { ok: false, id, jsonRpc: INVALID_REQUEST, error: new HansaError('MALFORMED', message) }
}

/** A notification (no id) would have no answer, and A2A has none. A number that JSON.parse rounds could not be given back. */
function isId(id: unknown): id is string | number {
  return typeof id === 'string' ? id.length <= MAX_ID : Number.isSafeInteger(id)
}

/** The answer of a unary operation, or one event of a stream, as JSON text. */
export function renderResult(id: JsonRpcId, operation: Operation, response: Message, version: A2aVersion = A2A_VERSION): string {
  const json = responseToJson(operation, response)
  return JSON.stringify({ jsonrpc: '2.0', id, result: version === '0.3' ? responseTo03(operation.name, json as JsonObject) : json })
}

export function renderFailure(id: JsonRpcId, error: HansaError, jsonRpc?: number, version: A2aVersion = A2A_VERSION): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: renderError(error, version === '0.3' ? code03Of(error, jsonRpc) : jsonRpc) })
}

/** 0.3 ends at -32007: its clients know what came later as an invalid request. */
export function code03Of(error: HansaError, jsonRpc: number = ERROR_STATUS[error.code].jsonRpc): number {
  return jsonRpc === -32008 || jsonRpc === -32009 ? INVALID_REQUEST : jsonRpc
}
