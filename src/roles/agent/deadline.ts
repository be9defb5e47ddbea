import type { Clock } from '../../ports/clock.ts'
import { HansaError } from '../../schema/errors.ts'

/** Runs `fn` with a signal that aborts after `ms` (DEADLINE_EXCEEDED) or with `parent`; rejects then, even when `fn` does not listen. */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  what: string,
  parent: AbortSignal | undefined,
  fn: (signal: AbortSignal) => Promise<T>
): Promise<T> {
  parent?.throwIfAborted()
  const controller = new AbortController()
  const late = clock.after(ms, () => controller.abort(new HansaError('DEADLINE_EXCEEDED', `${what} took longer than ${ms} ms`)))
  const gone = () => controller.abort(parent?.reason)
  parent?.addEventListener('abort', gone)
  try {
    return await Promise.race([
      fn(controller.signal),
      new Promise<never>((_, reject) => controller.signal.addEventListener('abort', () => reject(controller.signal.reason), { once: true }))
    ])
  } finally {
    late()
    parent?.removeEventListener('abort', gone)
  }
}
