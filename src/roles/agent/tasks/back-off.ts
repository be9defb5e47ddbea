/** Growing pauses, spread so that many who wait for the same do not come back at once. */
export class BackOff {
  readonly #first: number
  readonly #most: number
  readonly #random: () => number
  #next: number

  /** Milliseconds; `random` gives 0 <= x < 1. */
  constructor(first: number, most: number, random: () => number) {
    this.#first = first
    this.#most = most
    this.#random = random
    this.#next = first
  }

  /** Whole milliseconds to wait now. */
  next(): number {
    const ms = this.#next
    this.#next = Math.min(this.#most, ms * 1.7)
    return Math.round(ms * (0.75 + this.#random() / 2))
  }

  /** All went well: the next pause is short again. */
  reset(): void {
    this.#next = this.#first
  }
}
