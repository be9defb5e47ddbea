import { clone, create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import { HansaError } from '../../schema/errors.ts'
import {
  ArtifactSchema,
  type Message,
  MessageSchema,
  type Part,
  PartSchema,
  Role,
  type StreamResponse,
  StreamResponseSchema,
  type Task,
  TaskSchema,
  TaskState
} from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { isTerminal } from '../../wire/task-states.ts'
import type { Chunk } from './handler.ts'
import { Subscription } from './subscription.ts'

/** The largest A2A message that a gateway carries: a task that grew above it could never be fetched. */
const MAX_BYTES = 15 * 1024 * 1024

const ARTIFACT = 'answer'

/** An A2A task in the making: runs by itself, whoever listens or goes; ends once. */
export class RunningTask {
  readonly principal: string
  readonly abort: AbortController
  readonly done: Promise<void>
  readonly #task: Task
  readonly #now: () => number
  readonly #newId: () => string
  readonly #subscriptions = new Set<Subscription>()
  #answerBytes = 0
  readonly #messageBytes: number
  #finish: () => void = () => undefined

  constructor(options: {
    readonly id: string
    readonly contextId: string
    readonly principal: string
    readonly message: Message
    readonly abort: AbortController
    readonly now: () => number
    readonly newId: () => string
  }) {
    this.principal = options.principal
    this.abort = options.abort
    this.#now = options.now
    this.#newId = options.newId
    this.#messageBytes = toBinary(MessageSchema, options.message).length
    this.#task = create(TaskSchema, { id: options.id, contextId: options.contextId, history: [options.message] })
    this.#task.status = this.#status(TaskState.WORKING)
    this.done = new Promise((resolve) => (this.#finish = resolve))
  }

  get id(): string {
    return this.#task.id
  }

  /** Encoded size of what it holds: the message and the answer so far. */
  get bytes(): number {
    return this.#messageBytes + this.#answerBytes
  }

  get over(): boolean {
    return isTerminal(this.#task.status?.state)
  }

  /** The task as it is now; a copy. */
  snapshot(): Task {
    return clone(TaskSchema, this.#task)
  }

  /** The task as it is now, then everything that happens to it. The reader's going away ends nothing but this. */
  async *follow(signal: AbortSignal): AsyncGenerator<StreamResponse, void, undefined> {
    const subscription = new Subscription()
    const now = this.snapshot()
    if (this.over) subscription.end()
    else this.#subscriptions.add(subscription)
    try {
      yield create(StreamResponseSchema, { payload: { case: 'task', value: now } })
      yield* subscription.events(signal)
    } finally {
      subscription.end()
      this.#subscriptions.delete(subscription)
    }
  }

  /** Takes the answer piece by piece, as fast as the slowest reader; completes, fails or is canceled with it. */
  async run(chunks: AsyncIterable<Chunk>, failed: (error: unknown) => void): Promise<void> {
    try {
      for await (const chunk of chunks) {
        if (this.over) return
        await this.#take(chunk)
      }
      this.end(TaskState.COMPLETED)
    } catch (error) {
      this.fail(error, failed)
    }
  }

  fail(error: unknown, failed: (error: unknown) => void): void {
    if (this.over) return
    failed(error)
    this.end(TaskState.FAILED, error instanceof HansaError ? error.message : 'the agent failed')
  }

  /** Ends the task unless it has ended; `text` is the agent's last word. */
  end(state: TaskState, text?: string): void {
    if (this.over) return
    // Not waited for: the end of a task must not hang on somebody who does not read.
    void this.#setStatus(state, text)
    for (const subscription of this.#subscriptions) subscription.end()
    this.#subscriptions.clear()
    this.#finish()
  }

  async #take(chunk: Chunk): Promise<void> {
    if (typeof chunk === 'object' && 'progress' in chunk) return this.#setStatus(TaskState.WORKING, chunk.progress)
    const part = create(PartSchema, typeof chunk === 'string' ? { content: { case: 'text', value: chunk } } : (chunk as MessageInitShape<typeof PartSchema>))
    this.#answerBytes += toBinary(PartSchema, part).length
    if (this.#answerBytes > MAX_BYTES) throw new HansaError('FRAME_TOO_LARGE', `the answer grew above ${MAX_BYTES} bytes`, { bound: MAX_BYTES })
    const first = this.#task.artifacts.length === 0
    if (first) this.#task.artifacts.push(create(ArtifactSchema, { artifactId: ARTIFACT }))
    append(this.#task.artifacts[0]?.parts ?? [], part)
    const artifact = { artifactId: ARTIFACT, parts: [part] }
    await this.#emit({ case: 'artifactUpdate', value: { taskId: this.id, contextId: this.#task.contextId, artifact, append: !first } })
  }

  async #setStatus(state: TaskState, text?: string): Promise<void> {
    const status = this.#status(state, text)
    this.#task.status = status
    await this.#emit({ case: 'statusUpdate', value: { taskId: this.id, contextId: this.#task.contextId, status } })
  }

  #status(state: TaskState, text?: string): NonNullable<Task['status']> {
    const words = { messageId: this.#newId(), role: Role.AGENT, taskId: this.#task.id, contextId: this.#task.contextId }
    const message = text === undefined ? undefined : { ...words, parts: [{ content: { case: 'text' as const, value: text } }] }
    const task = create(TaskSchema, { status: { state, message, timestamp: timestampFromMs(this.#now()) } })
    if (task.status === undefined) throw new Error('unreachable: a status was just set')
    return task.status
  }

  async #emit(payload: MessageInitShape<typeof StreamResponseSchema>['payload']): Promise<void> {
    const event = create(StreamResponseSchema, { payload })
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.push(event)))
  }
}

/** Text that follows text makes one part in the task, so that a thousand small pieces do not stay a thousand parts. */
function append(parts: Part[], part: Part): void {
  const last = parts.at(-1)
  const plain = (one: Part) => one.metadata === undefined && one.filename === '' && one.mediaType === ''
  if (last?.content.case === 'text' && part.content.case === 'text' && plain(last) && plain(part))
    parts[parts.length - 1] = create(PartSchema, { content: { case: 'text', value: last.content.value + part.content.value } })
  else parts.push(part)
}
