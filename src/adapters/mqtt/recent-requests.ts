/** A request that was taken lately. */
export interface RecentRequest<Destination> {
  /** Where its answers go: that of the newest attempt. A request that is over has answered. */
  destination: Destination
  over: boolean
  /** It ended with an error that its requester was told: whoever sends it again means it. */
  failed: boolean
  /** The last answer, kept for an attempt that comes after it; undefined when it was too large. */
  last: string | undefined
}

/** Remembers what was taken, so that a retry or a duplicate is not executed twice. */
export interface RecentRequests<Destination> {
  /** What was taken under one of these keys, if anything. */
  find(keys: readonly string[], now: number): RecentRequest<Destination> | undefined
  /** Remembers a request. */
  add(keys: readonly string[], request: RecentRequest<Destination>, now: number): void
}

/** At most `max`, the oldest forgotten first; each for `ttlMs`. */
export function createRecentRequests<Destination>({ max, ttlMs }: { readonly max: number; readonly ttlMs: number }): RecentRequests<Destination> {
  const byKey = new Map<string, { readonly request: RecentRequest<Destination>; readonly until: number }>()
  return {
    find(keys, now) {
      for (const key of keys) {
        const found = byKey.get(key)
        if (found === undefined || found.request.failed) continue
        if (found.until > now || !found.request.over) return found.request
        byKey.delete(key)
      }
      return undefined
    },
    add(keys, request, now) {
      for (const key of keys) {
        byKey.delete(key)
        byKey.set(key, { request, until: now + ttlMs })
      }
      for (const [key, { until }] of byKey) {
        if (byKey.size <= max && until > now) break
        byKey.delete(key)
      }
    }
  }
}
