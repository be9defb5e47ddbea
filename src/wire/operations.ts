import type { DescMessage } from '@bufbuild/protobuf'
import * as a2a from '../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { EmptySchema as NothingSchema } from '@bufbuild/protobuf/wkt'
import { EmptySchema } from '../schema/generated/hansa/v1/call_pb.ts'

/** One operation that can be relayed: its request, its response, and whether the response is a stream. */
export interface Operation {
  readonly name: OperationName
  readonly request: DescMessage
  readonly response: DescMessage
  readonly streaming: boolean
}

/** An operation of A2A 1.0 (specification 3.1). */
export type A2aOperationName =
  | 'SendMessage'
  | 'SendStreamingMessage'
  | 'GetTask'
  | 'ListTasks'
  | 'CancelTask'
  | 'SubscribeToTask'
  | 'CreateTaskPushNotificationConfig'
  | 'GetTaskPushNotificationConfig'
  | 'ListTaskPushNotificationConfigs'
  | 'DeleteTaskPushNotificationConfig'
  | 'GetExtendedAgentCard'

/** The network's own. */
export type NetworkOperationName = 'GetAgentCard' | 'Trace'

/** Whatever an agent can be asked. */
export type OperationName = A2aOperationName | NetworkOperationName

/**
 * The eleven operations of A2A 1.0 (specification 3.1), and two of the network's own:
 * GetAgentCard fetches the agent's verbatim card from its gateway, Trace asks each hop for its time.
 */
export const operations: Readonly<Record<OperationName, Operation>> = {
  SendMessage: { name: 'SendMessage', request: a2a.SendMessageRequestSchema, response: a2a.SendMessageResponseSchema, streaming: false },
  SendStreamingMessage: { name: 'SendStreamingMessage', request: a2a.SendMessageRequestSchema, response: a2a.StreamResponseSchema, streaming: true },
  GetTask: { name: 'GetTask', request: a2a.GetTaskRequestSchema, response: a2a.TaskSchema, streaming: false },
  ListTasks: { name: 'ListTasks', request: a2a.ListTasksRequestSchema, response: a2a.ListTasksResponseSchema, streaming: false },
  CancelTask: { name: 'CancelTask', request: a2a.CancelTaskRequestSchema, response: a2a.TaskSchema, streaming: false },
  SubscribeToTask: { name: 'SubscribeToTask', request: a2a.SubscribeToTaskRequestSchema, response: a2a.StreamResponseSchema, streaming: true },
  CreateTaskPushNotificationConfig: {
    name: 'CreateTaskPushNotificationConfig',
    request: a2a.TaskPushNotificationConfigSchema,
    response: a2a.TaskPushNotificationConfigSchema,
    streaming: false
  },
  GetTaskPushNotificationConfig: {
    name: 'GetTaskPushNotificationConfig',
    request: a2a.GetTaskPushNotificationConfigRequestSchema,
    response: a2a.TaskPushNotificationConfigSchema,
    streaming: false
  },
  ListTaskPushNotificationConfigs: {
    name: 'ListTaskPushNotificationConfigs',
    request: a2a.ListTaskPushNotificationConfigsRequestSchema,
    response: a2a.ListTaskPushNotificationConfigsResponseSchema,
    streaming: false
  },
  DeleteTaskPushNotificationConfig: {
    name: 'DeleteTaskPushNotificationConfig',
    request: a2a.DeleteTaskPushNotificationConfigRequestSchema,
    response: NothingSchema,
    streaming: false
  },
  GetExtendedAgentCard: { name: 'GetExtendedAgentCard', request: a2a.GetExtendedAgentCardRequestSchema, response: a2a.AgentCardSchema, streaming: false },
  // The response of GetAgentCard is the card's own bytes (JSON), of Trace nothing: both are raw, not protobuf.
  GetAgentCard: { name: 'GetAgentCard', request: EmptySchema, response: EmptySchema, streaming: false },
  Trace: { name: 'Trace', request: EmptySchema, response: EmptySchema, streaming: false }
}

export function isOperation(name: string): name is OperationName {
  return Object.hasOwn(operations, name)
}

/** True for what a client of A2A may ask for; the network's own operations are not for clients: the card has a path, a trace is the operator's. */
export function isA2aOperation(name: string): name is A2aOperationName {
  return isOperation(name) && name !== 'GetAgentCard' && name !== 'Trace'
}
