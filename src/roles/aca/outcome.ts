import { unhex } from '../../core/ids/hex.ts'
import type { ApplicationRecord } from '../../core/pki/application.ts'
import { stateOf } from '../../core/pki/issued.ts'
import type { Outcome } from '../../ports/authority-door.ts'
import type { Book } from './book.ts'
import { chainOf } from './sign.ts'

/** A person decides; whoever asks more often learns nothing sooner. */
export const RETRY_MS = 10_000

/** How an application fares, for the applicant. Undefined when the certificate that it gave is no longer good. */
export function outcomeOf(book: Book, record: ApplicationRecord): Outcome | undefined {
  const { id: applicationId, verdicts, message = '' } = record
  const now = book.deps.clock.now()
  if (record.state === 'rejected') return { state: 'rejected', applicationId, verdicts, message }
  if (record.state === 'pending') {
    if (now > record.expiresAt) return { state: 'rejected', applicationId, verdicts, message: 'nobody has decided in time; apply again' }
    return { state: 'pending', applicationId, verdicts, message, retryAfterMs: RETRY_MS }
  }
  const issued = book.ledger.certificate(record.serial ?? '')
  const leaf = unhex(record.leaf ?? '')
  if (issued === undefined || leaf === undefined || stateOf(issued, now) !== 'good') return undefined
  return { state: 'issued', applicationId, verdicts, chain: chainOf(book, leaf, issued.issuer) }
}
