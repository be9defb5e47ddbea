import { clone, create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt'
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
import { isContents, partsOf } from './contents.ts'
import type { Chunk } from './handler.ts'
import { Subscription } from './subscription.ts'

/** The largest A2A message that a gateway carries: a task that grew above it could never be fetched. */
const MAX_BYTES = 15 * 1024 * 1024

const ARTIFACT = 'answer'

/** An A2A task in the making: runs by itself, whoever listens or goes; may ask and wait for an answer; ends once. */
export class RunningTask {
  readonly principal: string
  readonly abort: AbortController
  readonly #task: Task
  readonly #now: () => number
  readonly #newId: () => string
  readonly #subscriptions = new Set<Subscription>()
  #answerBytes = 0
  #messageBytes: number
  /** Gives the answer to the question that is open, or undefined when the task ends without one. */
  #answered: ((reply: Message | undefined) => void) | undefined
  #rested: () => void = () => undefined
  #rest: Promise<void>

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
    this.#rest = new Promise((resolve) => (this.#rested = resolve))
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

  /** True while the task waits for an answer to its question. */
  get asks(): boolean {
    return this.#answered !== undefined
  }

  /** Milliseconds since the epoch: when its state was last set. */
  get since(): number {
    const at = this.#task.status?.timestamp
    return at === undefined ? 0 : timestampMs(at)
  }

  /** Resolves when the task is over or asks something. */
  get rest(): Promise<void> {
    return this.#rest
  }

  get contextId(): string {
    return this.#task.contextId
  }

  /** Goes on with the answer to its question. Throws FRAME_TOO_LARGE when the task has no room for it; `asks` must be true. */
  reply(message: Message): void {
    const bytes = toBinary(MessageSchema, message).length
    if (this.bytes + bytes > MAX_BYTES) throw new HansaError('FRAME_TOO_LARGE', `the task would grow above ${MAX_BYTES} bytes`, { bound: MAX_BYTES })
    this.#messageBytes += bytes
    const question = this.#task.status?.message
    this.#task.history.push(...(question === undefined ? [] : [question]), message)
    this.#rest = new Promise((resolve) => (this.#rested = resolve))
    const answered = this.#answered
    this.#answered = undefined
    void this.#setStatus(TaskState.WORKING)
    answered?.(message)
  }

  /** The task as it is now; a copy. */
  snapshot(): Task {
    return clone(TaskSchema, this.#task)
  }

  /** The task as it is now, then everything that happens to it. The reader's going away ends nothing but this. */
  async *follow(signal: AbortSignal): AsyncGenerator<StreamResponse, void, undefined> {
    const subscription = new Subscription()
    const now = this.snapshot()
    if (this.over || this.asks) subscription.end()
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
    // By hand, for only so the answer to a question can be given to who asked it.
    const iterator = (chunks as AsyncIterable<Chunk, unknown, Message | undefined>)[Symbol.asyncIterator]()
    let reply: Message | undefined
    try {
      for (;;) {
        const step = await iterator.next(reply)
        if (step.done === true) break
        reply = this.over ? undefined : await this.#take(step.value)
        if (this.over) {
          await iterator.return?.()
          return
        }
      }
      this.end(TaskState.COMPLETED)
    } catch (error) {
      this.fail(error, failed)
      // What failed may be the piece, not its maker, which then must hear of it.
      await Promise.resolve(iterator.return?.()).catch(() => undefined)
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
    this.#pause()
    const answered = this.#answered
    this.#answered = undefined
    answered?.(undefined)
  }

  /** Nothing more comes until somebody does something: streams end here (A2A 1.0, 3.1.2). */
  #pause(): void {
    for (const subscription of this.#subscriptions) subscription.end()
    this.#subscriptions.clear()
    this.#rested()
  }

  /** The reply, when the chunk is a question that was answered. */
  async #take(chunk: Chunk): Promise<Message | undefined> {
    if (typeof chunk === 'object' && 'ask' in chunk) return this.#ask(chunk.ask)
    if (typeof chunk === 'object' && 'progress' in chunk) await this.#setStatus(TaskState.WORKING, chunk.progress)
    else if (typeof chunk === 'object' && isContents(chunk)) for (const part of partsOf(chunk)) await this.#put(part)
    else
      await this.#put(
        create(PartSchema, typeof chunk === 'string' ? { content: { case: 'text', value: chunk } } : (chunk as MessageInitShape<typeof PartSchema>))
      )
    return undefined
  }

  #ask(question: string): Promise<Message | undefined> {
    return new Promise((resolve) => {
      this.#answered = resolve
      // Not waited for: who answers need not be who reads.
      void this.#setStatus(TaskState.INPUT_REQUIRED, question)
      this.#pause()
    })
  }

  async #put(part: Part): Promise<void> {
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
