import { create, isMessage, type Message, toBinary } from '@bufbuild/protobuf'
import type { Sha256 } from '../../../core/crypto.ts'
import { ByteBudget } from '../../../core/structures/byte-budget.ts'
import { quote } from '../../../core/ids/domain.ts'
import type { AgentClient, InvokeOptions } from '../../../ports/agent-client.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Store } from '../../../ports/store.ts'
import { errorOf, HansaError, toHansaError } from '../../../schema/errors.ts'
import { type TakenMessage, TakenMessageSchema } from '../../../schema/generated/hansa/v1/answer_pb.ts'
import * as a2a from '../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { type Operation, operations } from '../../../wire/operations.ts'
import { checkedResponses } from '../checked-responses.ts'
import { AnswerBook, type AnswerBounds } from './answer-book.ts'
import { AnswerSoFar } from './answer-so-far.ts'
import { messageDigest, messageKey } from './message-key.ts'
import { Work } from './work.ts'

/** Messages of one principal that are worked on at a time, also after who asked has gone; as many as a busy orchestrator has open at ten agents of one node. */
const MAX_WORK = 1_000

export interface AnswersDeps {
  readonly client: AgentClient
  readonly clock: Clock
  readonly store: Store
  readonly sha256: Sha256
  /** Handle of the agent, for what is said of it. */
  readonly agent: () => string
  /** No message is worked on twice (extension urn:hansa:idempotency). */
  readonly idempotent: boolean
  /** A message whose outcome is unknown may be worked on again. */
  readonly repeatable: boolean
  readonly bounds?: AnswerBounds
  /** Called when no work is left. */
  readonly quiet?: () => void
}

/**
 * The agent as its node lets others call it. Messages to an idempotent agent, and those that have waited in an inbox, are taken once per sender and ID (draft 2.4): a
 * copy that comes while the first is worked on waits for the same answer, a later one is given it again, also after a crash of this node. Everything else passes.
 */
export class Answers {
  readonly #deps: AnswersDeps
  readonly #book: AnswerBook
  readonly #memory = new ByteBudget()
  readonly #running = new Map<string, Work>()
  readonly #workOf = new Map<string, number>()

  constructor(deps: AnswersDeps) {
    this.#deps = deps
    this.#book = new AnswerBook(deps.store, deps.clock, deps.bounds)
  }

  /** Messages that are worked on now. */
  get running(): number {
    return this.#running.size
  }

  open(): void {
    this.#book.open()
  }

