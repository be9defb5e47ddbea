import type { Issued } from '../../core/pki/issued.ts'
import type { Caller } from '../../ports/rpc.ts'
import { HansaError } from '../../schema/errors.ts'
import type { CrlReason } from '../../wire/x509/crl.ts'
import type { Book } from './book.ts'
import { findCertificates, live } from './desk.ts'
import { parseReason } from './reason.ts'

/** draft 3.1.2: revocation, by the operator and by the holder. */
export class Revoking {
  readonly #book: Book

  constructor(book: Book) {
    this.#book = book
  }

  /** What is in force under `x`; see Aca.revoke. */
  revoke(x: string, reason: string): Promise<{ revoked: Issued[]; crlNumber: number }> {
    const { alone, deps, ledger } = this.#book
    return alone(async () => {
      const found = live(findCertificates(x, deps.issuer.domain, ledger), deps.clock.now())
      if (found.length === 0) throw new HansaError('NOT_FOUND', 'every certificate of it is revoked or expired already')
      const crlNumber = await this.revokeAll(found, parseReason(reason), 'operator')
      return { revoked: found.map((issued) => ledger.certificate(issued.serial) ?? issued), crlNumber }
    })
  }

  /** A holder gives up its own certificate; nobody else's. */
  revokeOwn(asked: string, reason: string, caller: Caller): Promise<number> {
    const { alone, ledger, deps } = this.#book
    return alone(async () => {
      const serial = asked === '' ? (caller.identity?.serial ?? '') : asked
      const issued = ledger.certificate(serial)
      if (issued === undefined || !this.#belongsTo(issued, caller))
        throw new HansaError('PERMISSION_DENIED', 'a node may revoke its own certificate only', { domain: deps.issuer.domain })
      if (issued.revokedAt !== undefined) return ledger.crlNumber()
      return this.revokeAll([issued], parseReason(reason), issued.spiffeId)
    })
  }

  /** Its own, its TLS companion's, or that of a key which it has replaced. */
  #belongsTo(issued: Issued, { peer, identity }: Caller): boolean {
    return issued.peer === peer || issued.companionOf === peer || this.#book.ledger.certificate(identity?.serial ?? '')?.replaces === issued.serial
  }

  /** Commits, together with what the caller has written, then tells everybody. Called within `alone`. */
  async revokeAll(certificates: readonly Issued[], reason: CrlReason, by: string): Promise<number> {
    const { deps, ledger, crl, audit, accounts } = this.#book
    const now = deps.clock.now()
    for (const issued of certificates) {
      ledger.putCertificate({ ...issued, revokedAt: now, reason })
      if (reason === 'keyCompromise') ledger.block(issued.keyId)
      // Whoever takes a name away, or finds its key compromised, means the account as well; its holder may give up one certificate and have the next.
      if (issued.account !== undefined && (by !== issued.spiffeId || reason === 'keyCompromise')) accounts.end(issued.account, now)
      audit.append('revoked', by, issued.spiffeId, { serial: issued.serial, reason })
    }
    const { number } = crl.write()
    await ledger.commit()
    crl.announce()
    deps.log.info({ serials: certificates.map((issued) => issued.serial), reason, crlNumber: number }, 'certificates revoked')
    return number
  }
}
