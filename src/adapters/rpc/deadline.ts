import type { Clock } from '../../ports/clock.ts'
import type { CallOptions } from '../../ports/rpc.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { MAX_DEADLINE_MS } from './bounds.ts'

/** The time of one call, retries included, and the caller's wish to end it. The signal's reason is always a HansaError. */
export class Deadline {
  readonly #controller = new AbortController()
  readonly #clock: Clock
  readonly #end: number
  readonly #cancelTimer: () => void
  readonly #callerSignal: AbortSignal | undefined
  readonly #onCallerAbort = () => this.#controller.abort(cancelReason(this.#callerSignal?.reason))

  constructor(clock: Clock, what: string, defaultMs: number, options: CallOptions = {}) {
    const ms = Math.min(Math.max(options.timeoutMs ?? defaultMs, 0), MAX_DEADLINE_MS)
    this.#clock = clock
    this.#end = clock.monotonic() + ms
    this.#cancelTimer = clock.after(ms, () =>
      this.#controller.abort(new HansaError('DEADLINE_EXCEEDED', `${what}: no answer within ${ms} ms`, { timeoutMs: ms }))
    )
    this.#callerSignal = options.signal
    if (options.signal?.aborted === true) this.#onCallerAbort()
    else options.signal?.addEventListener('abort', this.#onCallerAbort)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** At least 1. */
  get leftMs(): number {
    return Math.max(1, Math.ceil(this.#end - this.#clock.monotonic()))
  }

  /** The call is over: nothing is left behind on the caller's signal or the clock. */
  clear(): void {
    this.#cancelTimer()
    this.#callerSignal?.removeEventListener('abort', this.#onCallerAbort)
  }
}

/** An abort reason as an error of ours: whatever is not one already means that the caller does not want the answer any more. */
export function cancelReason(reason: unknown): HansaError {
  const error = toHansaError(reason)
  return error.code === 'INTERNAL' && error !== reason ? new HansaError('CANCELED', 'the call was canceled', {}, reason) : error
}
