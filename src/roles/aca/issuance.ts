import { hex } from '../../core/ids/hex.ts'
import { peerIdOf, spkiOf } from '../../core/ids/peer-id.ts'
import { applicationBytes, type ApplicationRecord } from '../../core/pki/application.ts'
import { approvalsNeeded } from '../../core/pki/approval.ts'
import type { Evidence } from '../../core/pki/evidence.ts'
import { hasRoom, sharesOf } from '../../core/pki/queue-shares.ts'
import { type Renewal, type Reviewed, reviewHolder, reviewRenewal } from '../../core/pki/review.ts'
import type { Applicant, Application, Outcome } from '../../ports/authority-door.ts'
import type { Counter } from '../../ports/metrics.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { parseCsr } from '../../wire/x509/csr.ts'
import { rekeyBytes } from '../../wire/x509/rekey.ts'
import { isNameless, shareOf } from './applicant-share.ts'
import { refOf } from './application-store.ts'
import { accepted, type Book } from './book.ts'
import { voucherId } from './desk.ts'
import { evidenceOf } from './evidence-of.ts'
import { checkSignatures, examine, type Examined, type Signatures, spentKey } from './examine.ts'
import { outcomeOf, RETRY_MS } from './outcome.ts'
import { type ReadApplication, readApplication } from './read-application.ts'
import { reviewKey } from '../../core/pki/key-policy.ts'
import type { Revoking } from './revoking.ts'
import { shownBy } from './shown-by.ts'
import { profileOf, signReviewed } from './sign.ts'

/** The one way to a certificate (draft 3.1.1, 3.1.2), whatever door an applicant came through. */
export class Issuance {
  readonly #book: Book
  readonly #revoking: Revoking
  readonly #decided: Counter | undefined

  constructor(book: Book, revoking: Revoking) {
    this.#book = book
    this.#revoking = revoking
    const { deps, applications } = book
    this.#decided = deps.metrics?.counter('hansa_aca_applications_total', 'Applications and renewals by what came of them, and by door.', ['outcome', 'door'])
    deps.metrics?.gauge('hansa_aca_applications_pending', 'Applications that wait for a person.', () => applications.pendingCount())
  }

