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

/** Which sessions go as a whole: those out of age, then the longest unused until the rest is within the total. */
export function sessionsToDrop(
  sessions: readonly { readonly id: string; readonly updatedAt: number; readonly bytes: number }[],
  { keepMs, total }: Pick<Retention, 'keepMs' | 'total'>,
  now: number
): string[] {
  const gone: string[] = []
  let bytes = sessions.reduce((sum, session) => sum + session.bytes, 0)
  const target = bytes > total ? total * KEEP_SHARE : bytes
  for (const session of sessions.toSorted((a, b) => a.updatedAt - b.updatedAt)) {
    if (bytes <= target && now - session.updatedAt <= keepMs) break
    gone.push(session.id)
    bytes -= session.bytes
  }
  return gone
}
