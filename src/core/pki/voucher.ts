import type { Grant } from './grant.ts'
import { refused, type Refused } from './refused.ts'

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

/** Is it good now? VOUCHER_INVALID otherwise. */
export function openVoucher(voucher: Voucher | undefined, now: number): { readonly ok: true; readonly voucher: Voucher } | Refused {
  if (voucher === undefined) return refused('VOUCHER_INVALID', 'no such voucher')
  if (now > voucher.expiresAt) return refused('VOUCHER_INVALID', 'the voucher has expired')
  if (voucher.used >= voucher.uses) return refused('VOUCHER_INVALID', 'the voucher has been used')
  return { ok: true, voucher }
}

/** Is it good for this request? Undefined when it is. */
export function boundElsewhere(boundTo: string | undefined, request: { readonly keyId: string; readonly csrId: string }): Refused | undefined {
  return boundTo === undefined || boundTo === request.keyId || boundTo === request.csrId
    ? undefined
    : refused('VOUCHER_INVALID', 'the voucher is bound to another key or request')
}
