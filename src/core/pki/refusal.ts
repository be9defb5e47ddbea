import { type ErrorCode, HansaError } from '../../schema/errors.ts'

/** Why a chain or a list is not believed. Stable: tools and logs compare them. */
export type Reason =
  | 'malformed'
  | 'chain-length'
  | 'not-v3'
  | 'algorithm'
  | 'unknown-critical-extension'
  | 'empty-name'
  | 'issuer-mismatch'
  | 'key-identifier-missing'
  | 'key-identifier-mismatch'
  | 'bad-signature'
  | 'not-yet-valid'
  | 'expired'
  | 'not-a-ca'
  | 'path-length'
  | 'ca-key-usage'
  | 'ca-extended-key-usage'
  | 'unconstrained-ca'
  | 'leaf-is-ca'
  | 'leaf-key-usage'
  | 'leaf-extended-key-usage'
  | 'spiffe-id'
  | 'names'
  | 'roles'
  | 'scopes'
  | 'name-constraints'
  | 'name-mismatch'
  | 'key-mismatch'
  | 'unknown-root'
  | 'budget'
  | 'revoked'
  | 'crl-missing'
  | 'crl-stale'
  | 'crl-scope'
  | 'crl-dates'
  | 'crl-key-usage'

const CODES: Partial<Record<Reason, ErrorCode>> = {
  expired: 'CERTIFICATE_EXPIRED',
  revoked: 'CERTIFICATE_REVOKED',
  'unknown-root': 'UNKNOWN_DOMAIN'
}

export interface Refusal {
  readonly ok: false
  readonly reason: Reason
  /** One sentence for people; names what was wrong and what was wanted. */
  readonly message: string
}

export function refuse(reason: Reason, message: string): Refusal {
  return { ok: false, reason, message }
}

/** The refusal as an error: CERTIFICATE_EXPIRED, CERTIFICATE_REVOKED, UNKNOWN_DOMAIN, and CERTIFICATE_INVALID for all else; `reason` in the metadata. */
export function refusalError(refusal: Refusal, metadata: Record<string, string> = {}): HansaError {
  return new HansaError(CODES[refusal.reason] ?? 'CERTIFICATE_INVALID', refusal.message, { ...metadata, reason: refusal.reason })
}
