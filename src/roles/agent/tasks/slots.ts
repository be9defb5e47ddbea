/**
 * So many calls of this node are open at a time and the rest wait in the order in which they came: gateways refuse a caller above its bound, and a refusal would
 * cost the step one of its attempts.
 */
export class Slots {
  #free: number
  readonly #waiting = new Set<() => void>()

  constructor(count: number) {
    this.#free = count
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Resolves with what gives the slot back (once; more often does nothing). Throws the signal's reason. */
  async take(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    if (this.#free > 0) this.#free--
    else await this.#turn(signal)
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#next()
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const take = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        // Whoever has got its turn in this moment keeps it.
        if (this.#waiting.delete(take)) reject(signal.reason as Error)
      }
      this.#waiting.add(take)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  #next(): void {
    for (const take of this.#waiting) {
      this.#waiting.delete(take)
      take()
      return
    }
    this.#free++
  }
}
