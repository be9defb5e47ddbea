import { create, type Message, type MessageInitShape, toJson } from '@bufbuild/protobuf'
import type { AgentClient, InvokeOptions } from '../../ports/agent-client.ts'
import { HansaError } from '../../schema/errors.ts'
import * as a2a from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { Operation } from '../../wire/operations.ts'
import { fullCard } from './full-card.ts'
import { dataOf, isContents, partsOf } from './contents.ts'
import type { AnyAnswer, Chunk, MessageHandler } from './handler.ts'
import { RunningTask } from './running-task.ts'
import { TaskBook } from './task-book.ts'

export interface HandlerClientOptions {
  /** Name, description and skills at least; the rest is filled in. */
  readonly card: MessageInitShape<typeof a2a.AgentCardSchema>
  /** Told of everything the handler throws. */
  readonly onError?: (error: unknown) => void
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  readonly newId?: () => string
  /** A streamed answer that has not come after so many milliseconds becomes a task, so that it can be followed and canceled. */
  readonly taskAfterMs?: number
}

/** Whoever answers sooner has nothing that would be worth to be canceled. */
const TASK_AFTER_MS = 1_000

const LATE = Symbol('late')

/** An agent that is a function in this process, with the manners of A2A 1.0: messages, tasks, streams, cancellation. */
export function createHandlerClient(handler: MessageHandler, options: HandlerClientOptions): AgentClient {
  return new HandlerClient(handler, options)
}

class HandlerClient implements AgentClient {
  readonly #handler: MessageHandler
  readonly #card: Uint8Array
  readonly #failed: (error: unknown) => void
  readonly #now: () => number
  readonly #newId: () => string
  readonly #taskAfterMs: number
  readonly #tasks: TaskBook

  constructor(handler: MessageHandler, options: HandlerClientOptions) {
    this.#handler = handler
    this.#card = new TextEncoder().encode(JSON.stringify(toJson(a2a.AgentCardSchema, fullCard(options.card))))
    this.#failed = options.onError ?? (() => undefined)
    this.#now = options.now ?? Date.now
    this.#tasks = new TaskBook(this.#now)
    this.#newId = options.newId ?? (() => globalThis.crypto.randomUUID())
    this.#taskAfterMs = options.taskAfterMs ?? TASK_AFTER_MS
  }

