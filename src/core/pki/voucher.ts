import type { Grant } from './grant.ts'

/** An operator's word that some node may have a name and roles. Its secret is not here: only the SHA-256 of it is kept, as the voucher's key. */
export interface Voucher extends Grant {
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  /** How many certificates it is good for in all, and how many it has given. */
  readonly uses: number
  readonly used: number
  /** True: the new holder takes the name over; what the old one has is revoked as superseded. */
  readonly replace: boolean
  /** SHA-256, hex, of the SubjectPublicKeyInfo or of the CSR that it is good for alone; absent: for whoever brings it first. */
  readonly boundTo?: string
}

/** Name of the certificate of the next use: the voucher's own, or with more than one use name-1, name-2 and so on. */
export function nextName(voucher: Voucher): string {
  return voucher.uses === 1 ? voucher.name : `${voucher.name}-${voucher.used + 1}`
}
