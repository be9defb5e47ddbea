import { clone, create, isMessage, type Message, toBinary } from '@bufbuild/protobuf'
import * as a2a from '../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { isSettled } from '../../../wire/task-states.ts'

/** Above it an answer is kept as the ID of its task only, in bytes: the agent has it, and a few of them would crowd out a thousand of usual size. */
const MAX_TASK_BYTES = 1024 * 1024

/** What an agent has answered to one message so far, put together from its responses. */
export class AnswerSoFar {
  #task: a2a.Task | undefined
  #message: a2a.Message | undefined
  #taskId = ''
  #state: a2a.TaskState | undefined
  #bytes = 0

  /** The task that the answer is about; empty while none is known, and for a plain message. */
  get taskId(): string {
    return this.#taskId
  }

  /** True when the agent says no more of its own accord. */
  get settled(): boolean {
    return this.#message !== undefined || isSettled(this.#state)
  }

  /** The whole answer; undefined while there is none, and for a task that has grown too large to be kept. */
  get answer(): a2a.SendMessageResponse | undefined {
    if (this.#message !== undefined) return create(a2a.SendMessageResponseSchema, { payload: { case: 'message', value: this.#message } })
    if (this.#task === undefined || toBinary(a2a.TaskSchema, this.#task).length > MAX_TASK_BYTES) return undefined
    return create(a2a.SendMessageResponseSchema, { payload: { case: 'task', value: this.#task } })
  }

  /** The next response: of SendMessage, SendStreamingMessage, SubscribeToTask, or GetTask. */
  take(response: Message): void {
    if (isMessage(response, a2a.TaskSchema)) return this.#begin(response)
    if (!isMessage(response, a2a.SendMessageResponseSchema) && !isMessage(response, a2a.StreamResponseSchema)) return
    const { payload } = response
    switch (payload.case) {
      case 'message':
        this.#message = payload.value
        return
      case 'task':
        return this.#begin(payload.value)
      case 'statusUpdate':
        return this.#status(payload.value)
      case 'artifactUpdate':
        return this.#artifact(payload.value)
      case undefined:
        return
    }
  }

  #begin(task: a2a.Task): void {
    this.#taskId = task.id
    this.#state = task.status?.state
    // A copy: what came is on its way to the caller.
    this.#task = clone(a2a.TaskSchema, task)
  }

  #status(update: a2a.TaskStatusUpdateEvent): void {
    const task = this.#about(update.taskId, update.contextId)
    this.#state = update.status?.state
    if (task !== undefined) task.status = update.status
  }

  #artifact(update: a2a.TaskArtifactUpdateEvent): void {
    const task = this.#about(update.taskId, update.contextId)
    const piece = update.artifact
    if (task === undefined || piece === undefined) return
    this.#bytes += toBinary(a2a.ArtifactSchema, piece).length
    if (this.#bytes > MAX_TASK_BYTES) {
      this.#task = undefined
      return
    }
    const index = task.artifacts.findIndex(({ artifactId }) => artifactId === piece.artifactId)
    const before = task.artifacts[index]
    if (before === undefined) task.artifacts.push(clone(a2a.ArtifactSchema, piece))
    else if (update.append) append(before.parts, piece.parts)
    else task.artifacts[index] = clone(a2a.ArtifactSchema, piece)
  }

  /** The task that an event is about; undefined once it is too large. An agent may begin with an event instead of the task. */
  #about(id: string, contextId: string): a2a.Task | undefined {
    if (this.#taskId === '') {
      this.#taskId = id
      this.#task = create(a2a.TaskSchema, { id, contextId })
    }
    return this.#task
  }
}

/** Text that follows text becomes one part, as agents of this house keep it themselves. */
function append(parts: a2a.Part[], more: readonly a2a.Part[]): void {
  for (const part of more) {
    const last = parts.at(-1)
    if (last?.content.case === 'text' && part.content.case === 'text' && last.metadata === undefined && part.metadata === undefined)
      parts[parts.length - 1] = create(a2a.PartSchema, { ...last, content: { case: 'text', value: last.content.value + part.content.value } })
    else parts.push(clone(a2a.PartSchema, part))
  }
}
