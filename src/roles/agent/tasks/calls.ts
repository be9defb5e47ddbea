import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { EXTENSIONS } from '../../../core/ids/extension-uris.ts'
import { HansaError, toHansaError } from '../../../schema/errors.ts'
import { AgentStatus } from '../../../schema/generated/hansa/v1/directory_pb.ts'
import { GetTaskRequestSchema, MessageSchema, SendMessageRequestSchema, TaskSchema } from '../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { ResponseStream } from '../swarm-client.ts'
import type { CallSettings } from '../swarm-client-deps.ts'
import type { AttemptDeps, AttemptWork } from './attempt-deps.ts'
import type { TaskReading } from './task-reading.ts'

/** A call with a known task gives its slot back after so long when others wait for one: the task goes on without it and is asked after from time to time. */
const HOLD_MS = 10_000
/** How long a stream may stay open behind its last word. */
const END_MS = 1_000
/** A look at a task, or into the directory. */
const LOOK_MS = 10_000
/** The largest message that a gateway carries. */
const MAX_MESSAGE = 16 * 1024 * 1024

/** The calls of one attempt, one at a time, each with a slot. What comes is put into the reading, then `heard` is told. */
export class Calls {
  readonly #deps: AttemptDeps
  readonly #work: AttemptWork
  readonly #reading: TaskReading
  readonly #heard: () => void
  readonly #signal: AbortSignal
  #slot: (() => void) | undefined
  #streaming: boolean

  constructor(deps: AttemptDeps, work: AttemptWork, reading: TaskReading, heard: () => void, signal: AbortSignal) {
    this.#deps = deps
    this.#work = work
    this.#reading = reading
    this.#heard = heard
    this.#signal = signal
    this.#slot = work.slot
    this.#streaming = work.streaming
  }

  /** Gives back what it holds. */
  end(): void {
    this.#slot?.()
    this.#slot = undefined
  }

  /** Sends a message and reads what comes, until nothing more does. `taken` is told at the first thing. */
  async send(message: MessageInitShape<typeof MessageSchema>, taken?: () => void): Promise<void> {
    const size = toBinary(MessageSchema, create(MessageSchema, message)).length
    if (size > MAX_MESSAGE) throw new HansaError('INVALID_ARGUMENT', `a message of ${size} bytes; a gateway carries ${MAX_MESSAGE}`, { bound: MAX_MESSAGE })
    const { swarm } = this.#deps
    const { agent } = this.#work
    if (this.#streaming) {
      try {
        return await this.#withSlot((signal) => this.#read(swarm.stream(agent, message, this.#options(signal)), taken))
      } catch (thrown) {
        // The record said that it streams. It has not taken the message, so it is sent another way.
        if (toHansaError(thrown).code !== 'UNSUPPORTED_OPERATION') throw thrown
        this.#streaming = false
      }
    }
    const request = create(SendMessageRequestSchema, { message: create(MessageSchema, message), configuration: { returnImmediately: true, historyLength: 0 } })
    await this.#withSlot(async (signal) => {
      const { response } = await swarm.send(agent, { request }, this.#options(signal))
      taken?.()
      this.#reading.take(response)
    })
    this.#heard()
  }

  /** Reads the task as it is now, then follows it for as long as the agent streams. */
  async takeUp(): Promise<void> {
    await this.look()
    if (this.#reading.settled || !this.#streaming || this.#deps.slots.waiting > 0) return
    try {
      await this.#withSlot((signal) => this.#read(this.#deps.swarm.subscribe(this.#work.agent, this.#reading.taskId, this.#options(signal))))
    } catch (thrown) {
      // It has ended in this moment, or cannot be followed: it is asked after.
      if (toHansaError(thrown).code !== 'UNSUPPORTED_OPERATION') throw thrown
    }
  }

  /** Reads the task as it is now. */
  async look(): Promise<void> {
    const { swarm } = this.#deps
    const request = create(GetTaskRequestSchema, { id: this.#reading.taskId, historyLength: 0 })
    await this.#withSlot(async (signal) => {
      this.#reading.takeTask(await swarm.invoke(this.#work.agent, 'GetTask', TaskSchema, request, { ...this.#options(signal), timeoutMs: LOOK_MS }))
    })
    this.#heard()
  }

  /** The directory says that the agent is not there. False when the directory cannot be asked. */
  async isAway(agent: string): Promise<boolean> {
    try {
      const { status } = await this.#deps.swarm.resolve(agent, { signal: this.#signal, timeoutMs: LOOK_MS })
      return status === AgentStatus.OFFLINE
    } catch (thrown) {
      return toHansaError(thrown).code === 'AGENT_NOT_FOUND'
    }
  }

  /** To its end, so that the way to the agent can be used again: a stream that is left is cut on every hop. But one that has nothing more to say is not waited for long. */
  async #read(stream: ResponseStream, taken?: () => void): Promise<void> {
    const responses = stream[Symbol.asyncIterator]()
    const ended = { done: true, value: undefined } as const
    let forget = (): void => undefined
    let late: Promise<typeof ended> | undefined
    try {
      for (;;) {
        const next = await (late === undefined ? responses.next() : Promise.race([responses.next(), late]))
        if (next.done === true) return
        if (late !== undefined) continue
        taken?.()
        this.#reading.take(next.value)
        this.#heard()
        if (this.#reading.settled) late = new Promise((resolve) => (forget = this.#deps.clock.after(END_MS, () => resolve(ended))))
      }
    } finally {
      forget()
      // Not awaited: an agent that hangs must not hold the step.
      void responses.return?.()?.catch(() => undefined)
    }
  }

  async #withSlot(call: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { slots, clock } = this.#deps
    this.#slot ??= await slots.take(this.#signal)
    const enough = new AbortController()
    const leave = () => enough.abort(this.#signal.reason)
    this.#signal.addEventListener('abort', leave, { once: true })
    if (this.#signal.aborted) leave()
    let yielded = false
    const stop = clock.every(HOLD_MS, () => {
      if (slots.waiting === 0 || this.#reading.taskId === '') return
      yielded = true
      enough.abort(new HansaError('CANCELED', 'others wait for the slot'))
    })
    try {
      await call(enough.signal)
    } catch (thrown) {
      if (!yielded || this.#signal.aborted) throw thrown
    } finally {
      stop()
      this.#signal.removeEventListener('abort', leave)
      this.end()
    }
  }

  #options(signal: AbortSignal): CallSettings {
    const { timeoutMs, translate, idempotent } = this.#work
    return { signal, timeoutMs, ...(translate === undefined ? {} : { translate }), ...(idempotent ? { extensions: [EXTENSIONS.idempotency] } : {}) }
  }
}
