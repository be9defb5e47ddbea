import { create, toBinary } from '@bufbuild/protobuf'
import { hex, unhex } from '../../core/ids/hex.ts'
import { verifyCrl } from '../../core/pki/revocation.ts'
import type { CaSigner } from '../../ports/issuer.ts'
import { CrlGossipSchema, CrlNoticeSchema, type CrlResponse, CrlResponseSchema } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { SignedRecordSchema } from '../../schema/generated/hansa/v1/call_pb.ts'
import { HansaError } from '../../schema/errors.ts'
import { parseCertificate } from '../../wire/x509/certificate.ts'
import { type Crl, CRL_REASONS, isCrlReason, parseCrl, type RevokedCertificate, writeCrl } from '../../wire/x509/crl.ts'
import type { Revocation } from '../../wire/x509/read-entries.ts'
import { MAX_GOSSIP_BYTES, TOPICS } from '../../wire/topics.ts'
import type { AuditLog } from './audit-log.ts'
import type { AcaConfig } from './config.ts'
import type { AcaDeps } from './deps.ts'
import type { Ledger } from './ledger.ts'
import type { OwnCas } from './own-cas.ts'

/** Entries stay for a day after their certificate has ended, for receivers whose clock is behind (RFC 5280 3.3: on one list beyond that). */
const GRACE_MS = 24 * 3_600_000

/**
 * draft 3.1.2: one revocation list for each CA whose certificates may still be in force. Numbers only grow; each is in the ledger before anybody sees it. What is
 * served is what has been committed, parsed once.
 */
export class CrlDesk {
  readonly #config: AcaConfig
  readonly #deps: AcaDeps
  readonly #ledger: Ledger
  readonly #audit: AuditLog
  readonly #cas: OwnCas
  /** Committed lists by CA. */
  readonly #current = new Map<string, Crl>()
  /** Signed since the last commit. */
  readonly #written = new Map<string, Crl>()

  constructor(config: AcaConfig, deps: AcaDeps, ledger: Ledger, audit: AuditLog, cas: OwnCas) {
    this.#config = config
    this.#deps = deps
    this.#ledger = ledger
    this.#audit = audit
    this.#cas = cas
  }

  /**
   * Signs the next lists of these CAs over what the ledger holds now, uncommitted rows included; the caller commits, then announces. A CA that is no signer any
   * more has no list: all that it issued has ended. Returns the number of the first list.
   */
  write(issuers: Iterable<string>): number {
    const numbers = [...new Set(issuers)].flatMap((id) => {
      const signer = this.#signer(id)
      return signer === undefined ? [] : [this.#write(signer).number]
    })
    return numbers[0] ?? this.current().number
  }

  #write(signer: CaSigner): Crl {
    const { clock, verify } = this.#deps
    const now = clock.now()
    const ca = this.#cas.read(signer.chain[0] ?? new Uint8Array()).certificate
    const number = this.#ledger.crlNumber(signer.id) + 1
    const revoked = new Map<string, Revocation>()
    const der = writeCrl(
      {
        issuer: ca.subject,
        issuerKeyIdentifier: ca.subjectKeyIdentifier ?? '',
        number,
        thisUpdate: now,
        nextUpdate: now + this.#config.crlLifetimeMs,
        revoked: this.#entries(signer.id, now, revoked)
      },
      (tbs) => signer.sign(tbs)
    )
    // All but the entries is read back, and the signature checked over what was written: reading 100,000 entries back would hold up everything else.
    const crl = parseCrl(der, revoked)
    const verdict = verifyCrl(crl, ca, now, verify)
    if (!verdict.ok) throw new HansaError('INTERNAL', `a revocation list was signed that nobody would believe: ${verdict.message}`)
    this.#ledger.putCrl(signer.id, number, der)
    this.#audit.append('crl', 'aca', signer.id, { number: String(number), entries: String(crl.revoked.size) })
    this.#written.set(signer.id, crl)
    return crl
  }

