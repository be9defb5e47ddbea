import { formatHandle } from '../../core/ids/agent-id.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { AgentStatus } from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { Attached, Attachment } from './attachment.ts'
import { type ReadCard, readCard } from './card.ts'
import type { AgentConfig, AgentTiming } from './config.ts'
import { withDeadline } from './deadline.ts'
import type { AgentDeps } from './deps.ts'
import { describe } from './describe.ts'
import { pause } from './pause.ts'
import type { Registered, Registration } from './registration.ts'
import { isRefusal, Retry } from './retry.ts'

export interface PresenceDeps extends AgentDeps {
  readonly config: AgentConfig
  readonly timing: AgentTiming
  readonly registration: Registration
  readonly attachment: Attachment
}

/**
 * Keeps the agent present on the swarm: one loop that does what is missing next (card, registration, attachment, heartbeat) and, when something fails,
 * waits and begins again with whatever is missing then. So a restart of any server, gateway or agent needs no case of its own.
 */
export class Presence {
  readonly #deps: PresenceDeps
  readonly #retry: Retry
  readonly #updateRetry: Retry
  /** Monotonic milliseconds before which a failed update is not tried again. */
  #updateAfter = 0
  #card: ReadCard | undefined
  #cardReadAt = 0
  /** Said by the client since the card was last read. */
  #cardChanged = false
  /** What the registered description was made from; a difference means an update (draft 3.2.2). */
  #registeredAs: string | undefined
  #revision = 0
  #lastProbe: { readonly at: number; readonly status: AgentStatus } | undefined
  #told: AgentStatus | undefined
  #beatDue = 0
  #problem: HansaError | undefined
  /** A later card that was refused; the agent stays as it was registered. */
  #cardProblem: HansaError | undefined
  #waiting = new Set<{ resolve: (attached: Attached) => void; reject: (error: unknown) => void }>()
  #running: { readonly stop: AbortController; readonly done: Promise<void> } | undefined
  #wake = new AbortController()

  constructor(deps: PresenceDeps) {
    this.#deps = deps
    deps.client.onCardChange?.(() => {
      this.#cardChanged = true
      this.#wake.abort()
    })
    const seed = () => deps.identities.self()?.peer ?? ''
    this.#retry = new Retry(deps.timing, seed)
    this.#updateRetry = new Retry(deps.timing, seed)
  }

  get card(): ReadCard | undefined {
    return this.#card
  }

  get lastProbe() {
    return this.#lastProbe
  }

  get problem(): HansaError | undefined {
    return this.#problem ?? this.#cardProblem
  }

