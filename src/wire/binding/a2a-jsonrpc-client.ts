import type { JsonObject, JsonValue, Message } from '@bufbuild/protobuf'
import { HansaError } from '../../schema/errors.ts'
import type { Operation } from '../operations.ts'
import { requestToJson, responseFromJson } from './a2a-json.ts'
import { A2A_VERSION, type A2aVersion } from './a2a-version.ts'
import { parseError } from './error-info.ts'
import { method03Of, requestTo03, responseFrom03 } from './v03/rpc-messages.ts'

/** Throws UNSUPPORTED_OPERATION for what the version has not. */
export function renderCall(id: number, operation: Operation, request: Message, version: A2aVersion = A2A_VERSION): string {
  const params = requestToJson(operation, request)
  const [method, said] = version === '0.3' ? [method03Of(operation.name), requestTo03(operation.name, params as JsonObject)] : [operation.name, params]
  return JSON.stringify({ jsonrpc: '2.0', id, method, params: said })
}

/** One answer or one event of a stream. Throws the agent's own error, or INVALID_AGENT_RESPONSE. */
export function parseAnswer(id: number, operation: Operation, text: string, version: A2aVersion = A2A_VERSION): Message {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new HansaError('INVALID_AGENT_RESPONSE', 'the agent answered with something that is not JSON')
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new HansaError('INVALID_AGENT_RESPONSE', 'the agent answered without a JSON-RPC object')
  const { id: answered, result, error } = json as Readonly<Record<string, unknown>>
  if (error !== undefined && error !== null) throw parseError(error)
  if (answered !== id) throw new HansaError('INVALID_AGENT_RESPONSE', 'the agent answered with the id of another request')
  if (result === undefined) throw new HansaError('INVALID_AGENT_RESPONSE', 'the agent answered with neither result nor error')
  return responseFromJson(operation, version === '0.3' ? responseFrom03(operation.name, result as JsonValue) : (result as JsonValue))
}
