import { hex } from '../../core/ids/hex.ts'
import type { Account } from '../../core/pki/account.ts'
import { release, revoke } from '../../core/pki/ending.ts'
import type { Issued } from '../../core/pki/issued.ts'
import { lineage } from '../../core/pki/lineage.ts'
import type { Counter } from '../../ports/metrics.ts'
import type { Caller } from '../../ports/rpc.ts'
import { HansaError } from '../../schema/errors.ts'
import type { CrlReason } from '../../wire/x509/crl.ts'
import type { Book } from './book.ts'
import { accountsMeant, certificatesMeant, findCertificates } from './desk.ts'
import { parseReason } from './reason.ts'
import { shownBy } from './shown-by.ts'

/** What a revocation or a release has changed, as it is in the ledger now, and the number of the list that says so. */
export interface Changed {
  readonly changed: Issued[]
  readonly crlNumber: number
}

/** draft 3.1.2: revocation by the operator and by the holder, holds, and their end. Everything resolves after the commit. */
export class Revoking {
  readonly #book: Book
  readonly #counter: Counter | undefined

  constructor(book: Book) {
    this.#book = book
    this.#counter = book.deps.metrics?.counter('hansa_aca_revocations_total', 'Certificates revoked by reason, and holds lifted (reason released).', ['reason'])
  }

