import { verifyIssuers } from '../../core/pki/chain.ts'
import { type Issued, stateOf } from '../../core/pki/issued.ts'
import { refusalError } from '../../core/pki/refusal.ts'
import type { AuthorityDoor } from '../../ports/authority-door.ts'
import type { Lifecycle, Part } from '../../ports/part.ts'
import { parseCertificate } from '../../wire/x509/certificate.ts'
import type { Crl } from '../../wire/x509/crl.ts'
import { methods } from '../../wire/methods.ts'
import { Accounts } from './accounts.ts'
import { adoptCas, adoptOwn } from './adopt.ts'
import type { AuditEntry, AuditHead, AuditVerdict } from './audit-log.ts'
import { applicationOf, applyResponse } from './application-messages.ts'
import { Applications } from './applications.ts'
import { type Book, openBook } from './book.ts'
import { type AcaConfig, DEFAULT_ACA } from './config.ts'
import type { AcaDeps } from './deps.ts'
import { createVoucher, findCertificates, type NewVoucher, type VoucherRequest } from './desk.ts'
import { deregistered } from './deregistration.ts'
import { createDoor } from './door.ts'
import { Issuance } from './issuance.ts'
import { type Changed, Revoking } from './revoking.ts'
import { statusOf } from './standing.ts'
import type { ApplicationView, Approval, CertificateView } from './views.ts'

/** The certificate authority of a domain (draft 2.2, 3.1). The operations are the operator's; nodes come by `wire/methods.ts`. */
export interface Aca extends Lifecycle {
  /** One secret that is good for a certificate with these names and roles. Resolves after the commit. */
  createVoucher(request: VoucherRequest): Promise<NewVoucher>
  /** Applications that wait for a person (draft 3.1.1), the oldest first. */
  pending(): ApplicationView[]
  /** Any application that is remembered, by its short name. Throws NOT_FOUND. */
  application(ref: string): ApplicationView
  /**
   * Approves as it was asked, or with changes; issues with the last approval that is needed. Throws NOT_FOUND, PERMISSION_DENIED (who decides), SIGNATURE_INVALID, and what has changed
   * since: KEY_REFUSED, NAME_TAKEN, CSR_INVALID.
   */
  approve(ref: string, approval: Approval): Promise<ApplicationView>
  /** Rejects, for a reason that the applicant is told. Throws as `approve`. */
  reject(ref: string, why: string, approval: Approval): Promise<ApplicationView>
  /** For doors that speak other protocols. */
  readonly door: AuthorityDoor
  /** Everything issued and remembered, the newest first. */
  list(): CertificateView[]
  /** By serial, SPIFFE ID, handle, name or PeerId. Throws NOT_FOUND. */
  show(x: string): CertificateView[]
  /** Revokes what is in force under `x`, publishes a new list, resolves after the commit. Throws NOT_FOUND, INVALID_ARGUMENT. */
  revoke(x: string, reason: string): Promise<{ readonly revoked: CertificateView[]; readonly crlNumber: number }>
  /** The same for every certificate that names an organisation. Throws NOT_FOUND, INVALID_ARGUMENT. */
  revokeOrganisation(organisation: string, reason: string): Promise<{ readonly revoked: CertificateView[]; readonly crlNumber: number }>
  /** draft 3.1.2: lifts every hold (certificateHold) of what is under `x`. Throws NOT_FOUND, and INVALID_ARGUMENT when there is none: nothing else can be lifted. */
  release(x: string): Promise<{ readonly released: CertificateView[]; readonly crlNumber: number }>
  /** Entries of the audit log from number `from`, otherwise the last ones, at most `limit` (100; up to 1000). Throws INVALID_ARGUMENT, AUDIT_BROKEN. */
  audit(options: { readonly from?: number; readonly limit?: number }): AuditEntry[]
  /** Reads the whole audit log. `noted`: a head that was written down elsewhere, to which the log must still lead. */
  verifyAudit(noted?: AuditHead): AuditVerdict
  /** The list in force of a CA or root, by SHA-256 of its key (hex); of the CA that signs now when absent. Throws NOT_FOUND. */
  crl(issuer?: string): Crl
  /** DER roots of the domain. */
  bundle(): { readonly domain: string; readonly roots: readonly Uint8Array[] }
}

const MAINTENANCE_MS = 60_000
/** Certificates forgotten in one round: a few milliseconds, in which nothing else is decided. */
const MAX_FORGOTTEN = 5000

export function aca(config: AcaConfig = DEFAULT_ACA): Part<AcaDeps, Aca> {
  return { name: 'aca', create: (deps) => new AcaService(config, deps) }
}

class AcaService implements Aca {
  readonly #book: Book
  readonly #revoking: Revoking
  readonly #issuance: Issuance
  readonly #applications: Applications
  readonly door: AuthorityDoor
  #stopTimer = () => {}

