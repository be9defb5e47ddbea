import { type DescMessage, fromJson, type JsonObject, type JsonValue, type Message, toBinary } from '@bufbuild/protobuf'
import { EmptySchema } from '@bufbuild/protobuf/wkt'
import { HansaError } from '../../../schema/errors.ts'
import * as old from '../../../schema/generated/a2a/v1/a2a_pb.ts'
import { decode } from '../../decode.ts'
import type { A2aOperationName, Operation } from '../../operations.ts'
import { jsonOf, requestFromJson, requestToJson, responseFromJson, responseToJson } from '../a2a-json.ts'
import { checkRequired } from '../required-fields.ts'
import { objectAt, type Place, wrong } from './fields.ts'
import { pushFrom03Proto, pushTo03Proto, responseFrom03Proto, responseTo03Proto, sendFrom03Proto, sendTo03Proto } from './proto-messages.ts'

interface Method {
  readonly method: string
  readonly request: DescMessage
  readonly response: DescMessage
}

/** The service of A2A 0.3, which could not list tasks. */
export const GRPC_SERVICE_03 = 'a2a.v1.A2AService'

const METHODS: Readonly<Partial<Record<string, Method>>> = {
  SendMessage: { method: 'SendMessage', request: old.SendMessageRequestSchema, response: old.SendMessageResponseSchema },
  SendStreamingMessage: { method: 'SendStreamingMessage', request: old.SendMessageRequestSchema, response: old.StreamResponseSchema },
  GetTask: { method: 'GetTask', request: old.GetTaskRequestSchema, response: old.TaskSchema },
  CancelTask: { method: 'CancelTask', request: old.CancelTaskRequestSchema, response: old.TaskSchema },
  SubscribeToTask: { method: 'TaskSubscription', request: old.TaskSubscriptionRequestSchema, response: old.StreamResponseSchema },
  CreateTaskPushNotificationConfig: {
    method: 'CreateTaskPushNotificationConfig',
    request: old.CreateTaskPushNotificationConfigRequestSchema,
    response: old.TaskPushNotificationConfigSchema
  },
  GetTaskPushNotificationConfig: {
    method: 'GetTaskPushNotificationConfig',
    request: old.GetTaskPushNotificationConfigRequestSchema,
    response: old.TaskPushNotificationConfigSchema
  },
  ListTaskPushNotificationConfigs: {
    method: 'ListTaskPushNotificationConfig',
    request: old.ListTaskPushNotificationConfigRequestSchema,
    response: old.ListTaskPushNotificationConfigResponseSchema
  },
  DeleteTaskPushNotificationConfig: {
    method: 'DeleteTaskPushNotificationConfig',
    request: old.DeleteTaskPushNotificationConfigRequestSchema,
    response: EmptySchema
  },
  GetExtendedAgentCard: { method: 'GetAgentCard', request: old.GetAgentCardRequestSchema, response: old.AgentCardSchema }
} satisfies Partial<Record<A2aOperationName, Method>>

const REQUEST: Place = { path: '', of: 'request' }
const RESPONSE: Place = { path: '', of: 'response' }

/** True for the operations that 0.3 had. */
export function hasGrpc03(operation: Operation): boolean {
  return METHODS[operation.name] !== undefined
}

/** The path of HTTP/2. Throws UNSUPPORTED_OPERATION for what 0.3 had not. */
export function grpcPath03(operation: Operation): string {
  return `/${GRPC_SERVICE_03}/${methodOf(operation).method}`
}

/** One request of a client as the request of 1.0. Throws MALFORMED, INVALID_ARGUMENT naming the field. */
export function parseGrpcRequest03(operation: Operation, bytes: Uint8Array): Message {
  const { request } = methodOf(operation)
  const message = requestFromJson(operation, requestFrom(operation, objectAt(jsonOf(request, decode(request, bytes), 'MALFORMED'), REQUEST)))
  checkRequired(message)
  return message
}

/** Throws UNSUPPORTED_OPERATION, and INVALID_ARGUMENT for what 0.3 cannot say. */
export function renderGrpcRequest03(operation: Operation, request: Message): Uint8Array {
  const json = requestTo(operation, objectAt(requestToJson(operation, request), REQUEST))
  return bytesOf(methodOf(operation).request, json, 'INVALID_ARGUMENT')
}

/** One answer of an agent as the response of 1.0. Throws INVALID_AGENT_RESPONSE. */
export function parseGrpcResponse03(operation: Operation, bytes: Uint8Array): Message {
  const { response } = methodOf(operation)
  let answer: Message
  try {
    answer = decode(response, bytes)
  } catch (cause) {
    throw new HansaError('INVALID_AGENT_RESPONSE', `the agent answered with something that is no ${response.typeName}`, {}, cause)
  }
  return responseFromJson(operation, responseFrom03Proto(operation.name, objectAt(jsonOf(response, answer, 'INVALID_AGENT_RESPONSE'), RESPONSE)))
}

