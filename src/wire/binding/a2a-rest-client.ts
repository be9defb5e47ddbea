import type { JsonObject, JsonValue, Message } from '@bufbuild/protobuf'
import { type ErrorCode, HansaError, isErrorCode } from '../../schema/errors.ts'
import type { Operation } from '../operations.ts'
import { requestToJson, responseFromJson } from './a2a-json.ts'
import type { A2aVersion } from './a2a-version.ts'
import { parseError } from './error-info.ts'
import { ERROR_STATUS } from './error-status.ts'
import { pushTo03Proto, responseFrom03Proto, sendTo03Proto } from './v03/proto-messages.ts'

export interface RestCall {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Path and query after the agent's base URL, beginning with a slash. */
  readonly path: string
  readonly body?: string
}

/** What other people's errors may take of our logs and answers, in characters. */
const MAX_TEXT = 500

/** A request of A2A's REST binding (specification 11.3). A tenant stands in the path. Throws UNSUPPORTED_OPERATION for what the version has not. */
export function renderRestCall(operation: Operation, request: Message, version: A2aVersion): RestCall {
  const { tenant, ...json } = requestToJson(operation, request) as JsonObject
  const old = version === '0.3'
  const base = old ? '/v1' : typeof tenant === 'string' ? `/${encodeURIComponent(tenant)}` : ''
  const text = (name: string): string => encodeURIComponent(typeof json[name] === 'string' ? json[name] : '')
  const get = (path: string, ...query: readonly string[]): RestCall => ({ method: 'GET', path: base + path + queryOf(json, query) })
  const post = (path: string, body: JsonValue): RestCall => ({ method: 'POST', path: base + path, body: JSON.stringify(body) })
  const configs = `/tasks/${text('taskId')}/pushNotificationConfigs`
  switch (operation.name) {
    case 'SendMessage':
      return post('/message:send', old ? sendTo03Proto(json) : json)
    case 'SendStreamingMessage':
      return post('/message:stream', old ? sendTo03Proto(json) : json)
    case 'GetTask':
      return get(`/tasks/${text('id')}`, 'historyLength')
    case 'ListTasks':
      if (old) throw new HansaError('UNSUPPORTED_OPERATION', 'the agent speaks A2A 0.3, which has no ListTasks')
      return get('/tasks', 'contextId', 'status', 'pageSize', 'pageToken', 'historyLength', 'statusTimestampAfter', 'includeArtifacts')
    case 'CancelTask': {
      const { id: _id, ...body } = json
      return post(`/tasks/${text('id')}:cancel`, body)
    }
    case 'SubscribeToTask':
      // The .proto says GET, the text POST; servers that take one of them take this one.
      return { method: 'POST', path: `${base}/tasks/${text('id')}:subscribe` }
    case 'CreateTaskPushNotificationConfig':
      return post(configs, old ? pushTo03Proto(json) : json)
    case 'ListTaskPushNotificationConfigs':
      return get(configs, 'pageSize', 'pageToken')
    case 'GetTaskPushNotificationConfig':
      return get(`${configs}/${text('id')}`)
    case 'DeleteTaskPushNotificationConfig':
      return { method: 'DELETE', path: `${base}${configs}/${text('id')}` }
    case 'GetExtendedAgentCard':
      return get(old ? '/card' : '/extendedAgentCard')
    default:
      throw new HansaError('UNSUPPORTED_OPERATION', `${operation.name} is not an operation of A2A`)
  }
}

function queryOf(json: JsonObject, names: readonly string[]): string {
  const query = new URLSearchParams()
  for (const name of names) {
    const value = json[name]
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') query.set(name, String(value))
  }
  return query.size === 0 ? '' : `?${query.toString()}`
}

/** The body of a successful answer, or one event of a stream. Throws the agent's own error (the last event of a stream may be one), or INVALID_AGENT_RESPONSE. */
export function parseRestResponse(operation: Operation, text: string, version: A2aVersion): Message {
  const json = parse(text, operation)
  if (isObject(json) && (isObject(json['error']) || typeof json['code'] === 'number')) throw parseRestError(operation, undefined, text)
  return responseFromJson(operation, version === '0.3' ? responseFrom03Proto(operation.name, json) : json)
}

function parse(text: string, operation: Operation): JsonValue {
  // An agent may answer a delete with nothing at all (204).
  if (text.trim() === '' && operation.name === 'DeleteTaskPushNotificationConfig') return {}
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    throw new HansaError('INVALID_AGENT_RESPONSE', 'the agent answered with something that is not JSON')
  }
}

/**
 * An agent's error as ours. A2A's own are known by their ErrorInfo, or by a status that has one meaning; the rest is the agent's failure. It cannot speak for a
 * gateway, so no other ErrorInfo is believed. Never throws.
 */
export function parseRestError(operation: Operation, status: number | undefined, text: string): HansaError {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    json = undefined
  }
  // 0.3 answered with a bare JSON-RPC error.
  if (isObject(json) && typeof json['code'] === 'number' && json['error'] === undefined) return parseError(json)
  const error = isObject(json) && isObject(json['error']) ? json['error'] : {}
  const said = typeof error['message'] === 'string' ? error['message'].slice(0, MAX_TEXT) : `the agent answered with HTTP ${status ?? 'no status'}`
  const code = typeof error['code'] === 'number' ? error['code'] : status
  return new HansaError(reasonOf(error['details']) ?? byStatus(operation, code, error['status']) ?? 'AGENT_FAILED', said, { status: code ?? 0 })
}

function reasonOf(details: unknown): ErrorCode | undefined {
  if (!Array.isArray(details)) return undefined
  for (const detail of details.slice(0, 16) as unknown[]) {
    const reason = isObject(detail) && detail['domain'] === 'a2a-protocol.org' ? detail['reason'] : undefined
    if (typeof reason === 'string' && isErrorCode(reason) && ERROR_STATUS[reason].domain === 'a2a-protocol.org') return reason
  }
  return undefined
}

const ON_TASK: ReadonlySet<string> = new Set(['GetTask', 'CancelTask', 'SubscribeToTask'])

function byStatus(operation: Operation, status: number | undefined, name: unknown): ErrorCode | undefined {
  if (name === 'INVALID_ARGUMENT') return 'INVALID_ARGUMENT'
  if (status === 404 && ON_TASK.has(operation.name)) return 'TASK_NOT_FOUND'
  if (status === 405 || status === 501 || name === 'UNIMPLEMENTED') return 'UNSUPPORTED_OPERATION'
  return undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
