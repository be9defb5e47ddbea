import type { Grant } from './grant.ts'

/** What the ACA remembers of a certificate that it has issued. */
export interface Issued extends Grant {
  readonly serial: string
  readonly spiffeId: string
  /** PeerId of an Ed25519 key; empty for a P-256 key, which no node of the swarm has. */
  readonly peer: string
  /** SHA-256 of the SubjectPublicKeyInfo, hex: names a key of any kind. */
  readonly keyId: string
  /** SHA-256 of the SubjectPublicKeyInfo of the CA that signed it, hex: whose list it belongs on. */
  readonly issuer: string
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  /** Application that it was issued for; absent for renewals and for the founder's own. */
  readonly application?: string
  /** Serial of the certificate that it took over from: by renewal, rekey or recovery. */
  readonly replaces?: string
  /** PeerId of the node whose TLS companion this P-256 certificate is. */
  readonly companionOf?: string
  /** Thumbprint (RFC 7638) of the ACME account that it was issued to. */
  readonly account?: string
  readonly revokedAt?: number
  /** RFC 5280 5.3.1 reason name; present with `revokedAt`. */
  readonly reason?: string
  /** When a hold was lifted last. */
  readonly releasedAt?: number
}

export type State = 'good' | 'held' | 'revoked' | 'expired'

/** draft 3.1.2: state of a certificate. Revoked wins over expired: that is what the one who asks must know. */
export function stateOf(issued: Issued, now: number): State {
  if (issued.revokedAt !== undefined) return issued.reason === 'certificateHold' ? 'held' : 'revoked'
  return now > issued.notAfter ? 'expired' : 'good'
}
