import type { Grant } from './grant.ts'

/** An ACME account that a voucher was bound to (RFC 8555 7.3.4). */
export interface Account {
  /** What the voucher gave. */
  readonly grant: Grant
  /** Public id of the voucher. */
  readonly voucher: string
  /** Milliseconds since the epoch. */
  readonly boundAt: number
  /** See Voucher. */
  readonly replace: boolean
  readonly boundTo?: string
  /** When the operator took the name away, or the key was compromised: the account gets nothing more until a new voucher is bound to it. */
  readonly endedAt?: number
}
