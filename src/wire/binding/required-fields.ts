import { isMessage, type Message } from '@bufbuild/protobuf'
import { HansaError } from '../../schema/errors.ts'
import * as a2a from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'

/** Checks what A2A requires of a request beyond its types (specification 4). Throws INVALID_ARGUMENT naming the field. */
export function checkRequired(request: Message): void {
  if (isMessage(request, a2a.SendMessageRequestSchema)) {
    checkMessage(request.message)
    const webhook = request.configuration?.taskPushNotificationConfig
    if (webhook !== undefined) need(webhook.url !== '', 'configuration.taskPushNotificationConfig.url')
  } else if (
    isMessage(request, a2a.GetTaskRequestSchema) ||
    isMessage(request, a2a.CancelTaskRequestSchema) ||
    isMessage(request, a2a.SubscribeToTaskRequestSchema)
  )
    need(request.id !== '', 'id')
  else if (isMessage(request, a2a.TaskPushNotificationConfigSchema)) {
    need(request.taskId !== '', 'taskId')
    need(request.url !== '', 'url')
  } else if (isMessage(request, a2a.ListTaskPushNotificationConfigsRequestSchema)) need(request.taskId !== '', 'taskId')
  else if (isMessage(request, a2a.GetTaskPushNotificationConfigRequestSchema) || isMessage(request, a2a.DeleteTaskPushNotificationConfigRequestSchema)) {
    need(request.taskId !== '', 'taskId')
    need(request.id !== '', 'id')
  }
}

/** Any JSON object is a response of which nothing is known; one that says nothing is none. Throws INVALID_AGENT_RESPONSE. */
export function checkResponse(response: Message): void {
  const empty =
    (isMessage(response, a2a.SendMessageResponseSchema) || isMessage(response, a2a.StreamResponseSchema)) && response.payload.case === undefined
      ? 'the agent answered with neither a message nor a task'
      : isMessage(response, a2a.TaskSchema) && response.id === ''
        ? 'the agent answered with a task without an id'
        : undefined
  if (empty !== undefined) throw new HansaError('INVALID_AGENT_RESPONSE', empty)
}

function checkMessage(message: a2a.Message | undefined): void {
  need(message !== undefined, 'message')
  need(message.messageId !== '', 'message.messageId')
  need(message.role === a2a.Role.USER || message.role === a2a.Role.AGENT, 'message.role')
  need(message.parts.length > 0, 'message.parts')
  message.parts.forEach((part, index) => need(part.content.case !== undefined, `message.parts[${index}]`))
}

function need(holds: boolean, field: string): asserts holds {
  if (!holds) throw new HansaError('INVALID_ARGUMENT', `${field} is missing`, { field })
}
