import { isMessage, type Message } from '@bufbuild/protobuf'
import * as a2a from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'

/** Another ID for a task's, or the same. */
type Rename = (taskId: string) => string

/** A request with the IDs of tasks replaced wherever it names one. The request itself is left as it is. */
export function renameInRequest(request: Message, rename: Rename): Message {
  if (isMessage(request, a2a.SendMessageRequestSchema)) return changed(request, { message: request.message && inMessage(request.message, rename) })
  if (isMessage(request, a2a.GetTaskRequestSchema) || isMessage(request, a2a.CancelTaskRequestSchema) || isMessage(request, a2a.SubscribeToTaskRequestSchema))
    return changed<a2a.GetTaskRequest | a2a.CancelTaskRequest | a2a.SubscribeToTaskRequest>(request, { id: rename(request.id) })
  if (
    isMessage(request, a2a.TaskPushNotificationConfigSchema) ||
    isMessage(request, a2a.GetTaskPushNotificationConfigRequestSchema) ||
    isMessage(request, a2a.ListTaskPushNotificationConfigsRequestSchema) ||
    isMessage(request, a2a.DeleteTaskPushNotificationConfigRequestSchema)
  )
    return changed<Message & { taskId: string }>(request, { taskId: rename(request.taskId) })
  return request
}

/** The same for a response or an event. */
export function renameInResponse(response: Message, rename: Rename): Message {
  if (isMessage(response, a2a.SendMessageResponseSchema) || isMessage(response, a2a.StreamResponseSchema))
    return changed<a2a.SendMessageResponse | a2a.StreamResponse>(response, { payload: inPayload(response.payload, rename) })
  if (isMessage(response, a2a.TaskSchema)) return inTask(response, rename)
  if (isMessage(response, a2a.ListTasksResponseSchema)) return changed(response, { tasks: response.tasks.map((task) => inTask(task, rename)) })
  if (isMessage(response, a2a.TaskPushNotificationConfigSchema)) return changed(response, { taskId: rename(response.taskId) })
  if (isMessage(response, a2a.ListTaskPushNotificationConfigsResponseSchema))
    return changed(response, { configs: response.configs.map((config) => changed(config, { taskId: rename(config.taskId) })) })
  return response
}

/** The task and context that a response is about; empty where it says none. */
export function placeOf(response: Message): { readonly taskId: string; readonly contextId: string } {
  if (isMessage(response, a2a.TaskSchema)) return { taskId: response.id, contextId: response.contextId }
  if (!isMessage(response, a2a.SendMessageResponseSchema) && !isMessage(response, a2a.StreamResponseSchema)) return { taskId: '', contextId: '' }
  const { payload } = response
  if (payload.case === undefined) return { taskId: '', contextId: '' }
  return { taskId: payload.case === 'task' ? payload.value.id : payload.value.taskId, contextId: payload.value.contextId }
}

type Payload = (a2a.SendMessageResponse | a2a.StreamResponse)['payload']

function inPayload(payload: Payload, rename: Rename): Payload {
  if (payload.case === 'task') return { case: 'task', value: inTask(payload.value, rename) }
  if (payload.case === 'message') return { case: 'message', value: inMessage(payload.value, rename) }
  if (payload.case === 'statusUpdate') {
    const { value } = payload
    return { case: 'statusUpdate', value: { ...value, taskId: rename(value.taskId), status: inStatus(value.status, rename) } }
  }
  if (payload.case === 'artifactUpdate') return { case: 'artifactUpdate', value: { ...payload.value, taskId: rename(payload.value.taskId) } }
  return payload
}

function inTask(task: a2a.Task, rename: Rename): a2a.Task {
  return { ...task, id: rename(task.id), status: inStatus(task.status, rename), history: task.history.map((message) => inMessage(message, rename)) }
}

function inStatus(status: a2a.TaskStatus | undefined, rename: Rename): a2a.TaskStatus | undefined {
  return status?.message === undefined ? status : { ...status, message: inMessage(status.message, rename) }
}

function inMessage(message: a2a.Message, rename: Rename): a2a.Message {
  return {
    ...message,
    taskId: message.taskId === '' ? '' : rename(message.taskId),
    referenceTaskIds: message.referenceTaskIds.map(rename)
  }
}

/** A copy: the message itself may be in other hands too. */
function changed<M extends Message>(message: M, fields: Partial<M>): M {
  return { ...message, ...fields }
}
