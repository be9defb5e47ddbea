import type { AuthorityDoor } from '../../ports/authority-door.ts'
import type { Accounts } from './accounts.ts'
import type { Applications } from './applications.ts'
import type { Book } from './book.ts'
import type { Issuance } from './issuance.ts'
import type { Revoking } from './revoking.ts'
import { standingOf } from './standing.ts'

/** Parts of the ACA that stand behind its foreign doors. */
export interface BehindTheDoor {
  readonly issuance: Issuance
  readonly applications: Applications
  readonly accounts: Accounts
  readonly revoking: Revoking
}

/** What EST, ACME, OCSP and the documents ask of the ACA: the same issuance and the same policy as everywhere. */
export function createDoor(book: Book, { issuance, applications, accounts, revoking }: BehindTheDoor): AuthorityDoor {
  const { issuer } = book.deps
  return {
    domain: issuer.domain,
    apply: (application, applicant) => issuance.apply(application, applicant),
    renew: (csr, applicant) => issuance.renew(csr, applicant),
    application: (id) => applications.status(id),
    bindAccount: (voucherId, thumbprint) => accounts.bind(voucherId, thumbprint),
    eabKey: (voucherId) => accounts.eabKey(voucherId),
    accountGrant: (thumbprint) => accounts.grant(thumbprint),
    revoke: async (serial, reason, by) => void (await revoking.revokeProved(serial, reason, by)),
    standing: (serial) => standingOf(book, serial),
    signers: issuer.signers,
    roots: () => issuer.roots,
    ocsp: (request) => book.ocsp.answer(request),
    crl: (id) => book.crl.current(id).der
  }
}
