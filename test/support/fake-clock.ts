import type { Clock } from '../../src/ports/clock.ts'

interface Timer {
  at: number
  readonly order: number
  readonly every: number | undefined
  readonly fn: () => void
}

/** Time that moves only when told. Timers run in order of their time, then of their making. */
export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>()
  readonly #epoch: number
  #elapsed = 0
  #made = 0

  /** `start` is what now() says first: milliseconds since the epoch. */
  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#epoch = start
  }

  now(): number {
    return this.#epoch + this.#elapsed
  }

  monotonic(): number {
    return this.#elapsed
  }

  after(ms: number, fn: () => void): () => void {
    return this.#add(ms, undefined, fn)
  }

  every(ms: number, fn: () => void): () => void {
    // A period below 1 ms would hold time still for ever.
    return this.#add(ms, Math.max(1, ms), fn)
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size
  }

  /** Moves time by `ms`: runs every timer that falls due, in order, and lets promises settle before, between and after. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms
    await this.settle()
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#elapsed = Math.max(this.#elapsed, timer.at)
      if (timer.every === undefined) this.#timers.delete(timer)
      else timer.at += timer.every
      timer.fn()
      await this.settle()
    }
    this.#elapsed = end
  }

  /** Moves time in steps until `done` is true; throws after `limitMs`, so that a test fails instead of hanging. */
  async until(done: () => boolean, limitMs = 60_000, stepMs = 10): Promise<void> {
    await this.settle()
    for (let waited = 0; !done(); waited += stepMs) {
      if (waited >= limitMs) throw new Error(`not so after ${limitMs} ms of fake time`)
      await this.advance(stepMs)
    }
  }

  /** Moves time until the promise settles; what it settles with. */
  async run<T>(promise: Promise<T>, limitMs = 60_000, stepMs = 10): Promise<T> {
    let settled = false
    const mark = () => {
      settled = true
    }
    promise.then(mark, mark)
    await this.until(() => settled, limitMs, stepMs)
    return promise
  }

  /** Lets everything that waits for promises (not for time) go on, without moving time. */
  async settle(): Promise<void> {
    // Each turn of the event loop drains all microtasks; the second is for what the first one's callbacks scheduled with setImmediate.
    for (let turn = 0; turn < 2; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
  }

  #add(ms: number, every: number | undefined, fn: () => void): () => void {
    const timer: Timer = { at: this.#elapsed + Math.max(0, ms), order: this.#made++, every, fn }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.at <= end && (first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order))) first = timer
    }
    return first
  }
}
