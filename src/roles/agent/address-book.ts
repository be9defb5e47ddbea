import type { Clock } from '../../ports/clock.ts'
import type { Target } from '../../ports/rpc.ts'

/** An agent that moves is found again after this at the latest; one that cannot be reached is asked for again at once. Milliseconds. */
const KEEP_MS = 30_000
/** Agents of the own domain that this node talks to at a time, not all there are. */
const MAX_ADDRESSES = 1_000

/** Verified addresses of agents of the own domain, so that not every direct call asks a registration server, which counts against the quota of discovery. */
export class AddressBook {
  readonly #clock: Clock
  readonly #known = new Map<string, { readonly target: Target; readonly until: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  find(handle: string): Target | undefined {
    const entry = this.#known.get(handle)
    if (entry !== undefined && entry.until > this.#clock.monotonic()) return entry.target
    this.#known.delete(handle)
    return undefined
  }

  keep(handle: string, target: Target): void {
    this.#known.delete(handle)
    if (this.#known.size >= MAX_ADDRESSES)
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest)
        break
      }
    this.#known.set(handle, { target, until: this.#clock.monotonic() + KEEP_MS })
  }

  forget(handle: string): void {
    this.#known.delete(handle)
  }
}
