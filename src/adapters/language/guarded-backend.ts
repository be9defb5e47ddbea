import { type CircuitBreakerPolicy, circuitBreaker, CircuitState, ConsecutiveBreaker, handleWhen } from 'cockatiel'
import type { Pair } from '../../core/translation/tags.ts'
import type { Clock } from '../../ports/clock.ts'
import { HansaError } from '../../schema/errors.ts'
import type { Backend, Job, Made } from './backend.ts'

/** Failures in a row after which a backend is left alone, and for how long, in milliseconds. */
const FAILURES = 5
const REST_MS = 15_000

/** A backend with a bound on its time, and with rest after failures. */
export class GuardedBackend implements Backend {
  readonly name: string
  readonly #backend: Backend
  readonly #timeoutMs: number
  readonly #clock: Clock
  readonly #breaker: CircuitBreakerPolicy

  constructor(backend: Backend, timeoutMs: number, clock: Clock) {
    this.name = backend.name
    this.#backend = backend
    this.#timeoutMs = timeoutMs
    this.#clock = clock
    // Who went away, or came when all places were taken, says nothing about the backend.
    const counts = handleWhen((error) => !(error instanceof HansaError && (error.code === 'CANCELED' || error.code === 'OVERLOADED')))
    this.#breaker = circuitBreaker(counts, { halfOpenAfter: REST_MS, breaker: new ConsecutiveBreaker(FAILURES) })
  }

  version(): string {
    return this.#backend.version()
  }

  pairs(): readonly Pair[] {
    return this.#backend.pairs()
  }

  /** True while it is left alone. */
  get resting(): boolean {
    return this.#breaker.state === CircuitState.Open
  }

  /** As the backend; throws CANCELED when the caller goes, DEADLINE_EXCEEDED when the time is over, and an error of the breaker while it rests. */
  translate(job: Job): Promise<readonly (Made | undefined)[]> {
    return this.#breaker.execute(() => this.#inTime(job))
  }

  async #inTime(job: Job): Promise<readonly (Made | undefined)[]> {
    const own = new AbortController()
    const onAbort = (): void => own.abort(new HansaError('CANCELED', 'the caller went away', {}, job.signal.reason))
    if (job.signal.aborted) onAbort()
    job.signal.addEventListener('abort', onAbort, { once: true })
    const cancel = this.#clock.after(this.#timeoutMs, () =>
      own.abort(new HansaError('DEADLINE_EXCEEDED', `${this.name} has not translated within ${this.#timeoutMs} ms`))
    )
    const aborted = new Promise<never>((_, reject) => own.signal.addEventListener('abort', () => reject(own.signal.reason as Error), { once: true }))
    // Nobody listens when the backend was faster.
    aborted.catch(() => undefined)
    try {
      own.signal.throwIfAborted()
      return await Promise.race([this.#backend.translate({ ...job, signal: own.signal }), aborted])
    } finally {
      cancel()
      job.signal.removeEventListener('abort', onAbort)
    }
  }
}
