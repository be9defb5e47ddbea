import type { JsonValue, Message } from '@bufbuild/protobuf'
import { HansaError } from '../../schema/errors.ts'
import type { Operation } from '../operations.ts'
import { requestToJson, responseFromJson } from './a2a-json.ts'
import { parseError } from './error-info.ts'

export function renderCall(id: number, operation: Operation, request: Message): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method: operation.name, params: requestToJson(operation, request) })
}

/** One answer or one event of a stream. Throws the agent's own error, or INVALID_AGENT_RESPONSE. */
export function parseAnswer(id: number, operation: Operation, text: string): Message {
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
  return responseFromJson(operation, result as JsonValue)
}
