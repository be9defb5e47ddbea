import { HansaError } from '../../schema/errors.ts'
import { CRL_REASONS, type CrlReason, isCrlReason } from '../../wire/x509/crl.ts'

/** A reason of RFC 5280 5.3.1 by name; the empty one is `unspecified`. Throws INVALID_ARGUMENT. */
export function parseReason(text: string): CrlReason {
  if (text === '') return 'unspecified'
  if (!isCrlReason(text))
    throw new HansaError('INVALID_ARGUMENT', `not a reason to revoke a certificate; one of ${Object.keys(CRL_REASONS).join(', ')} is wanted`)
  return text
}
