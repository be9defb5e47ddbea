import { randomUUID } from 'node:crypto'
import { Artifact, Message, Task, TaskArtifactUpdateEvent, TaskStatusUpdateEvent } from '@a2a-js/sdk'
import { AgentEvent, type RequestContext } from '@a2a-js/sdk/server'

/** The SDK's events from plain JSON. */
export function reply(context: RequestContext, ...parts: readonly object[]) {
  return AgentEvent.message(Message.fromJSON({ messageId: randomUUID(), contextId: context.contextId, role: 'ROLE_AGENT', parts }))
}

export function submitted(context: RequestContext) {
  const status = { state: 'TASK_STATE_SUBMITTED', timestamp: new Date().toISOString() }
  return AgentEvent.task(Task.fromJSON({ id: context.taskId, contextId: context.contextId, status, history: [Message.toJSON(context.userMessage)] }))
}

export function status(ids: { readonly taskId: string; readonly contextId: string }, state: string, text?: string) {
  const { taskId, contextId } = ids
  const message = text === undefined ? undefined : { messageId: randomUUID(), contextId, taskId, role: 'ROLE_AGENT', parts: [{ text }] }
  return AgentEvent.statusUpdate(TaskStatusUpdateEvent.fromJSON({ taskId, contextId, status: { state, message, timestamp: new Date().toISOString() } }))
}

export function chunk(context: RequestContext, name: string, text: string, place: { readonly first: boolean; readonly last: boolean }) {
  const artifact = Artifact.toJSON(Artifact.fromJSON({ artifactId: name, name, parts: [{ text }] }))
  const { taskId, contextId } = context
  return AgentEvent.artifactUpdate(TaskArtifactUpdateEvent.fromJSON({ taskId, contextId, artifact, append: !place.first, lastChunk: place.last }))
}

/** All words of a message. */
export function textOf(message: Message): string {
  return message.parts.map((part) => (part.content?.$case === 'text' ? part.content.value : '')).join(' ')
}

/** All data parts of a message that are objects, in one. */
export function dataOf(message: Message): Record<string, unknown> {
  return Object.assign({}, ...message.parts.map((part) => (part.content?.$case === 'data' ? part.content.value : {}))) as Record<string, unknown>
}
