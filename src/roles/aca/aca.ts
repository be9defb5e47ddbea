import { verifyIssuers } from '../../core/pki/chain.ts'
import { type Issued, stateOf } from '../../core/pki/issued.ts'
import { leafProfile } from '../../core/pki/profile.ts'
import { peerIdOf } from '../../core/ids/peer-id.ts'
import { refusalError } from '../../core/pki/refusal.ts'
import { type Evidence, type Review, reviewApplication, reviewRenewal } from '../../core/pki/review.ts'
import type { Lifecycle, Part } from '../../ports/part.ts'
import type { Caller } from '../../ports/rpc.ts'
import type { Counter } from '../../ports/metrics.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { ApplicationState, CertificateState } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { parseCertificate } from '../../wire/x509/certificate.ts'
import type { Crl, CrlReason } from '../../wire/x509/crl.ts'
import { parseCsr } from '../../wire/x509/csr.ts'
import { methods } from '../../wire/methods.ts'
import { adoptOwn } from './adopt.ts'
import { certify } from './certify.ts'
import { type AcaConfig, DEFAULT_ACA } from './config.ts'
import { CrlDesk } from './crl.ts'
import type { AcaDeps } from './deps.ts'
import { createVoucher, findCertificates, live, type NewVoucher, type VoucherRequest, voucherId } from './desk.ts'
import { Ledger } from './ledger.ts'
import { createQueue } from './queue.ts'
import { parseReason } from './reason.ts'

/** The certificate authority of a domain (draft 2.2, 3.1). The operations are the operator's; nodes come by `wire/methods.ts`. */
export interface Aca extends Lifecycle {
  /** One secret that is good for a certificate with these names and roles. Resolves after the commit. */
  createVoucher(request: VoucherRequest): Promise<NewVoucher>
  /** Everything issued and remembered, the newest first. */
  list(): CertificateView[]
  /** By serial, SPIFFE ID, handle, name or PeerId. Throws NOT_FOUND. */
  show(x: string): CertificateView[]
  /** Revokes what is in force under `x`, publishes a new list, resolves after the commit. Throws NOT_FOUND, INVALID_ARGUMENT. */
  revoke(x: string, reason: string): Promise<{ readonly revoked: CertificateView[]; readonly crlNumber: number }>
  crl(): Crl
  /** DER roots of the domain. */
  bundle(): { readonly domain: string; readonly roots: readonly Uint8Array[] }
}

export interface CertificateView extends Issued {
  readonly state: 'good' | 'revoked' | 'expired'
}

const MAINTENANCE_MS = 60_000
/** Applications that may wait; each takes a few milliseconds. */
const MAX_WAITING = 1000

const STATES = { good: CertificateState.GOOD, revoked: CertificateState.REVOKED, expired: CertificateState.EXPIRED }

export function aca(config: AcaConfig = DEFAULT_ACA): Part<AcaDeps, Aca> {
  return { name: 'aca', create: (deps) => new AcaService(config, deps) }
}

class AcaService implements Aca {
  readonly #config: AcaConfig
  readonly #deps: AcaDeps
  readonly #ledger: Ledger
  readonly #crl: CrlDesk
  readonly #alone = createQueue(MAX_WAITING)
  readonly #decided: Counter | undefined
  #stopTimer = () => {}

  constructor(config: AcaConfig, deps: AcaDeps) {
    this.#config = config
    this.#deps = deps
    this.#ledger = new Ledger(deps.store)
    this.#crl = new CrlDesk(config, deps, this.#ledger)
    this.#decided = deps.metrics?.counter('hansa_aca_applications_total', 'Applications and renewals by what came of them.', ['outcome'])
  }

