import type { Role } from '../ids/role.ts'

/** What the ACA remembers of a certificate that it has issued. */
export interface Issued {
  readonly serial: string
  readonly name: string
  readonly spiffeId: string
  readonly roles: readonly Role[]
  readonly peer: string
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  readonly revokedAt?: number
  /** RFC 5280 5.3.1 reason name; present with `revokedAt`. */
  readonly reason?: string
}

export type State = 'good' | 'revoked' | 'expired'

/** draft 3.1.2: state of a certificate. Revoked wins over expired: that is the one who asks must know. */
export function stateOf(issued: Issued, now: number): State {
  if (issued.revokedAt !== undefined) return 'revoked'
  return now > issued.notAfter ? 'expired' : 'good'
}

/** True when the certificate must be on the revocation list: until it has ended by itself (RFC 5280 3.3: on one list beyond that). */
export function isListed(issued: Issued, now: number, graceMs: number): boolean {
  return issued.revokedAt !== undefined && now <= issued.notAfter + graceMs
}