  card(): Promise<Uint8Array> {
    return Promise.resolve(this.#card)
  }

  probe(): Promise<boolean> {
    return Promise.resolve(true)
  }

  async *invoke(operation: Operation, request: Message, options: InvokeOptions): AsyncGenerator<Message, void, undefined> {
    switch (operation.name) {
      case 'SendMessage':
        yield await this.#send(request as a2a.SendMessageRequest, options)
        return
      case 'SendStreamingMessage':
        yield* this.#stream(request as a2a.SendMessageRequest, options)
        return
      case 'GetTask':
        yield this.#tasks.get(request as a2a.GetTaskRequest, options.principal)
        return
      case 'ListTasks':
        yield this.#tasks.list(request as a2a.ListTasksRequest, options.principal)
        return
      case 'CancelTask':
        yield this.#cancel((request as a2a.CancelTaskRequest).id, options.principal)
        return
      case 'SubscribeToTask':
        yield* this.#subscribe((request as a2a.SubscribeToTaskRequest).id, options)
        return
      case 'CreateTaskPushNotificationConfig':
      case 'GetTaskPushNotificationConfig':
      case 'ListTaskPushNotificationConfigs':
      case 'DeleteTaskPushNotificationConfig':
        throw new HansaError('PUSH_NOTIFICATION_NOT_SUPPORTED', 'this agent does not post to webhooks')
      case 'GetExtendedAgentCard':
        throw new HansaError('EXTENDED_AGENT_CARD_NOT_CONFIGURED', 'this agent has one card for all')
      case 'GetAgentCard':
      case 'Trace':
        throw new HansaError('UNSUPPORTED_OPERATION', `${operation.name} is answered by the node, not by the agent`)
    }
  }

  async #send(request: a2a.SendMessageRequest, options: InvokeOptions): Promise<a2a.SendMessageResponse> {
    const asked = this.#answer(request, options.principal)
    if (asked !== undefined) {
      if (request.configuration?.returnImmediately !== true) await asked.rest
      return taskResponse(asked)
    }
    const { start, task } = this.#prepare(request, options)
    if (request.configuration?.returnImmediately === true) {
      this.#keep(task)
      void start()
        .then((made) => task.run(chunksOf(made), this.#failed))
        .catch((error: unknown) => {
          task.fail(error, this.#failed)
        })
      return taskResponse(task)
    }
    // Nobody can know of the task before this returns: when the caller goes, nobody waits for it any more.
    const gone = () => {
      task.abort.abort(options.signal.reason)
      task.end(a2a.TaskState.CANCELED)
    }
    options.signal.addEventListener('abort', gone, { once: true })
    try {
      const made = await this.#settled(start(), task)
      if (made !== undefined && !isIterable(made))
        return create(a2a.SendMessageResponseSchema, { payload: { case: 'message', value: this.#reply(made, task) } })
      if (made !== undefined) {
        this.#keep(task)
        void task.run(made, this.#failed)
        await task.rest
      }
      options.signal.throwIfAborted()
      return taskResponse(task)
    } finally {
      options.signal.removeEventListener('abort', gone)
    }
  }

  async *#stream(request: a2a.SendMessageRequest, options: InvokeOptions): AsyncGenerator<a2a.StreamResponse, void, undefined> {
    const asked = this.#answer(request, options.principal)
    if (asked !== undefined) {
      yield* asked.follow(options.signal)
      return
    }
    const { start, task } = this.#prepare(request, options)
    const gone = () => task.abort.abort(options.signal.reason)
    options.signal.addEventListener('abort', gone, { once: true })
    const settled = this.#settled(start(), task)
    let made: AnyAnswer | undefined | typeof LATE
    try {
      made = await soon(settled, this.#taskAfterMs)
      // Without room for a task: a refusal would have the caller send again what has been worked on for a while.
      if (made === LATE && !this.#fits(task)) made = await settled
    } finally {
      // From here on the caller knows the task, which lives on without it (A2A 1.0, 3.1.2).
      options.signal.removeEventListener('abort', gone)
    }
    options.signal.throwIfAborted()
    if (made === LATE) {
      const run = (late: AnyAnswer | undefined) => (late === undefined ? undefined : task.run(chunksOf(late), this.#failed))
      void settled.then(run).catch((error: unknown) => task.fail(error, this.#failed))
      yield* task.follow(options.signal)
      return
    }
    if (made !== undefined && !isIterable(made)) {
      yield create(a2a.StreamResponseSchema, { payload: { case: 'message', value: this.#reply(made, task) } })
      return
    }
    if (made === undefined) {
      yield create(a2a.StreamResponseSchema, { payload: { case: 'task', value: task.snapshot() } })
      return
    }
    this.#keep(task)
    const events = task.follow(options.signal)
    // The first event is the task as it is before anything has happened to it.
    try {
      const first = await events.next()
      void task.run(made, this.#failed)
      if (!first.done) yield first.value
      yield* events
    } finally {
      // Also when the reader leaves at the first event: the task must not wait for it.
      await events.return()
    }
  }

  #fits(task: RunningTask): boolean {
    try {
      this.#tasks.add(task)
      return true
    } catch {
      return false
    }
  }

  /** Throws as TaskBook.add; a handler that runs already is told to stop. */
  #keep(task: RunningTask): void {
    try {
      this.#tasks.add(task)
    } catch (refusal) {
      task.abort.abort(refusal)
      throw refusal
    }
  }

  /** The task that goes on with this message, which answers its question; undefined for a message that begins one. Throws UNSUPPORTED_OPERATION when it asks nothing. */
  #answer({ message }: a2a.SendMessageRequest, principal: string): RunningTask | undefined {
    if (message === undefined || message.taskId === '') return undefined
    const task = this.#tasks.find(message.taskId, principal)
    if (message.parts.length === 0) throw new HansaError('INVALID_ARGUMENT', 'a message without parts')
    if (message.contextId !== '' && message.contextId !== task.contextId) throw new HansaError('INVALID_ARGUMENT', `task ${task.id} is of another context`)
    if (!task.asks)
      throw new HansaError('UNSUPPORTED_OPERATION', 'this task asks nothing and takes no further messages; send one without taskId in the same context')
    task.reply(message)
    return task
  }

  /** `start` runs the handler; until then nothing of the agent's has happened. */
  #prepare(request: a2a.SendMessageRequest, options: InvokeOptions): { start: () => Promise<AnyAnswer>; task: RunningTask } {
    const message = request.message
    if (message === undefined || message.parts.length === 0) throw new HansaError('INVALID_ARGUMENT', 'a message without parts')
    const contextId = message.contextId === '' ? this.#newId() : message.contextId
    const abort = new AbortController()
    const task = new RunningTask({ id: this.#newId(), contextId, principal: options.principal, message, abort, now: this.#now, newId: this.#newId })
    const text = message.parts.flatMap((part) => (part.content.case === 'text' ? part.content.value : [])).join('\n')
    const { principal, extensions, traceparent, tracestate } = options
    const trace = { ...(traceparent === undefined ? {} : { traceparent }), ...(tracestate === undefined ? {} : { tracestate }) }
    const context = { text, data: dataOf(message), principal, contextId, taskId: task.id, extensions, ...trace, signal: abort.signal }
    return { start: async () => this.#handler(message, context), task }
  }

  /** The answer, or undefined when the handler failed and the task says so. Throws HansaError that the handler throws. */
  async #settled(answer: Promise<AnyAnswer>, task: RunningTask): Promise<AnyAnswer | undefined> {
    try {
      return await answer
    } catch (error) {
      if (error instanceof HansaError) throw error
      task.fail(error, this.#failed)
      return undefined
    }
  }

  #cancel(id: string, principal: string): a2a.Task {
    const task = this.#tasks.find(id, principal)
    if (task.over) throw new HansaError('TASK_NOT_CANCELABLE', `task ${id} has ended`)
    task.abort.abort(new HansaError('CANCELED', 'the task was canceled'))
    task.end(a2a.TaskState.CANCELED)
    return task.snapshot()
  }

  #subscribe(id: string, options: InvokeOptions): AsyncGenerator<a2a.StreamResponse, void, undefined> {
    const task = this.#tasks.find(id, options.principal)
    if (task.over) throw new HansaError('UNSUPPORTED_OPERATION', `task ${id} has ended; read it with GetTask`)
    return task.follow(options.signal)
  }

  #reply(answer: Exclude<AnyAnswer, AsyncIterable<Chunk>>, task: RunningTask): a2a.Message {
    const contents = typeof answer === 'string' ? { text: answer } : answer
    const message = create(a2a.MessageSchema, isContents(contents) ? { parts: partsOf(contents) } : contents)
    if (message.messageId === '') message.messageId = this.#newId()
    if (message.contextId === '') message.contextId = task.snapshot().contextId
    message.role = a2a.Role.AGENT
    return message
  }
}

/** What the promise settles with, or LATE when it has not by then. */
async function soon<T>(promise: Promise<T>, ms: number): Promise<T | typeof LATE> {
  // When nobody waits for it any more, it is no unhandled rejection.
  promise.catch(() => undefined)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<typeof LATE>((resolve) => (timer = setTimeout(() => resolve(LATE), ms)))
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

function taskResponse(task: RunningTask): a2a.SendMessageResponse {
  return create(a2a.SendMessageResponseSchema, { payload: { case: 'task', value: task.snapshot() } })
}

function isIterable(answer: AnyAnswer): answer is AsyncIterable<Chunk> {
  return typeof answer === 'object' && Symbol.asyncIterator in answer
}

/** An answer in one piece as the only chunks of a task. */
function chunksOf(answer: AnyAnswer): AsyncIterable<Chunk> {
  if (isIterable(answer)) return answer
  return (async function* (): AsyncGenerator<Chunk, void, undefined> {
    if (typeof answer === 'string' || isContents(answer)) yield answer
    else yield* answer.parts ?? []
  })()
}
