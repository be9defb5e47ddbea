import type { JWK } from 'jose'
import type { Algorithm } from './account-key.ts'

/** An ACME account as it is kept. */
export interface AccountRecord {
  readonly id: string
  readonly jwk: JWK
  readonly algorithm: Algorithm
  /** Of `jwk`. */
  readonly thumbprint: string
  /** Thumbprint of its first key: the ACA knows the account by it, whatever key it has now. */
  readonly bound: string
  readonly status: 'valid' | 'deactivated'
  readonly contact: readonly string[]
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

/** An ACME order as it is kept. Its authorizations are born valid, so it is born ready. */
export interface OrderRecord {
  /** Account, a dot, and something random: the orders of one account stand together. */
  readonly id: string
  readonly account: string
  readonly dnsNames: readonly string[]
  readonly status: 'ready' | 'processing' | 'valid' | 'invalid'
  /** Milliseconds since the epoch: until then it can be finalised, afterwards its certificate can be fetched until that has ended. */
  readonly expires: number
  /** See Outcome.applicationId; present while it waits for a person. */
  readonly application?: string
  /** Why it became invalid. */
  readonly problem?: string
  /** PEM, leaf first, without the root. */
  readonly chain?: string
}