  /** What is on the list, noted in `revoked` as a reader of the list sees it: seconds without parts. */
  *#entries(issuer: string, now: number, revoked: Map<string, Revocation>): Iterable<RevokedCertificate> {
    for (const { serial, at, notAfter, reason: name } of this.#ledger.revoked(issuer)) {
      if (now > notAfter + GRACE_MS) {
        this.#ledger.unlist(issuer, serial)
        continue
      }
      const reason = isCrlReason(name) ? name : 'unspecified'
      revoked.set(serial, { at: Math.floor(at / 1000) * 1000, reason: CRL_REASONS[reason] })
      yield { serial, at, reason }
    }
  }

  /** CAs that have no list in force, one that does not say everything, or one of which half of its time is over. */
  due(): string[] {
    const now = this.#deps.clock.now()
    return this.#deps.issuer.signers
      .map(({ id }) => id)
      .filter((id) => {
        const crl = this.#held(id)
        return crl === undefined || this.#ledger.owesCrl(id) || now >= crl.thisUpdate + (crl.nextUpdate - crl.thisUpdate) / 2
      })
  }

  /** The list in force of a CA (`CaSigner.id`) or a root; of the CA that signs now when absent. Throws NOT_FOUND. */
  current(issuer?: string): Crl {
    const id = issuer ?? this.#deps.issuer.signers[0]?.id ?? ''
    const crl = this.#signer(id) === undefined ? this.#rootList(id) : this.#held(id)
    if (crl === undefined)
      throw new HansaError('NOT_FOUND', issuer === undefined ? 'no revocation list has been made yet' : 'no CA of ours with a revocation list has this key')
    return crl
  }

  /** After a commit: what was written is in force; it goes to the own node, and by gossip: whoever misses it asks for it. */
  announce(): void {
    const written = [...this.#written]
    this.#written.clear()
    for (const [id, crl] of written) {
      const signer = this.#signer(id)
      // What a failed commit took back is not in the ledger, and never was.
      if (signer === undefined || this.#ledger.crlNumber(id) !== crl.number) continue
      this.#current.set(id, crl)
      const { entries: auditEntries, head: auditHead } = this.#audit.head()
      this.#deps.log.info({ issuer: id, number: crl.number, entries: crl.revoked.size, auditEntries, auditHead }, 'revocation list published')
      this.#tell(crl, signer.chain)
    }
  }

  /** Everything in force, the lists of the roots too: the own node may have lost what it held. */
  announceAll(): void {
    this.announce()
    const { signers, rootLists } = this.#deps.issuer
    for (const { id, chain } of signers) {
      const crl = this.#held(id)
      if (crl !== undefined) this.#tell(crl, chain)
    }
    for (const { crl, chain } of rootLists) this.#tell(parseCrl(crl), chain)
  }

  #tell(crl: Crl, chain: readonly Uint8Array[]): void {
    const { issuer, log, onCrl, pubsub } = this.#deps
    const response = create(CrlResponseSchema, { domain: issuer.domain, crl: crl.der, chain: [...chain] })
    try {
      onCrl(response)
    } catch (error) {
      // A list of a CA that the node does not believe yet must not keep the others from it.
      log.error({ err: error, number: crl.number }, 'the own node does not take a revocation list')
    }
    const failed = (error: unknown) => log.warn({ err: error }, 'the revocation list was not gossiped; members will fetch it')
    try {
      pubsub.publish(TOPICS.crl, this.#news(crl, response)).catch(failed)
    } catch (error) {
      failed(error)
    }
  }

  /** The list itself, or word of it when it is too large. */
  #news(crl: Crl, response: CrlResponse): Uint8Array {
    const list = toBinary(CrlGossipSchema, create(CrlGossipSchema, { news: { case: 'list', value: response } }))
    if (list.length <= MAX_GOSSIP_BYTES) return list
    const { issuer, records } = this.#deps
    const notice = records.seal(CrlNoticeSchema, {
      domain: issuer.domain,
      issuer: unhex(this.#idOf(response.chain)) ?? new Uint8Array(),
      number: BigInt(crl.number)
    })
    return toBinary(CrlGossipSchema, create(CrlGossipSchema, { news: { case: 'notice', value: toBinary(SignedRecordSchema, notice) } }))
  }

  #held(id: string): Crl | undefined {
    const held = this.#current.get(id)
    if (held !== undefined) return held
    // Of an earlier run; what has been written since then and is not announced yet is nobody's business.
    const der = this.#written.has(id) ? undefined : this.#ledger.crl(id)
    if (der === undefined) return undefined
    try {
      const crl = parseCrl(der)
      this.#current.set(id, crl)
      return crl
    } catch (error) {
      // The next one takes its place, with the next number.
      this.#deps.log.error({ err: error, issuer: id }, 'the revocation list on disk cannot be read')
      return undefined
    }
  }

  #signer(id: string): CaSigner | undefined {
    return this.#deps.issuer.signers.find((signer) => signer.id === id)
  }

  #rootList(id: string): Crl | undefined {
    const found = this.#deps.issuer.rootLists.find(({ chain }) => this.#idOf(chain) === id)
    return found === undefined ? undefined : parseCrl(found.crl)
  }

  #idOf([ca]: readonly Uint8Array[]): string {
    return hex(this.#deps.sha256(parseCertificate(ca ?? new Uint8Array()).spki))
  }
}
