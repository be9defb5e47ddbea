import { clone, create, toBinary } from '@bufbuild/protobuf'
import { type AfterFailure, afterFailure } from '../../../../core/inbox/after-failure.ts'
import type { ByteBudget } from '../../../../core/structures/byte-budget.ts'
import type { Clock } from '../../../../ports/clock.ts'
import type { Log } from '../../../../ports/log.ts'
import { HansaError, toHansaError } from '../../../../schema/errors.ts'
import { type InboxItem, InboxSchema, InboxState, type RelayHeader, RelayHeaderSchema } from '../../../../schema/generated/hansa/v1/gateway_pb.ts'
import { GetTaskRequestSchema } from '../../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { readMessage } from '../../../../wire/messages.ts'
import { methods } from '../../../../wire/methods.ts'
import { createDoorCall } from '../door-call.ts'
import type { Incoming } from '../incoming.ts'
import type { Entry } from '../relay-call.ts'
import type { InboxBook, InboxEnd } from './inbox-book.ts'

export interface CourierDeps {
  readonly clock: Clock
  readonly log: Log
  readonly book: InboxBook
  readonly memory: ByteBudget
  /** True while there is a way to the agent (handle). */
  readonly reachable: (agent: string) => boolean
  /** Takes one call through the gateway's own stages. */
  readonly run: (entry: Entry, incoming: Incoming, header: RelayHeader) => Promise<void>
  /** Called once for each item that is over. */
  readonly ended: (state: InboxState) => void
}

/** Agents that are served at the same time; each gets one message after the other. A whole domain that comes back must not take all open calls. */
const AGENTS_AT_A_TIME = 8

/** How often is looked for agents that came back elsewhere, for pauses that are over, and for what has expired, in milliseconds. */
const TICK_MS = 1_000

/** How long a sender who reads its receipt waits for news of the agent's task, in milliseconds; what was known last serves otherwise. */
const FOLLOW_MS = 5_000

/** Senders whose messages are left for later in one go: when so many are at their bounds, it is the agent that has too much. */
const MAX_PASSED = 8

type Later = Extract<AfterFailure, { kind: 'again' }>

interface Pause {
  readonly failures: number
  /** Monotonic. */
  readonly until: number
}

/** Delivers what waits, in order for each agent, as soon as the agent is there (draft 3.3.1). */
export class Courier {
  readonly #deps: CourierDeps
  readonly #busy = new Set<string>()
  readonly #pauses = new Map<string, Pause>()
  #stopping: AbortController | undefined
  #stopTicking = (): void => undefined
  #sweeping = false

  constructor(deps: CourierDeps) {
    this.#deps = deps
  }

  start(): void {
    this.#stopping = new AbortController()
    this.#stopTicking = this.#deps.clock.every(TICK_MS, () => this.#tick())
    this.#pump()
  }

  /** Begins no more deliveries; those that are on their way are the data plane's to drain. */
  stop(): void {
    this.#stopTicking()
    this.#stopping = undefined
  }

  /** The agent has come back: whatever was wrong with it is over. */
  back(agent: string): void {
    this.#pauses.delete(agent)
    this.#pump()
  }

  /** Something waits for the agent. */
  poke(): void {
    this.#pump()
  }

  /** Ends all that waits for an agent which will not come back. */
  async refuse(agent: string, error: HansaError): Promise<void> {
    for (const { id, phase } of this.#deps.book.index.list(agent)) if (phase === 'waiting') await this.#end(id, { state: InboxState.REFUSED, error })
  }

  #pump(): void {
    const { book, clock, reachable } = this.#deps
    if (this.#stopping === undefined) return
    for (const agent of book.index.agents()) {
      if (this.#busy.size >= AGENTS_AT_A_TIME) return
      if (this.#busy.has(agent) || (this.#pauses.get(agent)?.until ?? -Infinity) > clock.monotonic() || !reachable(agent)) continue
      this.#busy.add(agent)
      void this.#serve(agent).finally(() => {
        this.#busy.delete(agent)
        this.#pump()
      })
    }
  }

  /** One item after the other, until one cannot be delivered now. */
  async #serve(agent: string): Promise<void> {
    const { index } = this.#deps.book
    const passed = new Set<string>()
    let againMs: number | undefined
    try {
      for (let item = index.next(agent); item !== undefined && this.#stopping !== undefined; item = index.next(agent, passed)) {
        const later = await this.#deliver(item.id)
        if (later === undefined) continue
        againMs = later.delayMs
        passed.add(item.principal)
        if (!later.others || passed.size >= MAX_PASSED) break
      }
      if (againMs !== undefined) this.#pause(agent, againMs)
    } catch (error) {
      // The store does not take anything now.
      this.#deps.log.error({ agent, error }, 'cannot deliver what waits for an agent')
      this.#pause(agent)
    }
  }