export function renderGrpcResponse03(operation: Operation, response: Message): Uint8Array {
  const json = responseTo03Proto(operation.name, objectAt(responseToJson(operation, response), RESPONSE))
  return bytesOf(methodOf(operation).response, json, 'INVALID_AGENT_RESPONSE')
}

function methodOf({ name }: Operation): Method {
  const method = METHODS[name]
  if (method === undefined) throw new HansaError('UNSUPPORTED_OPERATION', `A2A 0.3 has no ${name}`)
  return method
}

function requestFrom({ name }: Operation, json: JsonObject): JsonObject {
  switch (name) {
    case 'SendMessage':
    case 'SendStreamingMessage':
      return sendFrom03Proto(json)
    case 'GetTask':
      return { id: taskOf(json, 'name'), ...(json['historyLength'] === undefined ? {} : { historyLength: json['historyLength'] }) }
    case 'CancelTask':
    case 'SubscribeToTask':
      return { id: taskOf(json, 'name') }
    case 'CreateTaskPushNotificationConfig': {
      const { configId, config } = json
      const { taskId: _named, ...push } = pushFrom03Proto(objectAt(config, { ...REQUEST, path: 'config' }))
      // Clients write the configuration's ID in one place or in both.
      return { ...(configId === undefined ? {} : { id: configId }), ...push, taskId: taskOf(json, 'parent') }
    }
    case 'GetTaskPushNotificationConfig':
    case 'DeleteTaskPushNotificationConfig':
      return configOf(json)
    case 'ListTaskPushNotificationConfigs': {
      const { parent: _parent, ...pages } = json
      return { ...pages, taskId: taskOf(json, 'parent') }
    }
    default:
      return {}
  }
}

function requestTo({ name }: Operation, json: JsonObject): JsonObject {
  switch (name) {
    case 'SendMessage':
    case 'SendStreamingMessage':
      return sendTo03Proto(json)
    case 'GetTask':
      return { name: taskName(json['id']), ...(json['historyLength'] === undefined ? {} : { historyLength: json['historyLength'] }) }
    case 'CancelTask':
    case 'SubscribeToTask':
      return { name: taskName(json['id']) }
    case 'CreateTaskPushNotificationConfig':
      return { parent: taskName(json['taskId']), configId: json['id'] ?? '', config: pushTo03Proto(json) }
    case 'GetTaskPushNotificationConfig':
    case 'DeleteTaskPushNotificationConfig':
      return { name: `${taskName(json['taskId'])}/pushNotificationConfigs/${segment(json['id'])}` }
    case 'ListTaskPushNotificationConfigs': {
      const { taskId, tenant: _tenant, ...pages } = json
      return { ...pages, parent: taskName(taskId) }
    }
    default:
      return {}
  }
}

function taskOf(json: JsonObject, field: 'name' | 'parent'): string {
  const [, task] = /^tasks\/([^/]+)$/.exec(textOf(json[field])) ?? []
  if (task === undefined) throw wrong({ ...REQUEST, path: field }, 'is not tasks/{id}')
  return task
}

function configOf(json: JsonObject): JsonObject {
  const [, taskId, id] = /^tasks\/([^/]+)\/pushNotificationConfigs\/([^/]+)$/.exec(textOf(json['name'])) ?? []
  if (taskId === undefined || id === undefined) throw wrong({ ...REQUEST, path: 'name' }, 'is not tasks/{id}/pushNotificationConfigs/{id}')
  return { taskId, id }
}

function taskName(id: JsonValue | undefined): string {
  return `tasks/${segment(id)}`
}

/** A slash would make it another name. */
function segment(id: JsonValue | undefined): string {
  const text = textOf(id)
  if (text.includes('/')) throw wrong({ ...REQUEST, path: 'id' }, 'has a slash, which A2A 0.3 over gRPC cannot say')
  return text
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** Of what 1.0 added, 0.3 hears nothing. */
function bytesOf(schema: DescMessage, json: JsonValue, code: 'INVALID_ARGUMENT' | 'INVALID_AGENT_RESPONSE'): Uint8Array {
  try {
    return toBinary(schema, fromJson(schema, json, { ignoreUnknownFields: true }))
  } catch (cause) {
    throw new HansaError(code, `it cannot be said as a ${schema.typeName}`, {}, cause)
  }
}
