import type { Message } from '@bufbuild/protobuf'
import type { AgentClient, InvokeOptions } from '../../../ports/agent-client.ts'
import type { Clock } from '../../../ports/clock.ts'
import { errorDetail, HansaError, toHansaError } from '../../../schema/errors.ts'
import type { TakenMessage } from '../../../schema/generated/hansa/v1/answer_pb.ts'
import type { Operation } from '../../../wire/operations.ts'
import { checkedResponses } from '../checked-responses.ts'
import { AnswerSoFar } from './answer-so-far.ts'
import { failureKind } from './failure-kind.ts'

/** How long an agent may work after whoever asked has gone: most will have asked again by then, and whatever hangs must end some time. */
const ALONE_MS = 60 * 60 * 1000

export interface WorkDeps {
  readonly client: AgentClient
  readonly clock: Clock
  /** Writes the message down as it is now; resolves when it is on disk. */
  readonly keep: (message: TakenMessage) => Promise<void>
  /** The message was not worked on: as if it had never come. */
  readonly forget: () => Promise<void>
}

/** One message that the agent is working on: written down before it is given to the agent, and its answer before anybody is told. Goes on without who asked. */
export class Work {
  readonly message: TakenMessage
  /** Resolves with the task as soon as there is one, with an empty string when it ends without. */
  readonly task: Promise<string>
  /** Resolves when it is over, however it ended. */
  readonly over: Promise<void>
  readonly #deps: WorkDeps
  readonly #operation: Operation
  readonly #source: AsyncGenerator<Message, void, undefined>
  /** Of the caller. */
  readonly #caller: AbortSignal
  readonly #stop = new AbortController()
  readonly #soFar = new AnswerSoFar()
  #begun = false
  #closed = false
  #failure: HansaError | undefined
  #recorded = false
  #stopHour: (() => void) | undefined
  #knowTask: (task: string) => void = () => undefined
  #end: () => void = () => undefined

  constructor(deps: WorkDeps, message: TakenMessage, operation: Operation, request: Message, options: InvokeOptions) {
    this.#deps = deps
    this.message = message
    this.#operation = operation
    this.#caller = options.signal
    this.#source = checkedResponses(deps.client, operation, request, { ...options, signal: this.#stop.signal })
    this.task = new Promise((resolve) => (this.#knowTask = resolve))
    this.over = new Promise((resolve) => (this.#end = resolve))
  }

  /** Why it ended, when it was not with an answer. */
  get failure(): HansaError | undefined {
    return this.#failure
  }

  /** Begins the work and yields the responses as they are taken; when the reader leaves, the work goes on. Throws what the agent throws, STORE_FAILED. */
  async *lead(): AsyncGenerator<Message, void, undefined> {
    // Who leaves while the agent has said nothing is not noticed by the loop, which waits for the agent.
    this.#caller.addEventListener('abort', this.#hour, { once: true })
    if (this.#caller.aborted) this.#hour()
    try {
      for (let next = await this.#next(); next !== undefined; next = await this.#next()) yield next
      this.#close()
    } catch (error) {
      this.#failure ??= toHansaError(error)
      this.#close()
      throw error
    } finally {
      void this.#alone()
    }
  }

  /** Ends it at once. What was not answered stays so: the next process will say that the outcome is unknown, or ask the agent. */
  stop(reason: HansaError): void {
    this.#stop.abort(reason)
  }

  async #alone(): Promise<void> {
    if (this.#closed) return
    this.#hour()
    try {
      while ((await this.#next()) !== undefined);
    } catch (error) {
      // It is written down; only copies that wait are to be told.
      this.#failure ??= toHansaError(error)
    } finally {
      this.#close()
    }
  }

  /** Nobody need be there from now on. */
  readonly #hour = (): void => {
    if (this.#closed) return
    this.#stopHour ??= this.#deps.clock.after(ALONE_MS, () => this.stop(new HansaError('DEADLINE_EXCEEDED', 'nobody waits for it any more')))
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#caller.removeEventListener('abort', this.#hour)
    this.#stopHour?.()
    this.#knowTask('')
    this.#end()
  }

  async #next(): Promise<Message | undefined> {
    if (!this.#begun) {
      this.#begun = true
      try {
        await this.#deps.keep(this.message)
      } catch (error) {
        await this.#deps.forget()
        throw error
      }
    }
    try {
      const step = await this.#source.next()
      if (step.done !== true) this.#soFar.take(step.value)
      // A second answer to a unary call would make the first one wrong.
      if (step.done !== true && !this.#operation.streaming) await this.#source.next()
      await this.#note(step.done === true)
      return step.done === true ? undefined : step.value
    } catch (thrown) {
      await this.#failed(toHansaError(thrown))
      throw thrown
    }
  }

  async #note(done: boolean): Promise<void> {
    const { taskId, settled, answer } = this.#soFar
    const told = taskId !== '' && this.message.taskId === ''
    if (told) this.message.taskId = taskId
    if (settled && !(done && this.#recorded)) {
      this.message.answer = answer
      this.message.endedAt = BigInt(this.#deps.clock.now())
      await this.#deps.keep(this.message)
      this.#recorded = true
    } else if (told) {
      // Not waited for on the way: a crash before the disk has it makes the outcome unknown, no worse. A caller that is given the task at last must find it again.
      const kept = this.#deps.keep(this.message)
      if (this.#operation.streaming) kept.catch(() => undefined)
      else await kept
    }
    if (taskId !== '') this.#knowTask(taskId)
  }

  async #failed(error: HansaError): Promise<void> {
    if (this.#stop.signal.aborted || error.code === 'STORE_FAILED') return
    const kind = failureKind(error)
    if (kind === 'uncertain') return
    if (kind === 'untouched') return this.#deps.forget()
    this.message.error = errorDetail(error)
    this.message.endedAt = BigInt(this.#deps.clock.now())
    await this.#deps.keep(this.message)
  }
}
