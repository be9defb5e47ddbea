import type { Clock } from '../../ports/clock.ts'

/** Runs `fn` with a signal that aborts after `ms` or with `parent`, whichever comes first. */
export async function within<T>(clock: Clock, ms: number, parent: AbortSignal | undefined, fn: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const cancel = clock.after(ms, () => controller.abort(new DOMException('time ran out', 'TimeoutError')))
  try {
    return await fn(parent === undefined ? controller.signal : AbortSignal.any([controller.signal, parent]))
  } finally {
    cancel()
  }
}