  /** Undefined when it is over; otherwise when it is tried again. */
  async #deliver(id: string): Promise<Later | undefined> {
    const { book, log } = this.#deps
    if (this.#isExpired(id)) return this.#end(id, { state: InboxState.EXPIRED })
    const item = await book.begin(id)
    const request = book.request(id)
    if (item === undefined) return undefined
    if (request === undefined) return this.#end(id, { state: InboxState.REFUSED, error: new HansaError('INTERNAL', 'the message is not on disk any longer') })
    try {
      const answer = await this.#ask(item, 'SendMessage', request, methods.relay.timeoutMs)
      this.#pauses.delete(item.agent)
      return await this.#end(id, { state: InboxState.DELIVERED, answer })
    } catch (thrown) {
      const error = toHansaError(thrown)
      const failures = (this.#pauses.get(item.agent)?.failures ?? 0) + 1
      const next = afterFailure(error, item.attempts, failures, item.agent)
      if (next.kind === 'over') return this.#end(id, { state: InboxState.REFUSED, error })
      log.info({ agent: item.agent, item: id, code: error.code, attempts: item.attempts, againMs: next.delayMs }, 'delivery failed')
      // A gateway that stops leaves it as it is on disk: a start takes it for waiting.
      if (this.#stopping !== undefined) await book.again(id, error)
      return next
    }
  }

  /** How the task is now that an agent has answered with (an encoded Task), asked in the name of the sender; undefined when nobody can say. */
  async follow(item: InboxItem, taskId: string): Promise<Uint8Array | undefined> {
    try {
      return await this.#ask(item, 'GetTask', toBinary(GetTaskRequestSchema, create(GetTaskRequestSchema, { id: taskId })), FOLLOW_MS)
    } catch {
      return undefined
    }
  }

  /** The agent's answer, encoded. A message is the same with the same ID as it came, for the same principal. */
  async #ask(item: InboxItem, operation: 'SendMessage' | 'GetTask', request: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const { clock, memory, run } = this.#deps
    const cut = new AbortController()
    const { maxBytes } = methods.relay
    const stopTimer = clock.after(timeoutMs, () => cut.abort(new HansaError('DEADLINE_EXCEEDED', `no answer within ${timeoutMs} ms`)))
    const account = memory.open(item.principal)
    const traceparent = item.traceparent === '' ? {} : { traceparent: item.traceparent }
    const call = createDoorCall(request, { signal: cut.signal, timeoutMs, ...traceparent })
    const header = clone(RelayHeaderSchema, item.header ?? create(RelayHeaderSchema))
    header.operation = operation
    header.inbox = create(InboxSchema, { kept: true })
    run({ kind: 'inbox', principal: item.principal }, call.incoming, header).then(
      () => call.finish(),
      (thrown: unknown) => call.finish(thrown)
    )
    try {
      const answer = await readMessage(call, maxBytes, account)
      // To its end: the answer counts when the call has ended in order.
      if ((await call.read()) !== undefined || answer === undefined)
        throw new HansaError('INVALID_AGENT_RESPONSE', `${item.agent} did not answer with one message`)
      return answer
    } catch (error) {
      cut.abort(toHansaError(error))
      throw error
    } finally {
      stopTimer()
      account.release()
    }
  }

  async #end(id: string, end: InboxEnd): Promise<undefined> {
    if (await this.#deps.book.end(id, end)) this.#deps.ended(end.state)
    return undefined
  }

  #isExpired(id: string): boolean {
    return (this.#deps.book.index.get(id)?.expiresAt ?? Infinity) <= this.#deps.clock.now()
  }

  #pause(agent: string, ms = TICK_MS): void {
    this.#pauses.set(agent, { failures: (this.#pauses.get(agent)?.failures ?? 0) + 1, until: this.#deps.clock.monotonic() + ms })
  }

  #tick(): void {
    for (const agent of this.#pauses.keys()) if (this.#deps.book.index.next(agent) === undefined) this.#pauses.delete(agent)
    void this.#sweep()
    this.#pump()
  }

  async #sweep(): Promise<void> {
    const { book, clock, log } = this.#deps
    if (this.#sweeping) return
    this.#sweeping = true
    try {
      for (const { id } of book.index.expired(clock.now())) await this.#end(id, { state: InboxState.EXPIRED })
      await book.sweep()
    } catch (error) {
      log.error({ error }, 'cannot end messages that have expired')
    } finally {
      this.#sweeping = false
    }
  }
}