  constructor(config: AcaConfig, deps: AcaDeps) {
    this.#book = openBook(config, deps)
    this.#revoking = new Revoking(this.#book)
    this.#issuance = new Issuance(this.#book, this.#revoking)
    this.#applications = new Applications(this.#book, this.#issuance)
    const parts = { issuance: this.#issuance, applications: this.#applications, accounts: new Accounts(this.#book), revoking: this.#revoking }
    this.door = createDoor(this.#book, parts)
  }

  async start(): Promise<void> {
    const { deps, ledger, crl } = this.#book
    const { clock, issuer, verify } = deps
    const verdict = verifyIssuers(issuer.chain.map(parseCertificate), clock.now(), verify)
    if (!verdict.ok) throw refusalError(verdict)
    adoptCas(deps, ledger)
    adoptOwn(deps, ledger)
    await this.#maintain()
    // Also when it is not new: the own node may have lost what it held.
    crl.announceAll()
    this.#stopTimer = clock.every(
      // Lists of a short life are due more often.
      Math.min(MAINTENANCE_MS, this.#book.config.crlLifetimeMs / 4),
      () => void this.#maintain().catch((error: unknown) => deps.log.error({ err: error }, 'maintenance of the CA failed'))
    )
    this.#serve()
  }

  async stop(): Promise<void> {
    this.#stopTimer()
    // What is being decided is finished: an applicant whose voucher is burnt must get its certificate.
    await this.#book.alone(async () => {}, 'end')
  }

  #serve(): void {
    const { rpc } = this.#book.deps
    const issuance = this.#issuance
    rpc.handle(methods.apply, async (request, { caller }) => applyResponse(await issuance.apply(applicationOf(request), { door: 'libp2p', ...caller })))
    rpc.handle(methods.applicationStatus, ({ applicationId }, { caller }) => applyResponse(this.#applications.status(applicationId, caller.peer)))
    rpc.handle(methods.renew, async ({ csr, scopes }, { caller }) => ({ chain: [...(await issuance.renew(csr, { door: 'libp2p', ...caller }, scopes))] }))
    rpc.handle(methods.rekey, async ({ csr, proof }, { caller }) => ({ chain: [...(await issuance.rekey(csr, proof, { door: 'libp2p', ...caller }))] }))
    rpc.handle(methods.certificateStatus, ({ serial }, { caller }) => statusOf(this.#book, serial === '' ? (caller.identity?.serial ?? '') : serial))
    rpc.handle(methods.revoke, async ({ serial, reason }, { caller }) => ({ crlNumber: BigInt(await this.#revoking.revokeOwn(serial, reason, caller)) }))
    rpc.handle(methods.deregistered, async (notice, { caller }) => {
      await deregistered(this.#book, this.#revoking, notice, caller.identity)
      return {}
    })
  }

  createVoucher(request: VoucherRequest): Promise<NewVoucher> {
    const { alone, deps, ledger, audit } = this.#book
    return alone(async () => {
      const voucher = createVoucher(request, deps, ledger)
      audit.append('voucher', 'operator', voucher.name, { roles: voucher.roles.join(), uses: String(voucher.uses) })
      await ledger.commit()
      return voucher
    }, 'operator')
  }

  pending(): ApplicationView[] {
    return this.#applications.pending()
  }

  application(ref: string): ApplicationView {
    return this.#applications.application(ref)
  }

  approve(ref: string, approval: Approval): Promise<ApplicationView> {
    return this.#applications.approve(ref, approval)
  }

  reject(ref: string, why: string, approval: Approval): Promise<ApplicationView> {
    return this.#applications.reject(ref, why, approval)
  }

  list(): CertificateView[] {
    return this.#book.ledger
      .certificates()
      .map((issued) => this.#view(issued))
      .sort((a, b) => b.notBefore - a.notBefore)
  }

  show(x: string): CertificateView[] {
    return findCertificates(x, this.#book.deps.issuer.domain, this.#book.ledger).map((issued) => this.#view(issued))
  }

  async revoke(x: string, reason: string) {
    return this.#revoked(await this.#revoking.revoke(x, reason))
  }

  async revokeOrganisation(organisation: string, reason: string) {
    return this.#revoked(await this.#revoking.revokeOrganisation(organisation, reason))
  }

  async release(x: string) {
    const { revoked: released, crlNumber } = this.#revoked(await this.#revoking.release(x))
    return { released, crlNumber }
  }

  #revoked({ changed, crlNumber }: Changed): { revoked: CertificateView[]; crlNumber: number } {
    return { revoked: changed.map((issued) => this.#view(issued)), crlNumber }
  }

  audit(options: { readonly from?: number; readonly limit?: number }): AuditEntry[] {
    return this.#book.audit.read(options)
  }

  verifyAudit(noted?: AuditHead): AuditVerdict {
    return this.#book.audit.verify(noted)
  }

  crl(issuer?: string): Crl {
    return this.#book.crl.current(issuer)
  }

  bundle() {
    const { domain, roots } = this.#book.deps.issuer
    return { domain, roots }
  }

  /** Forgets what has ended long ago, and publishes a list before the last one ends. */
  #maintain(): Promise<void> {
    const { alone, deps, ledger, config, crl } = this.#book
    return alone(async () => {
      const now = deps.clock.now()
      for (const issued of ledger.endedBefore(now - config.rememberMs, MAX_FORGOTTEN)) ledger.deleteCertificate(issued)
      for (const [id, voucher] of ledger.vouchers()) if (now > voucher.expiresAt || voucher.used >= voucher.uses) ledger.deleteVoucher(id)
      this.#book.applications.forget(now)
      const due = crl.due()
      if (due.length > 0) crl.write(due)
      await ledger.commit()
      crl.announce()
    }, 'operator')
  }

  #view(issued: Issued): CertificateView {
    return { ...issued, state: stateOf(issued, this.#book.deps.clock.now()) }
  }
}
