import type { Clock } from '../../ports/clock.ts'

/** Resolves after `ms`, or as soon as one of the signals aborts; never rejects. */
export function pause(clock: Clock, ms: number, ...signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    if (signals.some((signal) => signal.aborted)) return resolve()
    const done = () => {
      cancel()
      for (const signal of signals) signal.removeEventListener('abort', done)
      resolve()
    }
    const cancel = clock.after(ms, done)
    for (const signal of signals) signal.addEventListener('abort', done)
  })
}