  /** draft 3.1.1. The same request of the same applicant again is the same application: an answer that was lost on the way can be had again. */
  apply(application: Application, applicant: Applicant): Promise<Outcome> {
    const outcome = async (): Promise<Outcome> => {
      const read = readApplication(application)
      const signatures = await checkSignatures(read, this.#book.deps.tokens)
      return this.#book.alone(() => this.#decide(read, signatures, applicant))
    }
    return this.#counted(outcome, applicant, ({ state }) => state)
  }

  async #decide(read: ReadApplication, signatures: Signatures, applicant: Applicant): Promise<Outcome> {
    const book = this.#book
    const evidence = evidenceOf(book, read.der, read.csr, applicant.peer)
    const repeat = this.#repeatOf(read, applicant, evidence)
    const again = this.#earlier(read, applicant, evidence, repeat)
    if (again !== undefined) return again
    const examined = examine(book, read, signatures, applicant, evidence)
    const { decision, key, replace, source } = examined
    const claim = { replace, ...(source.kind === 'account' ? { account: source.thumbprint } : {}) }
    const review = accepted(reviewHolder(evidence, key, decision.grant, claim))
    // A request that could not be fulfilled does not wait for a person.
    profileOf(book, review, evidence)
    const record = this.#recordOf(read, applicant, evidence, examined, repeat)
    return decision.kind === 'issue' ? this.issue(record, review, evidence, () => this.#spend(examined)) : this.#wait(record, examined)
  }

  /**
   * Signs, and writes all of it down in one commit: the certificate, the use of the voucher, the predecessors' revocation, the application; or none of it. Called
   * within `alone`. `before` writes what led to it: not earlier, because signing takes time and may fail, and a commit of somebody else would keep, or lose, what was
   * written meanwhile.
   */
  async issue(record: ApplicationRecord, review: Reviewed, evidence: Evidence, before: () => void): Promise<Outcome> {
    const book = this.#book
    const { ledger, audit, deps, config, accounts, applications } = book
    const cited = record.cites === undefined ? undefined : ledger.certificate(record.cites)
    const { issued, chain } = await signReviewed(book, review, evidence, {
      application: record.ref,
      evidence: deps.sha256(applicationBytes(record)),
      ...(record.account === undefined ? {} : { account: record.account }),
      ...(cited?.name === review.grant.name ? { replaces: cited.serial } : {})
    })
    // No await from here to the commit: a commit of somebody else in between would split what belongs together.
    before()
    ledger.putCertificate(issued)
    applications.put({
      ...record,
      state: 'issued',
      expiresAt: issued.notAfter + config.rememberMs,
      serial: issued.serial,
      leaf: hex(chain[0] ?? new Uint8Array()),
      message: ''
    })
    if (record.replace) for (const [thumbprint] of accounts.byName(issued.name)) if (thumbprint !== record.account) accounts.end(thumbprint, evidence.now)
    audit.append('issued', record.applicant ?? record.door, issued.spiffeId, { serial: issued.serial, application: record.ref })
    if (review.supersedes.length > 0) await this.#revoking.revokeAll(review.supersedes, 'superseded', issued.spiffeId)
    else await ledger.commit()
    deps.log.info({ name: issued.name, keyId: issued.keyId, application: record.ref }, 'certificate issued')
    return { state: 'issued', applicationId: record.id, verdicts: record.verdicts, chain }
  }

  /** draft 3.1.2: along with the old certificate, which `applicant.identity` has proved. See Renewal. */
  renew(csr: Uint8Array, applicant: Applicant, scopes: readonly string[] = []): Promise<readonly Uint8Array[]> {
    const { alone, ledger } = this.#book
    const renewed = () => {
      const evidence = evidenceOf(this.#book, csr, parseCsr(csr), applicant.peer)
      const old = shownBy(applicant.identity, ledger)
      // Over TLS the old certificate is the old key's word for what is asked (RFC 7030 4.2.2).
      const otherKey = old !== undefined && old.keyId !== evidence.keyId
      const newKey = applicant.door === 'libp2p' ? 'companion' : otherKey ? 'rekey' : 'none'
      return this.#renewed(evidence, applicant, newKey === 'rekey' ? 'rekeyed' : 'renewed', { scopes, newKey })
    }
    return this.#counted(
      () => alone(async () => renewed()),
      applicant,
      () => 'renewed'
    )
  }

  /** draft 3.1.2: another key for the same holder. `proof` is the old key's signature, see rekeyBytes; the old certificate stays until its successor gives it up. */
  rekey(csr: Uint8Array, proof: Uint8Array, applicant: Applicant): Promise<readonly Uint8Array[]> {
    const { alone, deps } = this.#book
    const rekeyed = () => {
      const evidence = evidenceOf(this.#book, csr, parseCsr(csr), applicant.peer)
      const old = spkiOf(applicant.peer ?? '')
      if (peerIdOf(evidence.csr.spki) === undefined) throw new HansaError('KEY_REFUSED', 'a node has an Ed25519 key; the new one is of another kind')
      if (old === undefined || !deps.verify(old, rekeyBytes(csr), proof))
        throw new HansaError('SIGNATURE_INVALID', 'the old key has not signed for the new one')
      return this.#renewed(evidence, applicant, 'rekeyed', { scopes: [], newKey: 'rekey' })
    }
    return this.#counted(
      () => alone(async () => rekeyed()),
      applicant,
      () => 'rekeyed'
    )
  }

  async #renewed(evidence: Evidence, applicant: Applicant, event: 'renewed' | 'rekeyed', renewal: Renewal): Promise<readonly Uint8Array[]> {
    const { ledger, audit, deps } = this.#book
    const old = shownBy(applicant.identity, ledger)
    const review = accepted(reviewRenewal(evidence, old, deps.verify, renewal))
    const { issued, chain } = await signReviewed(this.#book, review, evidence, old?.account === undefined ? {} : { account: old.account })
    ledger.putCertificate(issued)
    audit.append(event, old?.spiffeId ?? '', issued.spiffeId, { serial: issued.serial, old: old?.serial ?? '', door: applicant.door })
    await ledger.commit()
    deps.log.info({ name: issued.name, keyId: issued.keyId }, `certificate ${event}`)
    return chain
  }

  async #counted<T>(decide: () => Promise<T>, { door }: Applicant, outcomeName: (result: T) => string): Promise<T> {
    try {
      const result = await decide()
      this.#decided?.inc({ outcome: outcomeName(result), door })
      return result
    } catch (error) {
      this.#decided?.inc({ outcome: toHansaError(error).code, door })
      throw error
    }
  }

