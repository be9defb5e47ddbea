import { redialDelay } from '../../../core/liveness/redial.ts'
import type { ControlDeps } from './control-deps.ts'

/** Somebody we want to be interconnected with. */
export interface DialTarget {
  /** Address as given, or SPIFFE ID of a gateway of the own domain. */
  readonly key: string
  /** Known after the first success. */
  readonly spiffeId: string
  readonly attempts: number
  /** Why the last attempt failed; empty when it did not. */
  readonly lastError: string
}

interface Wanted {
  key: string
  spiffeId: string
  attempts: number
  lastError: string
  dialing: boolean
  cancel: (() => void) | undefined
}

/** Interconnects; resolves with the SPIFFE ID that answered. */
export type Dial = (key: string) => Promise<string>

const TABLE = 'agw-neighbor'

/** Dials wanted gateways for ever with capped back-off; those an operator asked for survive a restart. */
export class Dialer {
  readonly #deps: ControlDeps
  readonly #dial: Dial
  readonly #wanted = new Map<string, Wanted>()
  #running = false

  constructor(deps: ControlDeps, dial: Dial) {
    this.#deps = deps
    this.#dial = dial
  }

  start(): void {
    this.#running = true
    for (const [key, value] of this.#deps.store.entries(TABLE)) this.want(key, new TextDecoder().decode(value))
    for (const address of this.#deps.config.neighbors) this.want(address)
  }

  stop(): void {
    this.#running = false
    for (const wanted of this.#wanted.values()) wanted.cancel?.()
    this.#wanted.clear()
  }

  targets(): DialTarget[] {
    return [...this.#wanted.values()].map(({ key, spiffeId, attempts, lastError }) => ({ key, spiffeId, attempts, lastError }))
  }

  /** Dials now and again after every failure, until `drop`. */
  want(key: string, spiffeId = ''): void {
    if (!this.#running || this.#wanted.has(key)) return
    const wanted: Wanted = { key, spiffeId, attempts: 0, lastError: '', dialing: false, cancel: undefined }
    this.#wanted.set(key, wanted)
    this.#schedule(wanted, 0)
  }

  /** An operator's connection succeeded: keep it over restarts. Throws STORE_FAILED. */
  async keep(key: string, spiffeId: string): Promise<void> {
    this.#wanted.set(key, { key, spiffeId, attempts: 0, lastError: '', dialing: false, cancel: undefined })
    this.#deps.store.put(TABLE, key, new TextEncoder().encode(spiffeId))
    await this.#deps.store.commit()
  }

  /** The neighbour is offline: dial again, beginning with the short delays. */
  lost(spiffeId: string): void {
    for (const wanted of this.#wanted.values()) {
      if (wanted.spiffeId !== spiffeId || wanted.dialing) continue
      wanted.cancel?.()
      wanted.attempts = 0
      this.#schedule(wanted, redialDelay(0, wanted.key))
    }
  }

  /** Nobody wants this neighbour any more. */
  async drop(spiffeId: string): Promise<void> {
    for (const wanted of [...this.#wanted.values()]) {
      if (wanted.spiffeId !== spiffeId) continue
      wanted.cancel?.()
      this.#wanted.delete(wanted.key)
      this.#deps.store.delete(TABLE, wanted.key)
    }
    await this.#deps.store.commit()
  }

  #schedule(wanted: Wanted, ms: number): void {
    wanted.cancel = this.#deps.clock.after(ms, () => void this.#attempt(wanted))
  }

  async #attempt(wanted: Wanted): Promise<void> {
    wanted.dialing = true
    try {
      wanted.spiffeId = await this.#dial(wanted.key)
      wanted.attempts = 0
      wanted.lastError = ''
    } catch (error) {
      wanted.lastError = error instanceof Error ? error.message : String(error)
      this.#deps.log.debug({ neighbor: wanted.key, attempts: wanted.attempts, error }, 'interconnection failed')
      if (this.#running && this.#wanted.get(wanted.key) === wanted) this.#schedule(wanted, redialDelay(wanted.attempts++, wanted.key))
    } finally {
      wanted.dialing = false
    }
  }
}
