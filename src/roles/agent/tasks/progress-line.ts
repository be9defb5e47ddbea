import type { Clock } from '../../../ports/clock.ts'

/** Each word on how it goes is written to disk: no agent makes this node write more often than so, in milliseconds. */
const EVERY_MS = 500

/** Passes the newest word on, not too often, and each once. */
export class ProgressLine {
  readonly #clock: Clock
  readonly #say: (text: string) => void
  #said = ''
  #newest = ''
  #cancel: (() => void) | undefined

  constructor(clock: Clock, say: (text: string) => void) {
    this.#clock = clock
    this.#say = say
  }

  say(text: string): void {
    this.#newest = text
    if (this.#cancel === undefined) this.#flush()
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = () => undefined
  }

  #flush(): void {
    this.#cancel = undefined
    if (this.#newest === this.#said) return
    this.#said = this.#newest
    this.#cancel = this.#clock.after(EVERY_MS, () => this.#flush())
    this.#say(this.#said)
  }
}
