/** What a limiter says: go on, or come back after so many milliseconds (at least 1). */
export type Verdict = { readonly ok: true } | { readonly ok: false; readonly retryAfterMs: number }

const GO: Verdict = { ok: true }

export interface GcraSettings {
  /** Requests per period in the long run; at least 1. */
  readonly limit: number
  /** Length of the period in milliseconds. */
  readonly periodMs: number
  /** Requests that may come at once after a rest; at least 1. */
  readonly burst: number
  /** Keys remembered at a time. */
  readonly maxKeys: number
}

export interface Gcra {
  /** Counts one request of `key` at `now` (milliseconds of a clock that never goes back). A refused request is not counted. */
  take(key: string, now: number): Verdict
  /** Keys remembered now. */
  readonly size: number
}

/**
 * Generic cell rate algorithm (ITU-T I.371): one number per key, the time at which its bucket will be empty again ("theoretical arrival time").
 *
 * Memory is bounded, and filling it resets nobody: a key is forgotten only when its bucket is empty, which is the same as never having been seen. While
 * the table is full of live keys, further ones share a single bucket; a key that gets a place of its own later starts from what that bucket owes.
 */
export function createGcra(settings: GcraSettings): Gcra {
  const interval = settings.periodMs / settings.limit
  const tolerance = interval * settings.burst
  // In order of the last accepted request, so that everything in front that is older than `tolerance` is empty.
  const emptyAt = new Map<string, number>()
  let sharedEmptyAt = -Infinity

  function sweep(now: number): void {
    for (const [key, at] of emptyAt) {
      if (at > now) return
      emptyAt.delete(key)
    }
  }

  function take(key: string, now: number): Verdict {
    let known = emptyAt.get(key)
    if (known === undefined) sweep(now)
    const own = known !== undefined || emptyAt.size < settings.maxKeys
    known ??= sharedEmptyAt
    const next = Math.max(known, now) + interval
    const early = next - tolerance - now
    // The sums above carry rounding errors of far less than a microsecond; a whole burst must still pass.
    if (early > 1e-3) return { ok: false, retryAfterMs: Math.max(1, Math.ceil(early)) }
    if (own) {
      emptyAt.delete(key)
      emptyAt.set(key, next)
    } else sharedEmptyAt = next
    return GO
  }

  return {
    take,
    get size() {
      return emptyAt.size
    }
  }
}
