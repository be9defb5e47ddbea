import { peerIdOf } from '../../core/ids/peer-id.ts'
import { leafProfile } from '../../core/pki/profile.ts'
import { type Evidence, type Review, reviewApplication, reviewRenewal } from '../../core/pki/review.ts'
import type { Issued } from '../../core/pki/issued.ts'
import type { Applicant, Application, Outcome } from '../../ports/authority-door.ts'
import { parseCertificate } from '../../wire/x509/certificate.ts'
import { parseCsr } from '../../wire/x509/csr.ts'
import { accepted, type Book } from './book.ts'
import { certify } from './certify.ts'
import { voucherId } from './desk.ts'
import type { Revoking } from './revoking.ts'

/** The one way to a certificate (draft 3.1.1, 3.1.2), whatever door an applicant came through. */
export class Issuance {
  readonly #book: Book
  readonly #revoking: Revoking

  constructor(book: Book, revoking: Revoking) {
    this.#book = book
    this.#revoking = revoking
  }

  /** draft 3.1.1 */
  apply({ csr, voucher: secret = '' }: Application, applicant: Applicant): Promise<Outcome> {
    const { alone, ledger, audit, deps } = this.#book
    const id = voucherId(secret, deps)
    return alone(async () => {
      const evidence = this.#evidence(csr, applicant)
      const voucher = ledger.voucher(id)
      const review = accepted(reviewApplication(evidence, voucher, deps.verify))
      const { issued, chain } = await this.#sign(review, evidence)
      // No await from here to the commit: a commit of somebody else in between would split what belongs together.
      ledger.putCertificate(issued)
      if (voucher !== undefined) ledger.putVoucher(id, { ...voucher, used: voucher.used + 1 })
      audit.append('issued', applicant.peer ?? applicant.door, issued.spiffeId, { serial: issued.serial })
      // One commit: the certificate is issued, the use is burnt and the predecessor is revoked, or none of it.
      if (review.supersedes.length > 0) await this.#revoking.revokeAll(review.supersedes, 'superseded', issued.spiffeId)
      else await ledger.commit()
      deps.log.info({ name: review.name, peer: review.peer }, 'certificate issued')
      return { state: 'issued', applicationId: '', verdicts: [], chain }
    })
  }

  /** draft 3.1.2 */
  renew(csr: Uint8Array, applicant: Applicant): Promise<readonly Uint8Array[]> {
    const { alone, ledger, audit, deps } = this.#book
    return alone(async () => {
      const evidence = this.#evidence(csr, applicant)
      const review = accepted(reviewRenewal(evidence, ledger.certificate(applicant.identity?.serial ?? ''), deps.verify))
      const { issued, chain } = await this.#sign(review, evidence)
      ledger.putCertificate(issued)
      audit.append('renewed', issued.spiffeId, issued.spiffeId, { serial: issued.serial })
      await ledger.commit()
      deps.log.info({ name: review.name, peer: review.peer }, 'certificate renewed')
      return chain
    })
  }

  #sign(review: Extract<Review, { ok: true }>, evidence: Evidence): Promise<{ issued: Issued; chain: Uint8Array[] }> {
    const { deps, config } = this.#book
    const issuerNotAfter = Math.min(...deps.issuer.chain.map((der) => parseCertificate(der).notAfter))
    const profile = leafProfile({ ...review, domain: deps.issuer.domain }, evidence.csr.spki, evidence.now, config.lifetimes, issuerNotAfter)
    return certify(profile, review.name, deps)
  }

  #evidence(csr: Uint8Array, applicant: Applicant): Evidence {
    const { ledger, deps } = this.#book
    return {
      csr: parseCsr(csr),
      peer: applicant.peer,
      now: deps.clock.now(),
      byName: (name) => ledger.byName(name),
      byPeer: (peer) => ledger.byPeer(peer),
      blocked: (peer) => ledger.isBlocked(peer) || deps.issuer.chain.some((der) => peerIdOf(parseCertificate(der).spki) === peer)
    }
  }
}
