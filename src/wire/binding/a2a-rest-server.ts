import type { JsonObject, JsonValue, Message } from '@bufbuild/protobuf'
import { HansaError } from '../../schema/errors.ts'
import { type A2aOperationName, type Operation, operations } from '../operations.ts'
import { requestFromJson, responseToJson } from './a2a-json.ts'
import { code03Of } from './a2a-jsonrpc-server.ts'
import { matchRestPath, type RestTarget } from './a2a-rest-paths.ts'
import { A2A_VERSION, type A2aVersion } from './a2a-version.ts'
import { renderError } from './error-info.ts'
import { ERROR_STATUS } from './error-status.ts'
import { parseJsonBody } from './json-body.ts'
import { checkRequired } from './required-fields.ts'
import { pushFrom03Proto, responseTo03Proto, sendFrom03Proto } from './v03/proto-messages.ts'

export interface RestRequest {
  readonly method: string
  /** Segments of the path after the agent's base, as they were sent. */
  readonly path: readonly string[]
  readonly query: URLSearchParams
  /** Exact bytes; empty where there is none. */
  readonly body: Uint8Array
  readonly version: A2aVersion
  /** The only tenant there is at this address. */
  readonly handle: string
}

/**
 * One request of A2A's REST binding (specification 11). A tenant in the path must be the agent's handle, for each agent has its own address here; one in query
 * or body is the client's affair with another address and is passed over. Throws NOT_FOUND, METHOD_NOT_FOUND, MALFORMED, INVALID_ARGUMENT,
 * AGENT_NOT_FOUND, VERSION_NOT_SUPPORTED.
 */
export function parseRestRequest(request: RestRequest): { operation: Operation; message: Message } {
  const target = matchRestPath(request.method, request.path, request.version)
  if (target.tenant !== undefined && target.tenant !== request.handle)
    throw new HansaError('AGENT_NOT_FOUND', 'the tenant in the path is not the agent at this address', { agent: request.handle })
  const operation = operations[target.name]
  const message = requestFromJson(operation, { ...parametersOf(target, request), ...idsOf(target) })
  checkRequired(message)
  return { operation, message }
}

type Kind = 'text' | 'whole' | 'flag'

const QUERIES: Readonly<Partial<Record<A2aOperationName, Readonly<Record<string, Kind>>>>> = {
  GetTask: { historyLength: 'whole' },
  ListTasks: {
    contextId: 'text',
    status: 'text',
    pageSize: 'whole',
    pageToken: 'text',
    historyLength: 'whole',
    statusTimestampAfter: 'text',
    includeArtifacts: 'flag'
  },
  ListTaskPushNotificationConfigs: { pageSize: 'whole', pageToken: 'text' }
}

function parametersOf({ name, taskId }: RestTarget, { query, body, version }: RestRequest): JsonObject {
  const parameters = parametersIn(query, QUERIES[name] ?? {})
  const said = body.length === 0 || name === 'SubscribeToTask' ? {} : objectIn(body)
  switch (name) {
    case 'SendMessage':
    case 'SendStreamingMessage':
      return version === '0.3' ? sendFrom03Proto(said) : said
    case 'CancelTask':
      return agreeing(version === '0.3' ? onlyMetadata(said) : said, 'id', taskId)
    case 'CreateTaskPushNotificationConfig':
      return agreeing(version === '0.3' ? pushFrom03Proto(said) : said, 'taskId', taskId)
    default:
      return parameters
  }
}

function idsOf({ name, taskId, configId }: RestTarget): JsonObject {
  if (taskId === undefined) return {}
  if (configId !== undefined) return { taskId, id: configId }
  return name === 'CreateTaskPushNotificationConfig' || name === 'ListTaskPushNotificationConfigs' ? { taskId } : { id: taskId }
}

/** An ID in the body that is not the one in the path would be dropped. */
function agreeing(body: JsonObject, field: string, value: string | undefined): JsonObject {
  if (body[field] !== undefined && body[field] !== '' && body[field] !== value)
    throw new HansaError('INVALID_ARGUMENT', `${field} in the body is not the one in the path`, { field })
  return body
}

/** The .proto of 0.3 has the task's name in the body of a cancel, which says what the path says. */
function onlyMetadata({ metadata }: JsonObject): JsonObject {
  return metadata === undefined ? {} : { metadata }
}

function objectIn(body: Uint8Array): JsonObject {
  const json = parseJsonBody(body)
  // Clients write null for no body.
  if (json === null) return {}
  if (typeof json !== 'object' || Array.isArray(json)) throw new HansaError('INVALID_ARGUMENT', 'the body must be a JSON object')
  return json
}

/** Names that any request may have: service parameters, and a tenant that is passed over. */
const ANY: ReadonlySet<string> = new Set(['A2A-Version', 'A2A-Extensions', 'tenant'])

function parametersIn(query: URLSearchParams, kinds: Readonly<Record<string, Kind>>): JsonObject {
  const result: JsonObject = {}
  for (const [name, value] of query) {
    if (ANY.has(name)) continue
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
    const wrong = (why: string): HansaError => new HansaError('INVALID_ARGUMENT', `${name.slice(0, 80)} in the query ${why}`, { field: name.slice(0, 80) })
    if (kind === undefined) throw wrong('is not known here')
    if (Object.hasOwn(result, name)) throw wrong('is there twice')
    result[name] = valueOf(kind, value, wrong)
  }
  return result
}

function valueOf(kind: Kind, value: string, wrong: (why: string) => HansaError): JsonValue {
  if (kind === 'text') return value
  if (kind === 'flag') {
    if (value !== 'true' && value !== 'false') throw wrong('must be true or false')
    return value === 'true'
  }
  // int32, and none of them has a meaning below zero.
  if (!/^\d{1,10}$/.test(value) || Number(value) > 2_147_483_647) throw wrong('must be a whole number')
  return Number(value)
}

/** The body of an answer, or one event of a stream, as JSON text. */
export function renderRestResponse(operation: Operation, response: Message, version: A2aVersion = A2A_VERSION): string {
  const json = responseToJson(operation, response)
  return JSON.stringify(version === '0.3' ? responseTo03Proto(operation.name, json as JsonObject) : json)
}

/** An error as google.rpc.Status in JSON (specification 11.6), or as 0.3 had it: a bare JSON-RPC error. The HTTP status is in ERROR_STATUS. */
export function renderRestError(error: HansaError, version: A2aVersion = A2A_VERSION): string {
  const { message, data } = renderError(error)
  if (version === '0.3') return JSON.stringify({ code: code03Of(error), message, data })
  const { rest: code, grpc: status } = ERROR_STATUS[error.code]
  return JSON.stringify({ error: { code, status, message, details: data } })
}