  start(): void {
    if (this.#running !== undefined) return
    const stop = new AbortController()
    this.#running = { stop, done: this.#run(stop.signal) }
  }

  async stop(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    const gone = new HansaError('CANCELED', 'the agent is stopping')
    running?.stop.abort(gone)
    this.#settle((waiter) => waiter.reject(gone))
    await running?.done
  }

  /** Resolves when the agent is registered and attached; throws the refusal that prevents it. */
  ready(signal?: AbortSignal): Promise<Attached> {
    const attached = this.#deps.attachment.current
    if (attached !== undefined && this.#told !== undefined) return Promise.resolve(attached)
    if (this.#problem !== undefined && isRefusal(this.#problem)) return Promise.reject(this.#problem)
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const waiter = { resolve, reject }
      this.#waiting.add(waiter)
      signal?.addEventListener('abort', () => this.#waiting.delete(waiter) && reject(signal.reason), { once: true })
    })
  }

  /** A call could not reach the agent: probe now instead of at the next turn, unless that was just done. */
  doubt(): void {
    const { clock, timing } = this.#deps
    const probe = this.#lastProbe
    if (probe?.status === AgentStatus.ONLINE && clock.now() - probe.at >= timing.retryMin) this.#wake.abort()
  }

  /** A connection is gone. If it was the gateway's, the heartbeat is due now: a gateway that restarts has its agents back within seconds. */
  disconnected(peer: string): void {
    if (this.#deps.attachment.current?.gateway.peerId !== peer) return
    this.#beatDue = 0
    this.#wake.abort()
  }

  /** Trust has changed. If the own certificate was what others refused, and a hold of it has been lifted, there is no need to wait. */
  trustChanged(): void {
    const self = this.#deps.identities.self()
    if (this.#problem?.code !== 'CERTIFICATE_REVOKED' || self === undefined) return
    try {
      this.#deps.identities.check(self)
    } catch {
      return
    }
    this.#retry.reset()
    this.#wake.abort()
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let wait: number
      // Made before the turn, so that a doubt during it is not lost.
      this.#wake = new AbortController()
      try {
        wait = await this.#turn(signal)
        this.#retry.reset()
      } catch (thrown) {
        if (signal.aborted) return
        wait = this.#failed(toHansaError(thrown))
      }
      await pause(this.#deps.clock, wait, signal, this.#wake.signal)
    }
  }

  /** Does what is missing; returns how long nothing needs doing. */
  async #turn(signal: AbortSignal): Promise<number> {
    const { registration, attachment, clock, timing, log } = this.#deps
    await this.#lookAtCard(signal)
    await this.#register(signal)
    if (attachment.current === undefined && registration.current !== undefined) {
      this.#told = undefined
      const attached = await this.#attach(registration.current, signal)
      log.info({ gateway: attached.gateway.spiffeId, heartbeatMs: attached.heartbeatMs, url: attached.url }, 'agent attached')
    }
    const status = await this.#probe(signal)
    const attached = attachment.current
    if (attached !== undefined && (status !== this.#told || clock.monotonic() >= this.#beatDue)) {
      if (!(await attachment.beat(status, signal))) {
        log.warn({ gateway: attached.gateway.spiffeId }, 'the gateway has lost the agent; attaching again')
        return 0
      }
      if (this.#told !== status) log.info({ status: status === AgentStatus.ONLINE ? 'online' : 'offline' }, 'agent status told to the gateway')
      this.#told = status
      this.#beatDue = clock.monotonic() + attached.heartbeatMs
      if (this.#registeredAs === this.#inputs()) this.#problem = undefined
      this.#settle((waiter) => waiter.resolve(attached))
    }
    return Math.max(1, Math.min(timing.probeEvery, this.#beatDue - clock.monotonic()))
  }

  /** Reads the card at first, then now and then. A later card that is refused is a problem to show, but the agent stays as it was registered. */
  async #lookAtCard(signal: AbortSignal): Promise<void> {
    const { client, clock, timing, log } = this.#deps
    const due = this.#card === undefined || this.#cardChanged || clock.monotonic() - this.#cardReadAt >= timing.cardEvery
    if (!due) return
    // Before it is read: a change meanwhile is another one.
    this.#cardChanged = false
    try {
      this.#card = await withDeadline(clock, timing.cardTimeout, 'reading the card', signal, (inner) => readCard(client, inner))
      this.#cardProblem = undefined
    } catch (thrown) {
      const error = toHansaError(thrown)
      if (this.#card === undefined || signal.aborted) throw error
      if (error.code === 'INVALID_AGENT_RESPONSE') {
        this.#cardProblem = error
        log.warn({ code: error.code, reason: error.message }, "the agent's new card was refused; the old one stays")
      }
    }
    this.#cardReadAt = clock.monotonic()
  }

  /**
   * Registers when there is no registration, when what it was made from has changed, or when the record grows old; the gateway then gets the new one. While
   * an update fails the agent stays as it is: an outage of the directory must not take it off the gateways.
   */
  async #register(signal: AbortSignal): Promise<void> {
    const { registration, attachment, clock, log, timing } = this.#deps
    const card = this.#card
    const inputs = this.#inputs()
    if (card === undefined) return
    const first = registration.current === undefined
    if (!first && ((this.#registeredAs === inputs && !registration.ageing) || clock.monotonic() < this.#updateAfter)) return
    try {
      const registered = await this.#describeAndRegister(card, signal)
      this.#registeredAs = inputs
      this.#updateRetry.reset()
      log.info({ handle: registered.record.handle, server: registered.server, sequence: String(registered.record.sequence) }, 'agent registered')
      if (attachment.current !== undefined) await this.#attach(registered, signal)
      this.#told = undefined
    } catch (thrown) {
      if (registration.current === undefined && attachment.current !== undefined)
        await attachment.detach('no longer registered', timing.drain).catch((error: unknown) => log.debug({ error }, 'the gateway could not be told'))
      if (first || signal.aborted || registration.current === undefined) throw thrown
      const error = toHansaError(thrown)
      this.#problem = error
      this.#updateAfter = clock.monotonic() + this.#updateRetry.next(error)
      log.warn({ code: error.code, reason: error.message }, 'the registration could not be updated; the old one stays')
    }
  }

  /** A gateway that has heard of the registration's end refuses its record: the server is to be asked before any gateway is. */
  async #attach(registered: Registered, signal: AbortSignal): Promise<Attached> {
    try {
      return await this.#deps.attachment.attach(registered, signal)
    } catch (thrown) {
      if (toHansaError(thrown).code === 'AGENT_NOT_FOUND') this.#deps.registration.end()
      throw thrown
    }
  }

  #describeAndRegister(card: ReadCard, signal: AbortSignal): Promise<Registered> {
    const { registration, clock, config, members } = this.#deps
    this.#revision = Math.max(this.#revision + 1, Math.trunc(clock.now()))
    return registration.register(describe(card, config, members.self(), this.#revision), signal)
  }

  #inputs(): string {
    const { members, identities } = this.#deps
    // The certificate is among them because gateways check the chain in the signed description: a renewed one has to reach them.
    const text = new TextDecoder().decode(this.#card?.bytes)
    return JSON.stringify([text, members.self().multiaddrs.toSorted(), identities.self()?.serial])
  }

  /** Asks the agent whether it is there; a first "no" may be one lost packet, so it is asked twice. */
  async #probe(signal: AbortSignal): Promise<AgentStatus> {
    const { client, clock, timing } = this.#deps
    const once = () => withDeadline(clock, timing.probeTimeout, 'the probe', signal, (inner) => client.probe(inner)).catch(() => false)
    const status = (await once()) || (await once()) ? AgentStatus.ONLINE : AgentStatus.OFFLINE
    signal.throwIfAborted()
    this.#lastProbe = { at: clock.now(), status }
    return status
  }

  #failed(error: HansaError): number {
    const { log, identities } = this.#deps
    const wait = this.#retry.next(error)
    const self = identities.self()
    const fields = { code: error.code, reason: error.message, hint: error.hint, retryMs: wait, agent: self && formatHandle(self) }
    this.#problem = error
    if (!isRefusal(error)) {
      log.info(fields, 'the agent is not on the swarm yet; trying again')
      return wait
    }
    if (error.code === 'INTERNAL') log.error({ ...fields, cause: error.cause }, 'the agent role failed; trying again slowly')
    else log.warn(fields, 'the agent was refused; trying again slowly')
    // Perhaps the card or the registration is what was refused: read and register anew.
    this.#card = undefined
    this.#registeredAs = undefined
    this.#settle((waiter) => waiter.reject(error))
    return wait
  }

  #settle(how: (waiter: { resolve: (attached: Attached) => void; reject: (error: unknown) => void }) => void): void {
    for (const waiter of this.#waiting) how(waiter)
    this.#waiting.clear()
  }
}
