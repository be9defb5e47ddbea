/** What is kept of sessions. */
export interface Retention {
  /** Milliseconds since the last entry; older sessions go. */
  readonly keepMs: number
  /** Entries of one session. */
  readonly maxEntries: number
  /** Bytes of one session. */
  readonly maxBytes: number
  /** Bytes of all sessions. */
  readonly total: number
}

/** A little more is taken away than must be, so that it is not done anew for each entry. */
const KEEP_SHARE = 0.9

/** How many entries of a session go, from its beginning. `sizes`: bytes of each, oldest first, read only as far as needed. The newest entry stays. */
export function entriesToDrop(
  { entries, bytes }: { readonly entries: number; readonly bytes: number },
  sizes: Iterable<number>,
  { maxEntries, maxBytes }: Pick<Retention, 'maxEntries' | 'maxBytes'>
): number {
  if (entries <= maxEntries && bytes <= maxBytes) return 0
  const keepEntries = entries > maxEntries ? Math.max(1, Math.floor(maxEntries * KEEP_SHARE)) : entries
  const keepBytes = bytes > maxBytes ? maxBytes * KEEP_SHARE : bytes
  let dropped = 0
  let left = bytes
  for (const size of sizes) {
    if (dropped >= entries - 1 || (entries - dropped <= keepEntries && left <= keepBytes)) break
    dropped++
    left -= size
  }
  return dropped
}

/** What decides whether a session goes. */
export interface RetainedSession {
  readonly id: string
  readonly updatedAt: number
  readonly bytes: number
  /** Of the other party. */
  readonly domain: string
}

/**
 * Which sessions go as a whole: those out of age; then, until the rest is within the total, the longest unused of the domain that has most. Otherwise one domain could
 * push out what was said with all others by saying much.
 */
export function sessionsToDrop(sessions: readonly RetainedSession[], { keepMs, total }: Pick<Retention, 'keepMs' | 'total'>, now: number): string[] {
  const gone: string[] = []
  const domains = new Map<string, { bytes: number; next: number; readonly kept: RetainedSession[] }>()
  let bytes = 0
  for (const session of sessions) bytes += session.bytes
  const target = bytes > total ? total * KEEP_SHARE : bytes
  for (const session of sessions.toSorted((a, b) => a.updatedAt - b.updatedAt)) {
    if (now - session.updatedAt > keepMs) {
      gone.push(session.id)
      bytes -= session.bytes
      continue
    }
    const domain = domains.get(session.domain) ?? { bytes: 0, next: 0, kept: [] }
    domains.set(session.domain, domain)
    domain.bytes += session.bytes
    domain.kept.push(session)
  }
  while (bytes > target) {
    const most = [...domains.values()].reduce((one, other) => (other.bytes > one.bytes ? other : one))
    const oldest = most.kept[most.next++]
    if (oldest === undefined) break
    gone.push(oldest.id)
    most.bytes -= oldest.bytes
    bytes -= oldest.bytes
  }
  return gone
}
