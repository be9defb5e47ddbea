/** What two gateways must be able to do together: pass on calls, and synchronize what can be reached. */
const NEEDED = ['relay', 'sync'] as const

export type Compatibility = { readonly ok: true; readonly protocols: string[] } | { readonly ok: false; readonly missing: string[] }

/** Versions that both speak, in our order (newest first); not ok when a needed protocol has no common version (draft 3.4.1: protocol compatibility). */
export function compatibility(mine: readonly string[], theirs: readonly string[]): Compatibility {
  const offered = new Set(theirs)
  const protocols = mine.filter((protocol) => offered.has(protocol))
  const missing = NEEDED.filter((name) => !protocols.some((protocol) => protocol.startsWith(name + '/')))
  return missing.length === 0 ? { ok: true, protocols } : { ok: false, missing: [...missing] }
}
