import { type Issued, stateOf } from './issued.ts'

/** What a revocation makes of one certificate: another state, nothing (it has ended already), or nothing because it is revoked for good. */
export type Ending = { readonly kind: 'changed'; readonly issued: Issued } | { readonly kind: 'ended' } | { readonly kind: 'final' }

/**
 * draft 3.1.2, RFC 5280 5.3.1: revokes a certificate. A hold may become a revocation for good, never the other way round. A key that was lost counts whatever
 * has become of the certificate: the reason then says so.
 */
export function revoke(issued: Issued, reason: string, now: number): Ending {
  const state = stateOf(issued, now)
  const lost = reason === 'keyCompromise' && issued.reason !== 'keyCompromise'
  if (state === 'revoked' && !lost) return { kind: reason === 'certificateHold' ? 'final' : 'ended' }
  if (state === 'held' && reason === 'certificateHold') return { kind: 'ended' }
  if (state === 'expired' && !lost) return { kind: 'ended' }
  // It has not been believed since the first time.
  return { kind: 'changed', issued: { ...issued, revokedAt: issued.revokedAt ?? now, reason } }
}

/** Lifts a hold: the certificate is as good as before. Undefined when there is none. */
export function release(issued: Issued, now: number): Issued | undefined {
  if (issued.revokedAt === undefined || issued.reason !== 'certificateHold') return undefined
  const { revokedAt: _at, reason: _reason, ...rest } = issued
  return { ...rest, releasedAt: now }
}

/**
 * draft 2.2: does the end of a registration at `at` also end this certificate? It must be an agent's and nothing else, or the domain would lose a server with it. One
 * that was applied for since, or that the operator has released since, is of after the end; a renewal is of the time of what it renews (`origin`). When the operator ended the
 * registration for good (`barred`), the key has no business left whenever its certificate was made.
 */
export function endsWithRegistration(issued: Issued, origin: Issued, notice: { readonly at: number; readonly barred: boolean }): boolean {
  if (issued.roles.join() !== 'agent' || issued.revokedAt !== undefined) return false
  if (issued.releasedAt !== undefined && issued.releasedAt >= notice.at) return false
  return notice.barred || origin.notBefore <= notice.at
}
