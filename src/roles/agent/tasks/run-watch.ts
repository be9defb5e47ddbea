import type { Clock } from '../../../ports/clock.ts'
import { pause } from '../pause.ts'

/** Who watches is told at most so often, in milliseconds; large graphs less often still, for each snapshot copies them. */
const EVERY_MS = 100
const STEPS_PER_MS = 20

/** Tells any number of watchers that something has changed, each at its own speed: what happens between two looks is told as one. */
export class RunWatch {
  readonly #clock: Clock
  readonly #everyMs: number
  readonly #waiting = new Set<() => void>()
  #version = 0
  readonly #ended = new AbortController()

  constructor(clock: Clock, steps: number) {
    this.#clock = clock
    this.#everyMs = Math.max(EVERY_MS, steps / STEPS_PER_MS)
  }

  changed(): void {
    this.#version++
    this.#wake()
  }

  /** There will be no more changes. */
  end(): void {
    this.#ended.abort()
    this.changed()
  }

  /** What `look` gives: at once, then after changes, until the end. */
  async *snapshots<T>(look: () => T, signal: AbortSignal): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const seen = this.#version
      // Asked before the look: a change while the reader is busy is told next.
      const last = this.#ended.signal.aborted
      yield look()
      if (last) return
      // The end is told at once.
      await pause(this.#clock, this.#everyMs, signal, this.#ended.signal)
      while (this.#version === seen && !signal.aborted) await this.#next(signal)
      signal.throwIfAborted()
    }
  }

  #next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#waiting.add(done)
      signal.addEventListener('abort', done)
      if (signal.aborted) done()
    })
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }
}