  async start(): Promise<void> {
    const { clock, issuer, verify, rpc } = this.#deps
    const verdict = verifyIssuers(issuer.chain.map(parseCertificate), clock.now(), verify)
    if (!verdict.ok) throw refusalError(verdict)
    adoptOwn(this.#deps, this.#ledger)
    await this.#maintain()
    // Also when it is not new: the own node may have lost what it held.
    this.#crl.announce()
    this.#stopTimer = clock.every(
      MAINTENANCE_MS,
      () => void this.#maintain().catch((error: unknown) => this.#deps.log.error({ err: error }, 'maintenance of the CA failed'))
    )
    rpc.handle(methods.apply, async ({ csr, voucher }, { caller }) => {
      const chain = await this.#counted(this.#apply(csr, voucher, caller))
      return { state: ApplicationState.ISSUED, chain }
    })
    rpc.handle(methods.renew, async ({ csr }, { caller }) => ({ chain: await this.#counted(this.#renew(csr, caller)) }))
    rpc.handle(methods.certificateStatus, ({ serial }, { caller }) => this.#status(serial === '' ? (caller.identity?.serial ?? '') : serial))
    rpc.handle(methods.revoke, async ({ serial, reason }, { caller }) => ({ crlNumber: BigInt(await this.#revokeOwn(serial, reason, caller)) }))
  }

  async stop(): Promise<void> {
    this.#stopTimer()
    // What is being decided is finished: an applicant whose voucher is burnt must get its certificate.
    await this.#alone(async () => {})
  }

  createVoucher(request: VoucherRequest): Promise<NewVoucher> {
    return this.#alone(async () => {
      const voucher = createVoucher(request, this.#deps, this.#ledger)
      await this.#ledger.commit()
      return voucher
    })
  }

  list(): CertificateView[] {
    return this.#ledger
      .certificates()
      .map((issued) => this.#view(issued))
      .sort((a, b) => b.notBefore - a.notBefore)
  }

  show(x: string): CertificateView[] {
    return findCertificates(x, this.#deps.issuer.domain, this.#ledger).map((issued) => this.#view(issued))
  }

  revoke(x: string, reason: string): Promise<{ revoked: CertificateView[]; crlNumber: number }> {
    return this.#alone(async () => {
      const found = live(findCertificates(x, this.#deps.issuer.domain, this.#ledger), this.#deps.clock.now())
      if (found.length === 0) throw new HansaError('NOT_FOUND', 'every certificate of it is revoked or expired already')
      const crlNumber = await this.#revokeAll(found, parseReason(reason))
      return { revoked: found.map(({ serial, ...rest }) => this.#view(this.#ledger.certificate(serial) ?? { serial, ...rest })), crlNumber }
    })
  }

  crl(): Crl {
    return this.#crl.current()
  }

  bundle() {
    return { domain: this.#deps.issuer.domain, roots: this.#deps.issuer.chain.slice(-1) }
  }

  /** draft 3.1.1 */
  #apply(csr: Uint8Array, secret: string, caller: Caller): Promise<Uint8Array[]> {
    const id = voucherId(secret, this.#deps)
    return this.#alone(async () => {
      const evidence = this.#evidence(csr, caller)
      const voucher = this.#ledger.voucher(id)
      const review = accepted(reviewApplication(evidence, voucher, this.#deps.verify))
      const { issued, chain } = await this.#sign(review, evidence)
      // No await from here to the commit: a commit of somebody else in between would split what belongs together.
      this.#ledger.putCertificate(issued)
      if (voucher !== undefined) this.#ledger.putVoucher(id, { ...voucher, used: voucher.used + 1 })
      // One commit: the certificate is issued, the use is burnt and the predecessor is revoked, or none of it.
      if (review.supersedes.length > 0) await this.#revokeAll(review.supersedes, 'superseded')
      else await this.#ledger.commit()
      this.#deps.log.info({ name: review.name, peer: review.peer }, 'certificate issued')
      return chain
    })
  }

  /** draft 3.1.2 */
  #renew(csr: Uint8Array, caller: Caller): Promise<Uint8Array[]> {
    return this.#alone(async () => {
      const evidence = this.#evidence(csr, caller)
      const review = accepted(reviewRenewal(evidence, this.#ledger.certificate(caller.identity?.serial ?? ''), this.#deps.verify))
      const { issued, chain } = await this.#sign(review, evidence)
      this.#ledger.putCertificate(issued)
      await this.#ledger.commit()
      this.#deps.log.info({ name: review.name, peer: review.peer }, 'certificate renewed')
      return chain
    })
  }

  #sign(review: Extract<Review, { ok: true }>, evidence: Evidence): Promise<{ issued: Issued; chain: Uint8Array[] }> {
    const { issuer } = this.#deps
    const issuerNotAfter = Math.min(...issuer.chain.map((der) => parseCertificate(der).notAfter))
    const profile = leafProfile({ ...review, domain: issuer.domain }, evidence.csr.spki, evidence.now, this.#config.lifetimes, issuerNotAfter)
    return certify(profile, review.name, this.#deps)
  }

  #evidence(csr: Uint8Array, caller: Caller): Evidence {
    const ledger = this.#ledger
    return {
      csr: parseCsr(csr),
      peer: caller.peer,
      now: this.#deps.clock.now(),
      byName: (name) => ledger.byName(name),
      byPeer: (peer) => ledger.byPeer(peer),
      blocked: (peer) => ledger.isBlocked(peer) || this.#deps.issuer.chain.some((der) => peerIdOf(parseCertificate(der).spki) === peer)
    }
  }

  #status(serial: string) {
    const issued = this.#ledger.certificate(serial)
    if (issued === undefined) return { serial: serial.slice(0, 64), state: CertificateState.UNKNOWN }
    const { spiffeId, notBefore, notAfter, revokedAt = 0, reason = '' } = issued
    const state = STATES[stateOf(issued, this.#deps.clock.now())]
    return { serial, state, spiffeId, notBefore: BigInt(notBefore), notAfter: BigInt(notAfter), revokedAt: BigInt(revokedAt), reason }
  }

  /** draft 3.1.2: a holder gives up its own certificate; nobody else's. */
  #revokeOwn(asked: string, reason: string, caller: Caller): Promise<number> {
    return this.#alone(async () => {
      const serial = asked === '' ? (caller.identity?.serial ?? '') : asked
      const issued = this.#ledger.certificate(serial)
      if (issued === undefined || issued.peer !== caller.peer)
        throw new HansaError('PERMISSION_DENIED', 'a node may revoke its own certificate only', { domain: this.#deps.issuer.domain })
      if (issued.revokedAt !== undefined) return this.#ledger.crlNumber()
      return this.#revokeAll([issued], parseReason(reason))
    })
  }

  /** Commits, then tells everybody. */
  async #revokeAll(certificates: readonly Issued[], reason: CrlReason): Promise<number> {
    const now = this.#deps.clock.now()
    for (const issued of certificates) {
      this.#ledger.putCertificate({ ...issued, revokedAt: now, reason })
      if (reason === 'keyCompromise') this.#ledger.block(issued.peer)
    }
    const { number } = this.#crl.write()
    await this.#ledger.commit()
    this.#crl.announce()
    this.#deps.log.info({ serials: certificates.map((issued) => issued.serial), reason, crlNumber: number }, 'certificates revoked')
    return number
  }

  /** Forgets what has ended long ago, and publishes a list before the last one ends. */
  #maintain(): Promise<void> {
    return this.#alone(async () => {
      const now = this.#deps.clock.now()
      for (const issued of this.#ledger.certificates()) if (now > issued.notAfter + this.#config.rememberMs) this.#ledger.deleteCertificate(issued)
      for (const [id, voucher] of this.#ledger.vouchers()) if (now > voucher.expiresAt || voucher.used >= voucher.uses) this.#ledger.deleteVoucher(id)
      const due = this.#crl.due()
      if (due) this.#crl.write()
      await this.#ledger.commit()
      if (due) this.#crl.announce()
    })
  }

  async #counted<T>(decision: Promise<T>): Promise<T> {
    try {
      const result = await decision
      this.#decided?.inc({ outcome: 'issued' })
      return result
    } catch (error) {
      this.#decided?.inc({ outcome: toHansaError(error).code })
      throw error
    }
  }

  #view(issued: Issued): CertificateView {
    return { ...issued, state: stateOf(issued, this.#deps.clock.now()) }
  }
}

function accepted(review: Review): Extract<Review, { ok: true }> {
  if (!review.ok) throw review.error
  return review
}
