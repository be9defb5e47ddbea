import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { PROTO_DIALECT } from './dialect.ts'
import { type Convert, inside, listOf, objectAt, type Place, translateFields, wrong } from './fields.ts'
import { objectsOf } from './objects.ts'
import { createResponses, pushList } from './responses.ts'

const objects = objectsOf(PROTO_DIALECT)
const { messageFrom, messageTo, pushFrom, pushTo, configurationFrom, configurationTo } = objects
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

const pushOfTask = ((value, place) => {
  const { name, config } = translateFields(value, place, { name: ['name'], pushNotificationConfig: ['config', pushFrom] })
  const push = objectAt(config, inside(place, 'pushNotificationConfig'))
  if (name === undefined || name === '') return push
  const [, taskId, id] = (typeof name === 'string' ? NAME.exec(name) : undefined) ?? []
  if (taskId === undefined) throw wrong(inside(place, 'name'), 'is not tasks/{id}/pushNotificationConfigs/{id}')
  return { ...(id === '' || id === undefined ? {} : { id }), ...push, taskId }
}) satisfies Convert as (value: JsonValue, place: Place) => JsonObject

/** Responses in the ProtoJSON of 0.3. */
const responses = createResponses({
  objects,
  pushFrom: pushOfTask,
  pushTo: pushTo03Proto,
  pushesFrom: (value, place) => translateFields(value, place, { configs: ['configs', listOf(pushOfTask)], nextPageToken: ['nextPageToken'] }),
  pushesTo(response) {
    const { nextPageToken } = response
    return { configs: pushList(response, pushTo03Proto), ...(nextPageToken === undefined ? {} : { nextPageToken }) }
  },
  card: 'proto',
  nothing: {}
})
export const responseFrom03Proto = responses.from
export const responseTo03Proto = responses.to