  stop(reason: HansaError): void {
    for (const work of this.#running.values()) work.stop(reason)
  }

  /** Whose task it is by the book, which outlives the process; undefined when it says nothing. */
  ownerOf(task: string): string | undefined {
    return this.#book.ownerOf(task)
  }

  /** As AgentClient.invoke, with responses of the right kind. `inbox`: the message may come more than once, whatever the agent says of itself. */
  async *invoke(operation: Operation, request: Message, options: InvokeOptions, inbox: boolean): AsyncGenerator<Message, void, undefined> {
    if (isMessage(request, a2a.GetTaskRequestSchema)) return yield await this.#getTask(request, options)
    const active = (this.#deps.idempotent || inbox) && isMessage(request, a2a.SendMessageRequestSchema) && request.message?.messageId
    yield* active ? this.#once(operation, request, options, inbox) : checkedResponses(this.#deps.client, operation, request, options)
  }

  async *#once(operation: Operation, request: a2a.SendMessageRequest, options: InvokeOptions, inbox: boolean): AsyncGenerator<Message, void, undefined> {
    const { message = create(a2a.MessageSchema) } = request
    const { principal } = options
    const key = messageKey(principal, message.messageId, this.#deps.sha256)
    const digest = messageDigest(message, this.#deps.sha256)
    const work = this.#running.get(key)
    const known = work?.message ?? this.#book.find(key)
    if (known !== undefined && !same(known.digest, digest))
      throw new HansaError('INVALID_ARGUMENT', `another message came under the ID ${quote(message.messageId)} before; each needs its own`)
    if (work !== undefined) {
      yield* this.#join(key, work, operation, request, options)
      return
    }
    const outcome = known === undefined ? undefined : await this.#recall(known, key, message, options)
    if (outcome !== undefined) {
      yield* this.#tell(outcome, operation, options)
      return
    }
    if (known !== undefined && !this.#deps.repeatable && (this.#deps.idempotent || !inbox)) throw this.#unknown()
    // While the agent was asked for the task of the first, another copy may have begun.
    const begun = this.#running.get(key)
    if (begun !== undefined) yield* this.#join(key, begun, operation, request, options)
    else yield* this.#begin(key, digest, operation, request, options).lead()
  }

  /** From here on, and in the same turn of the event loop, every copy finds it. */
  #begin(key: string, digest: Uint8Array, operation: Operation, request: a2a.SendMessageRequest, options: InvokeOptions): Work {
    const { principal } = options
    const { clock, client, store } = this.#deps
    const own = this.#workOf.get(principal) ?? 0
    if (own >= MAX_WORK) throw new HansaError('TOO_MANY_CALLS', `${MAX_WORK} of your messages are being worked on`, { bound: MAX_WORK })
    const taken = create(TakenMessageSchema, { principal, messageId: request.message?.messageId ?? '', digest, takenAt: BigInt(clock.now()) })
    const account = this.#memory.open(principal)
    account.take(toBinary(a2a.SendMessageRequestSchema, request).length)
    const keep = async (now: TakenMessage): Promise<void> => {
      this.#book.keep(key, now, (one) => this.#running.has(one))
      await store.commit()
    }
    const forget = async (): Promise<void> => {
      this.#book.forget(key)
      await store.commit()
    }
    const work = new Work({ client, clock, keep, forget }, taken, operation, request, options)
    this.#running.set(key, work)
    this.#workOf.set(principal, own + 1)
    void work.over.then(() => {
      account.release()
      this.#running.delete(key)
      const left = (this.#workOf.get(principal) ?? 1) - 1
      if (left > 0) this.#workOf.set(principal, left)
      else this.#workOf.delete(principal)
      if (this.#running.size === 0) this.#deps.quiet?.()
    })
    return work
  }

  /** A copy of a message that is worked on: the running task for who wants events or no more than the task, else the answer once it is there. */
  async *#join(
    key: string,
    work: Work,
    operation: Operation,
    request: a2a.SendMessageRequest,
    options: InvokeOptions
  ): AsyncGenerator<Message, void, undefined> {
    if (operation.streaming || request.configuration?.returnImmediately === true) {
      const task = await work.task
      if (task !== '' && (yield* this.#follow(task, operation, options, work.over))) return
    }
    await work.over
    if (work.failure !== undefined) throw work.failure
    const outcome = await this.#recall(work.message, key, request.message, options)
    if (outcome === undefined) throw this.#unknown()
    yield* this.#tell(outcome, operation, options)
  }

  /** The task's events, or the task as it is. False when the agent has nothing to tell of it any more; then nothing has been yielded. */
  async *#follow(id: string, operation: Operation, options: InvokeOptions, over: Promise<void>): AsyncGenerator<Message, boolean, undefined> {
    const { client } = this.#deps
    let told = false
    try {
      if (!operation.streaming) {
        const task = await this.#ask(id, options)
        if (task === undefined) return false
        yield asResponse(operation, { case: 'task', value: task })
        return true
      }
      const soFar = new AnswerSoFar()
      const request = create(a2a.SubscribeToTaskRequestSchema, { id })
      for await (const event of checkedResponses(client, operations.SubscribeToTask, request, options)) {
        soFar.take(event)
        // The end is told when it is written down, to a copy as to the first.
        if (soFar.settled) await over
        told = true
        yield event
      }
      return told
    } catch (thrown) {
      const { code } = toHansaError(thrown)
      if (!told && (code === 'UNSUPPORTED_OPERATION' || code === 'TASK_NOT_FOUND' || code === 'METHOD_NOT_FOUND')) return false
      throw thrown
    }
  }

  /** What became of a message that nobody works on now; undefined when nobody can know. Throws what the message ended with, and when the agent cannot be asked. */
  async #recall(known: TakenMessage, key: string, message: a2a.Message | undefined, options: InvokeOptions): Promise<Outcome | undefined> {
    if (known.error !== undefined) throw errorOf(known.error)
    if (known.answer !== undefined && known.answer.payload.case !== undefined) return known.answer.payload
    const id = known.taskId === '' ? (message?.taskId ?? '') : known.taskId
    if (id === '') return undefined
    const task = await this.#ask(id, options)
    if (task === undefined) {
      if (known.endedAt === 0n) return undefined
      throw new HansaError('TASK_NOT_FOUND', `the answer was too large to be kept, and the agent has forgotten task ${quote(id)}`)
    }
    // A message that goes on with a task: the task alone does not tell whether it was given to the agent.
    if (known.taskId === '' && !task.history.some(({ messageId }) => messageId === known.messageId)) return undefined
    const soFar = new AnswerSoFar()
    soFar.take(task)
    if (soFar.settled && known.endedAt === 0n) {
      const ended = create(TakenMessageSchema, { ...known, taskId: id, answer: soFar.answer, endedAt: BigInt(this.#deps.clock.now()) })
      this.#book.keep(key, ended, (one) => this.#running.has(one))
      await this.#deps.store.commit()
    }
    return { case: 'task', value: task }
  }

  async *#tell(outcome: Outcome, operation: Operation, options: InvokeOptions): AsyncGenerator<Message, void, undefined> {
    const soFar = new AnswerSoFar()
    if (outcome.case === 'task') soFar.take(outcome.value)
    const runs = outcome.case === 'task' && !soFar.settled
    if (runs && operation.streaming && (yield* this.#follow(outcome.value.id, operation, options, Promise.resolve()))) return
    yield asResponse(operation, outcome)
  }

  /** The task as the agent has it; undefined when it has forgotten it. */
  async #ask(id: string, options: InvokeOptions): Promise<a2a.Task | undefined> {
    try {
      for await (const task of checkedResponses(this.#deps.client, operations.GetTask, create(a2a.GetTaskRequestSchema, { id }), options))
        if (isMessage(task, a2a.TaskSchema)) return task
    } catch (thrown) {
      if (toHansaError(thrown).code !== 'TASK_NOT_FOUND') throw thrown
    }
    return undefined
  }

  /** Agents that keep their tasks in memory forget them with a restart; the book does not. */
  async #getTask(request: a2a.GetTaskRequest, options: InvokeOptions): Promise<Message> {
    try {
      for await (const task of checkedResponses(this.#deps.client, operations.GetTask, request, options)) return task
    } catch (thrown) {
      if (toHansaError(thrown).code !== 'TASK_NOT_FOUND' || this.ownerOf(request.id) !== options.principal) throw thrown
      const task = this.#book.task(request.id)
      if (task === undefined) throw thrown
      const { historyLength } = request
      if (historyLength !== undefined) task.history = historyLength <= 0 ? [] : task.history.slice(-historyLength)
      return task
    }
    throw new HansaError('INVALID_AGENT_RESPONSE', 'the agent did not answer GetTask')
  }

  #unknown(): HansaError {
    const agent = this.#deps.agent()
    return new HansaError('OUTCOME_UNKNOWN', `${agent} was given this message before, and nobody knows what became of it`, { agent })
  }
}

type Outcome = Exclude<a2a.SendMessageResponse['payload'], { case: undefined }>

function asResponse(operation: Operation, payload: Outcome): Message {
  return create(operation.streaming ? a2a.StreamResponseSchema : a2a.SendMessageResponseSchema, { payload })
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}
