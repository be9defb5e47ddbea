import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import type { OperationName } from '../../operations.ts'
import { cardFrom03, cardTo03 } from './card.ts'
import { PROTO_DIALECT } from './dialect.ts'
import { type Convert, inside, listOf, objectAt, type Place, translateFields, wrong } from './fields.ts'
import { objectsOf } from './objects.ts'

const { messageFrom, messageTo, taskFrom, taskTo, pushFrom, pushTo, configurationFrom, configurationTo, responseFrom, responseTo } = objectsOf(PROTO_DIALECT)
const REQUEST: Place = { path: '', of: 'request' }
const RESPONSE: Place = { path: '', of: 'response' }

/** Resource names of the .proto of 0.3. */
const NAME = /^tasks\/([^/]+)\/pushNotificationConfigs\/([^/]*)$/

/** A request to send, as REST has it in its body and gRPC as its message. Throws INVALID_ARGUMENT naming the field. */
export function sendFrom03Proto(body: JsonObject): JsonObject {
  return translateFields(body, REQUEST, {
    message: ['message', messageFrom],
    // The name of the field, which some clients write instead of its JSON name.
    request: ['message', messageFrom],
    configuration: ['configuration', configurationFrom],
    metadata: ['metadata']
  })
}

export function sendTo03Proto(request: JsonObject): JsonObject {
  return translateFields(request, REQUEST, {
    tenant: undefined,
    message: ['message', messageTo],
    configuration: ['configuration', configurationTo],
    metadata: ['metadata']
  })
}

/** A new push configuration; the ID of its task is elsewhere. Throws INVALID_ARGUMENT naming the field. */
export function pushFrom03Proto(body: JsonObject): JsonObject {
  return pushOfTask(body, REQUEST)
}

export function pushTo03Proto(config: JsonObject): JsonObject {
  const id = typeof config['id'] === 'string' ? config['id'] : ''
  const task = typeof config['taskId'] === 'string' ? config['taskId'] : ''
  return { name: `tasks/${task}/pushNotificationConfigs/${id}`, pushNotificationConfig: pushTo(config, RESPONSE) ?? {} }
}

/** A response of 0.3 in its ProtoJSON as ProtoJSON of the response of 1.0. Throws INVALID_AGENT_RESPONSE. */
export function responseFrom03Proto(name: OperationName, body: JsonValue): JsonValue {
  switch (name) {
    case 'SendMessage':
    case 'SendStreamingMessage':
    case 'SubscribeToTask':
      return responseFrom(body, RESPONSE)
    case 'GetTask':
    case 'CancelTask':
      return taskFrom(body, RESPONSE) ?? {}
    case 'CreateTaskPushNotificationConfig':
    case 'GetTaskPushNotificationConfig':
      return pushOfTask(body, RESPONSE)
    case 'ListTaskPushNotificationConfigs':
      return translateFields(body, RESPONSE, { configs: ['configs', listOf(pushOfTask)], nextPageToken: ['nextPageToken'] })
    case 'GetExtendedAgentCard':
      return cardFrom03(objectAt(body, RESPONSE))
    default:
      return {}
  }
}

export function responseTo03Proto(name: OperationName, response: JsonObject): JsonValue {
  switch (name) {
    case 'SendMessage':
    case 'SendStreamingMessage':
    case 'SubscribeToTask':
      return responseTo(response, RESPONSE)
    case 'GetTask':
    case 'CancelTask':
      return taskTo(response, RESPONSE) ?? {}
    case 'CreateTaskPushNotificationConfig':
    case 'GetTaskPushNotificationConfig':
      return pushTo03Proto(response)
    case 'ListTaskPushNotificationConfigs':
      return { configs: Array.isArray(response['configs']) ? response['configs'].map((config) => pushTo03Proto(objectAt(config, RESPONSE))) : [] }
    case 'GetExtendedAgentCard':
      return cardTo03(response, 'proto')
    default:
      return {}
  }
}

const pushOfTask = ((value, place) => {
  const { name, config } = translateFields(value, place, { name: ['name'], pushNotificationConfig: ['config', pushFrom] })
  const push = objectAt(config, inside(place, 'pushNotificationConfig'))
  if (name === undefined || name === '') return push
  const [, taskId, id] = (typeof name === 'string' ? NAME.exec(name) : undefined) ?? []
  if (taskId === undefined) throw wrong(inside(place, 'name'), 'is not tasks/{id}/pushNotificationConfigs/{id}')
  return { ...(id === '' || id === undefined ? {} : { id }), ...push, taskId }
}) satisfies Convert as (value: JsonValue, place: Place) => JsonObject
