import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { HansaError } from '../../../schema/errors.ts'
import type { A2aOperationName, OperationName } from '../../operations.ts'
import { JSON_DIALECT } from './dialect.ts'
import { type Fields, inside, listOf, objectAt, type Place, translateFields } from './fields.ts'
import { objectsOf } from './objects.ts'
import { createResponses, pushList } from './responses.ts'

/** Methods of A2A 0.3 in JSON-RPC. It could not list tasks. */
const METHODS: Readonly<Record<string, A2aOperationName>> = {
  'message/send': 'SendMessage',
  'message/stream': 'SendStreamingMessage',
  'tasks/get': 'GetTask',
  'tasks/cancel': 'CancelTask',
  'tasks/resubscribe': 'SubscribeToTask',
  'tasks/pushNotificationConfig/set': 'CreateTaskPushNotificationConfig',
  'tasks/pushNotificationConfig/get': 'GetTaskPushNotificationConfig',
  'tasks/pushNotificationConfig/list': 'ListTaskPushNotificationConfigs',
  'tasks/pushNotificationConfig/delete': 'DeleteTaskPushNotificationConfig',
  'agent/getAuthenticatedExtendedCard': 'GetExtendedAgentCard'
}
const NAMES: ReadonlyMap<string, string> = new Map(Object.entries(METHODS).map(([method, name]) => [name, method]))

export function operationOfMethod03(method: string): A2aOperationName | undefined {
  return Object.hasOwn(METHODS, method) ? METHODS[method] : undefined
}

/** Throws UNSUPPORTED_OPERATION for what 0.3 had not. */
export function method03Of(name: OperationName): string {
  const method = NAMES.get(name)
  if (method === undefined) throw new HansaError('UNSUPPORTED_OPERATION', `the agent speaks A2A 0.3, which has no ${name}`)
  return method
}

const objects = objectsOf(JSON_DIALECT)
const { messageFrom, messageTo, pushFrom, pushTo, configurationFrom, configurationTo } = objects
const REQUEST: Place = { path: '', of: 'request' }
const RESPONSE: Place = { path: '', of: 'response' }

/** A request has metadata in 0.3 wherever it has parameters; in 1.0 only where it is kept. */
const BY_ID: Fields = { id: ['id'], metadata: undefined }
const PUSH_BY_ID: Fields = { id: ['taskId'], pushNotificationConfigId: ['id'], metadata: undefined }

/** Parameters of 0.3 as ProtoJSON of the request of 1.0. Throws INVALID_ARGUMENT naming the field. */
export function requestFrom03(name: A2aOperationName, params: JsonObject): JsonObject {
  const fields = (known: Fields): JsonObject => translateFields(params, REQUEST, known)
  switch (name) {
    case 'SendMessage':
    case 'SendStreamingMessage':
      return fields({ message: ['message', messageFrom], configuration: ['configuration', configurationFrom], metadata: ['metadata'] })
    case 'GetTask':
      return fields({ ...BY_ID, historyLength: ['historyLength'] })
    case 'CancelTask':
      return fields({ id: ['id'], metadata: ['metadata'] })
    case 'SubscribeToTask':
      return fields(BY_ID)
    case 'CreateTaskPushNotificationConfig':
      return pushOfTaskFrom(params, REQUEST)
    case 'GetTaskPushNotificationConfig':
    case 'DeleteTaskPushNotificationConfig':
      return fields(PUSH_BY_ID)
    case 'ListTaskPushNotificationConfigs':
      return fields({ id: ['taskId'], metadata: undefined })
    default:
      return fields({})
  }
}

/** ProtoJSON of a request of 1.0 as parameters of 0.3. */
export function requestTo03(name: OperationName, request: JsonObject): JsonObject {
  const { tenant: _tenant, ...rest } = request
  const fields = (known: Fields): JsonObject => translateFields(rest, REQUEST, known)
  switch (name) {
    case 'SendMessage':
    case 'SendStreamingMessage':
      return fields({ message: ['message', messageTo], configuration: ['configuration', configurationTo], metadata: ['metadata'] })
    case 'CreateTaskPushNotificationConfig':
      return pushOfTaskTo(rest)
    case 'GetTaskPushNotificationConfig':
    case 'DeleteTaskPushNotificationConfig':
      return fields({ taskId: ['id'], id: ['pushNotificationConfigId'] })
    case 'ListTaskPushNotificationConfigs':
      // 0.3 had no pages: the answer is the whole list.
      return fields({ taskId: ['id'], pageSize: undefined, pageToken: undefined })
    default:
      return rest
  }
}

function pushOfTaskFrom(value: JsonValue, place: Place): JsonObject {
  const { taskId, config } = translateFields(value, place, { taskId: ['taskId'], metadata: undefined, pushNotificationConfig: ['config', pushFrom] })
  const push = objectAt(config, inside(place, 'pushNotificationConfig'))
  return taskId === undefined ? push : { ...push, taskId }
}

function pushOfTaskTo(config: JsonObject): JsonObject {
  return { taskId: config['taskId'] ?? '', pushNotificationConfig: pushTo(config, RESPONSE) ?? {} }
}

/** Results of JSON-RPC in 0.3, which had no pages. */
const responses = createResponses({
  objects,
  pushFrom: pushOfTaskFrom,
  pushTo: pushOfTaskTo,
  pushesFrom: (value, place) => ({ configs: listOf(pushOfTaskFrom)(value, { ...place, path: 'result' }) ?? [] }),
  pushesTo: (response) => pushList(response, pushOfTaskTo),
  card: 'json',
  nothing: null
})
export const responseFrom03 = responses.from
export const responseTo03 = responses.to