  /** What the same request came to before; undefined when it is new, or what it came to is over. */
  #earlier(read: ReadApplication, applicant: Applicant, evidence: Evidence, repeat: string): Outcome | undefined {
    const record = this.#book.applications.byRepeat(repeat)
    if (record === undefined || record.keyId !== evidence.keyId) return undefined
    // An account has a new certificate whenever it asks, also with the same request.
    if (applicant.account !== undefined && record.state !== 'pending') return undefined
    accepted(reviewKey(evidence, this.#book.deps.verify, true))
    if (record.state === 'rejected' && record.brought !== this.#broughtWith(read)) return undefined
    return outcomeOf(this.#book, record)
  }

  #repeatOf({ voucher }: ReadApplication, { peer, account, door }: Applicant, { csrId }: Evidence): string {
    const { deps } = this.#book
    const who = voucher === undefined ? ['applicant', peer ?? account ?? door] : ['voucher', voucherId(voucher, deps)]
    return hex(deps.sha256(new TextEncoder().encode(JSON.stringify([...who, csrId]))))
  }

  #broughtWith({ asked, documents, oidcToken, developer, skills, cites }: ReadApplication): string {
    const papers = documents.map(({ title, sha256, statement, jws }) => [title, hex(sha256), hex(statement), jws])
    const all = [asked, papers, oidcToken ?? null, developer ?? null, skills, cites ?? null]
    return hex(this.#book.deps.sha256(new TextEncoder().encode(JSON.stringify(all))))
  }

  #recordOf(read: ReadApplication, applicant: Applicant, evidence: Evidence, examined: Examined, repeat: string): ApplicationRecord {
    const { deps, config } = this.#book
    const { decision, key, materials, source, verdicts, replace } = examined
    const id = hex(deps.random(16))
    const { developer, skills, cites } = read
    const record: Omit<ApplicationRecord, 'digest'> = {
      ref: refOf(id, deps.sha256),
      id,
      state: 'pending',
      door: applicant.door,
      at: evidence.now,
      expiresAt: evidence.now + config.policy.pendingForMs,
      csr: hex(read.der),
      peer: key.peer,
      keyId: key.keyId,
      share: shareOf(applicant, source),
      proven: verdicts.some(({ material, state }) => state === 'verified' && material !== 'key'),
      repeat,
      brought: this.#broughtWith(read),
      asked: decision.grant,
      replace,
      skills,
      documents: read.documents.map(({ title, sha256 }, index) => {
        const authority = materials.authorities[index]
        return { title, sha256: hex(sha256), ...(authority === undefined ? {} : { authority }) }
      }),
      verdicts,
      approvals: [],
      ...(applicant.peer === undefined ? {} : { applicant: applicant.peer }),
      ...(source.kind === 'account' ? { account: source.thumbprint } : {}),
      ...(developer === undefined ? {} : { developer }),
      ...(cites === undefined ? {} : { cites }),
      ...(decision.kind === 'wait' ? { message: decision.why } : {})
    }
    return { ...record, digest: hex(deps.sha256(applicationBytes(record))) }
  }

  /** A person decides. The voucher is spent on this application, whatever comes of it: otherwise one voucher could fill the queue. */
  async #wait(record: ApplicationRecord, examined: Examined): Promise<Outcome> {
    const { applications, audit, config, deps, ledger } = this.#book
    const { maxPending, twoApprovers } = config.policy
    const shares = sharesOf(maxPending)
    if (!hasRoom(applications.waiting(record.share, shares.unproven), { proven: record.proven, nameless: isNameless(record.share) }, shares))
      throw new HansaError('OVERLOADED', 'too many applications wait for a person already', { retryAfterMs: OVERLOADED_MS })
    applications.put(record)
    this.#spend(examined)
    audit.append('applied', record.applicant ?? record.door, record.asked.name, {
      application: record.ref,
      digest: record.digest,
      approvals: String(approvalsNeeded(record.asked, twoApprovers))
    })
    await ledger.commit()
    deps.log.info({ application: record.ref, name: record.asked.name, why: record.message }, 'an application waits for a person')
    const { id, verdicts, message = '' } = record
    return { state: 'pending', applicationId: id, verdicts, message, retryAfterMs: RETRY_MS }
  }

  /** Burns what is good for one application only. */
  #spend({ source, materials }: Examined): void {
    const { ledger, applications } = this.#book
    if (source.kind === 'voucher') ledger.putVoucher(source.id, { ...source.voucher, used: source.voucher.used + 1 })
    if (materials.spend !== undefined) applications.spend(spentKey(materials.spend.issuer, materials.spend.id), materials.spend.until)
  }
}

const OVERLOADED_MS = 60_000
