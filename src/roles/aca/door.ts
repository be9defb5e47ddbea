import { hex } from '../../core/ids/hex.ts'
import type { Issued } from '../../core/pki/issued.ts'
import { stateOf } from '../../core/pki/issued.ts'
import type { AuthorityDoor, Standing } from '../../ports/authority-door.ts'
import { HansaError } from '../../schema/errors.ts'
import type { Accounts } from './accounts.ts'
import type { Applications } from './applications.ts'
import type { Book } from './book.ts'
import type { Issuance } from './issuance.ts'
import { parseReason } from './reason.ts'
import type { Revoking } from './revoking.ts'

/** Parts of the ACA that stand behind its foreign doors. */
export interface BehindTheDoor {
  readonly issuance: Issuance
  readonly applications: Applications
  readonly accounts: Accounts
  readonly revoking: Revoking
}

/** What EST, ACME, OCSP and the documents ask of the ACA: the same issuance and the same policy as everywhere. */
export function createDoor(book: Book, { issuance, applications, accounts, revoking }: BehindTheDoor): AuthorityDoor {
  const { deps, ledger, crl, alone } = book
  const { issuer } = deps
  return {
    domain: issuer.domain,
    apply: (application, applicant) => issuance.apply(application, applicant),
    renew: (csr, applicant) => issuance.renew(csr, applicant),
    application: (id) => applications.status(id),
    bindAccount: (voucherId, thumbprint) => accounts.bind(voucherId, thumbprint),
    eabKey: (voucherId) => accounts.eabKey(voucherId),
    accountGrant: (thumbprint) => accounts.grant(thumbprint),
    revoke: (serial, reason, by) =>
      alone(async () => {
        const issued = ledger.certificate(serial)
        if (issued === undefined) throw new HansaError('NOT_FOUND', 'no such certificate')
        const own = 'spki' in by ? hex(deps.sha256(by.spki)) === issued.keyId : issued.account === by.account
        if (!own) throw new HansaError('PERMISSION_DENIED', 'neither the key of the certificate nor the account that got it', { domain: issuer.domain })
        if (issued.revokedAt === undefined) await revoking.revokeAll([issued], parseReason(reason), issued.spiffeId)
      }),
    standing: (serial) => standing(serial, ledger.certificate(serial), deps.clock.now()),
    signers: issuer.signers,
    roots: () => issuer.roots,
    ocsp: (request) => book.ocsp.answer(request),
    crl(id) {
      if (id !== undefined && id !== issuer.signers[0]?.id) throw new HansaError('NOT_FOUND', 'no list of such a CA')
      return crl.current().der
    }
  }
}

function standing(serial: string, issued: Issued | undefined, now: number): Standing {
  if (issued === undefined) return { serial, state: 'unknown' }
  const { spiffeId, issuer, notBefore, notAfter, revokedAt, reason } = issued
  const revocation = revokedAt === undefined ? {} : { revokedAt, reason: reason ?? 'unspecified' }
  return { serial, state: stateOf(issued, now), spiffeId, issuer, notBefore, notAfter, ...revocation }
}