  /** What an operator means by `x`; see Aca.revoke. */
  revoke(x: string, reason: string): Promise<Changed> {
    const { alone, deps, ledger } = this.#book
    return alone(() => {
      const found = certificatesMeant(x, deps.issuer.domain, ledger)
      const meant = accountsMeant(x, deps.issuer.domain, this.#book)
      if (found.length === 0 && meant.length === 0) throw new HansaError('NOT_FOUND', 'no certificate has this serial, SPIFFE ID, handle or PeerId')
      return this.#revokeAny(found, meant, parseReason(reason))
    }, 'operator')
  }

  /** Everything in force of an organisation; see Aca.revokeOrganisation. */
  revokeOrganisation(organisation: string, reason: string): Promise<Changed> {
    const { alone, ledger, accounts } = this.#book
    return alone(() => {
      const found = ledger.byOrganisation(organisation)
      const meant = accounts.byOrganisation(organisation)
      if (found.length === 0 && meant.length === 0) throw new HansaError('NOT_FOUND', 'no certificate names this organisation')
      return this.#revokeAny(found, meant, parseReason(reason))
    }, 'operator')
  }

  /** A holder gives up its own certificate, or one of a key that it has replaced; nobody else's. An empty serial means the one it shows. */
  revokeOwn(asked: string, reason: string, caller: Caller): Promise<number> {
    const { alone, ledger, deps } = this.#book
    return alone(async () => {
      const shown = shownBy(caller.identity, ledger)
      const issued = asked === '' ? shown : ledger.certificate(asked)
      // Whether there is such a certificate is told to nobody else.
      if (issued === undefined || !(issued.peer === caller.peer || issued.companionOf === caller.peer || this.#isReplaced(issued, shown)))
        throw new HansaError('PERMISSION_DENIED', 'a node may revoke its own certificates only', { domain: deps.issuer.domain })
      return this.#revokeOne(issued, parseReason(reason), issued.spiffeId)
    })
  }

  /** For who has proved the key of the certificate, or the ACME account that got it; see AuthorityDoor.revoke. */
  revokeProved(serial: string, reason: string, by: { readonly spki: Uint8Array } | { readonly account: string }): Promise<number> {
    const { alone, ledger, deps } = this.#book
    return alone(async () => {
      const issued = ledger.certificate(serial)
      if (issued === undefined) throw new HansaError('NOT_FOUND', 'this ACA has issued no certificate with this serial')
      const own = 'spki' in by ? issued.keyId === hex(deps.sha256(by.spki)) : issued.account === by.account
      if (!own)
        throw new HansaError('PERMISSION_DENIED', 'a certificate is revoked for who proves its key or for the account that it was issued to', {
          domain: deps.issuer.domain
        })
      return this.#revokeOne(issued, parseReason(reason), 'spki' in by ? `key ${issued.keyId}` : `account ${by.account}`)
    })
  }

  /** draft 3.1.2, recovery: lifts every hold of what an operator means by `x`; see Aca.release. */
  release(x: string): Promise<Changed> {
    const { alone, deps, ledger, audit } = this.#book
    return alone(async () => {
      const found = findCertificates(x, deps.issuer.domain, ledger)
      const lifted = found.flatMap((issued) => release(issued, deps.clock.now()) ?? [])
      const final = found.find(({ revokedAt }) => revokedAt !== undefined)
      if (lifted.length === 0 && final !== undefined)
        throw new HansaError(
          'INVALID_ARGUMENT',
          `only certificateHold can be lifted; ${final.serial} is revoked as ${final.reason ?? 'unspecified'}: its holder applies anew, and cites that serial`
        )
      if (lifted.length === 0) throw new HansaError('INVALID_ARGUMENT', 'no certificate of it is on hold')
      for (const issued of lifted) {
        ledger.putCertificate(issued)
        audit.append('released', 'operator', issued.spiffeId, { serial: issued.serial })
      }
      const crlNumber = await this.#publish(lifted)
      this.#counter?.inc({ reason: 'released' }, lifted.length)
      deps.log.info({ serials: lifted.map(({ serial }) => serial), crlNumber }, 'certificates released')
      return { changed: lifted, crlNumber }
    }, 'operator')
  }

  /** Commits, together with what the caller has written, then tells everybody. Called within `alone`. Certificates that have ended already stay as they are. */
  async revokeAll(certificates: readonly Issued[], reason: CrlReason, by: string): Promise<number> {
    return (
      await this.#end(
        certificates,
        reason,
        by,
        certificates.every(({ spiffeId }) => spiffeId === by)
      )
    ).crlNumber
  }

  /** `meant`: accounts that get nothing more, whether or not they have anything in force. */
  async #revokeAny(found: readonly Issued[], meant: readonly (readonly [string, Account])[], reason: CrlReason): Promise<Changed> {
    const { deps, accounts, audit, ledger, crl } = this.#book
    const now = deps.clock.now()
    const endings = found.map((issued) => revoke(issued, reason, now).kind)
    for (const [thumbprint, { grant }] of meant) {
      accounts.end(thumbprint, now)
      audit.append('accountEnded', 'operator', grant.name, { account: thumbprint, reason })
    }
    if (endings.includes('changed')) return this.#end(found, reason, 'operator', false)
    if (meant.length > 0) {
      await ledger.commit()
      return { changed: [], crlNumber: crl.current().number }
    }
    if (endings.includes('final')) throw revokedForGood()
    throw new HansaError('NOT_FOUND', 'every certificate of it is revoked or expired already')
  }

  async #revokeOne(issued: Issued, reason: CrlReason, by: string): Promise<number> {
    const { kind } = revoke(issued, reason, this.#book.deps.clock.now())
    if (kind === 'final') throw revokedForGood()
    // Asked again, because the answer was lost.
    if (kind === 'ended') return this.#book.crl.current(issued.issuer).number
    return (await this.#end([issued], reason, by, true)).crlNumber
  }

  async #end(certificates: readonly Issued[], reason: CrlReason, by: string, holder: boolean): Promise<Changed> {
    const { deps, ledger, audit, accounts } = this.#book
    const now = deps.clock.now()
    const all = reason === 'keyCompromise' ? this.#blockKeys(certificates) : certificates
    const changed: Issued[] = []
    for (const issued of all) {
      const ending = revoke(issued, reason, now)
      if (ending.kind !== 'changed') continue
      ledger.putCertificate(ending.issued)
      // Whoever takes a name away, or finds its key compromised, means the account as well; its holder may give up one certificate and have the next.
      if (issued.account !== undefined && (!holder || reason === 'keyCompromise')) accounts.end(issued.account, now)
      audit.append('revoked', by, issued.spiffeId, { serial: issued.serial, reason })
      changed.push(ending.issued)
    }
    const crlNumber = await this.#publish(changed)
    this.#counter?.inc({ reason }, changed.length)
    deps.log.info({ serials: changed.map(({ serial }) => serial).slice(0, MAX_LOGGED), count: changed.length, reason, crlNumber }, 'certificates revoked')
    return { changed, crlNumber }
  }

  /**
   * A key that was lost is never certified again, whatever its kind, and all of its certificates go with it; so do the TLS companions of a node, which whoever has its key
   * could have had made.
   */
  #blockKeys(certificates: readonly Issued[]): Issued[] {
    const { ledger } = this.#book
    const companions = certificates.flatMap(({ peer }) => (peer === '' ? [] : ledger.byPeer(peer)))
    const lost = [...certificates, ...companions]
    for (const issued of lost) ledger.block(issued)
    return [...new Set(lost.map(({ keyId }) => keyId))].flatMap((keyId) => ledger.byKey(keyId))
  }

  async #publish(changed: readonly Issued[]): Promise<number> {
    const { ledger, crl } = this.#book
    const number = crl.write(changed.map(({ issuer }) => issuer))
    await ledger.commit()
    crl.announce()
    return number
  }

  /** True when the certificate that is shown took over, in one or more steps, from one with this one's key. */
  #isReplaced(issued: Issued, shown: Issued | undefined): boolean {
    // The same holder: that one took over from another says nothing of the other's certificates.
    if (issued.spiffeId !== shown?.spiffeId) return false
    for (const { keyId } of lineage(shown, (serial) => this.#book.ledger.certificate(serial))) if (keyId === issued.keyId) return true
    return false
  }
}

/** An organisation may have thousands; the audit log has them all. */
const MAX_LOGGED = 32

function revokedForGood(): HansaError {
  return new HansaError('INVALID_ARGUMENT', 'it is revoked for good; that cannot be made a hold, which could be lifted')
}
