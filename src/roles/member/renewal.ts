import { renewalPause, renewalTime } from '../../core/pki/renewal.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import { parseCertificate } from '../../wire/x509/certificate.ts'
import { methods } from '../../wire/methods.ts'
import type { AskAca } from './ask-aca.ts'
import type { Renewed } from './renewed.ts'

/** The clock is looked at as often, whatever was reckoned: it may have been set, or the machine may have slept. */
const CHECK_MS = 60_000
/** A node that has just started does not know the ACA yet. */
const FIRST_CHECK_MS = 1_000

export interface RenewalDeps {
  readonly clock: Clock
  readonly log: Log
  /** 0 up to 1. */
  random(): number
  readonly ask: AskAca
}

/** draft 3.1.2: renews a certificate after about two thirds of its life, and on demand. */
export class Renewal {
  readonly #renewed: Renewed
  readonly #deps: RenewalDeps
  readonly #jitter: number
  #failures = 0
  #retryAt = 0
  #stopped = true
  #stopTimer = () => {}
  #running: Promise<readonly Uint8Array[]> | undefined

  constructor(renewed: Renewed, deps: RenewalDeps) {
    this.#renewed = renewed
    this.#deps = deps
    this.#jitter = deps.random()
  }

  start(): void {
    this.#stopped = false
    this.#wait(FIRST_CHECK_MS)
  }

  stop(): void {
    this.#stopped = true
    this.#stopTimer()
  }

  /** Renews now; with `scopes`, a part of those that it has. Throws what the ACA answers, or PEER_UNREACHABLE when none is known. */
  renew(scopes: readonly string[] = []): Promise<readonly Uint8Array[]> {
    // One that narrows is not the same as one that is under way.
    if (scopes.length > 0) return (this.#running ?? Promise.resolve([])).catch(() => []).then(() => this.#ask(scopes))
    this.#running ??= this.#ask([]).finally(() => (this.#running = undefined))
    return this.#running
  }

  #wait(ms: number): void {
    if (!this.#stopped) this.#stopTimer = this.#deps.clock.after(ms, () => void this.#check())
  }

  async #check(): Promise<void> {
    const { clock, log } = this.#deps
    if (this.#dueIn() <= 0) {
      try {
        await this.renew()
      } catch (error) {
        this.#failures++
        const pause = renewalPause(this.#failures, this.#deps.random(), this.#left())
        this.#retryAt = clock.now() + pause
        log.warn({ err: error, retryInMs: pause }, `${this.#renewed.what} was not renewed`)
      }
    }
    this.#wait(Math.min(CHECK_MS, Math.max(FIRST_CHECK_MS, this.#dueIn())))
  }

  /** Milliseconds until something is to be done; 0 or less: now. */
  #dueIn(): number {
    const now = this.#deps.clock.now()
    const [leaf] = this.#renewed.chain()
    if (leaf === undefined) return this.#retryAt - now
    const { notBefore, notAfter } = parseCertificate(leaf)
    return Math.max(renewalTime(notBefore, notAfter, this.#jitter), this.#retryAt) - now
  }

  #left(): number {
    const [leaf] = this.#renewed.chain()
    return leaf === undefined ? 0 : parseCertificate(leaf).notAfter - this.#deps.clock.now()
  }

  async #ask(scopes: readonly string[]): Promise<readonly Uint8Array[]> {
    const { chain } = await this.#deps.ask(methods.renew, { csr: this.#renewed.csr(), scopes: [...scopes] })
    await this.#renewed.take(chain)
    this.#failures = 0
    this.#retryAt = 0
    const [leaf] = chain
    this.#deps.log.info({ serial: leaf === undefined ? '' : parseCertificate(leaf).serial }, `${this.#renewed.what} renewed`)
    return chain
  }
}
