import { create, toBinary } from '@bufbuild/protobuf'
import { isListed } from '../../core/pki/issued.ts'
import { CrlGossipSchema, CrlResponseSchema, type CrlResponse } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { HansaError } from '../../schema/errors.ts'
import { parseCertificate } from '../../wire/x509/certificate.ts'
import { type Crl, isCrlReason, parseCrl, writeCrl } from '../../wire/x509/crl.ts'
import { MAX_GOSSIP_BYTES, TOPICS } from '../../wire/topics.ts'
import { verifyCrl } from '../../core/pki/revocation.ts'
import type { AcaConfig } from './config.ts'
import type { AcaDeps } from './deps.ts'
import type { Ledger } from './ledger.ts'

/** Entries stay for a day after their certificate has ended, for receivers whose clock is behind. */
const GRACE_MS = 24 * 3_600_000

/** draft 3.1.2: the revocation list. Numbers only grow; each is in the ledger before anybody sees it. */
export class CrlDesk {
  readonly #config: AcaConfig
  readonly #deps: AcaDeps
  readonly #ledger: Ledger

  constructor(config: AcaConfig, deps: AcaDeps, ledger: Ledger) {
    this.#config = config
    this.#deps = deps
    this.#ledger = ledger
  }

  /** Signs the next list over what the ledger holds now, uncommitted rows included; the caller commits, then announces. */
  write(): Crl {
    const { clock, verify } = this.#deps
    const now = clock.now()
    const issuing = this.#issuing()
    const number = this.#ledger.crlNumber() + 1
    const revoked = this.#ledger
      .certificates()
      .filter((issued) => isListed(issued, now, GRACE_MS))
      .map(({ serial, revokedAt = now, reason = '' }) => ({ serial, at: revokedAt, reason: isCrlReason(reason) ? reason : ('unspecified' as const) }))
    const der = writeCrl(
      {
        issuer: issuing.subject,
        issuerKeyIdentifier: issuing.subjectKeyIdentifier ?? '',
        number,
        thisUpdate: now,
        nextUpdate: now + this.#config.crlLifetimeMs,
        revoked
      },
      (tbs) => this.#signer().sign(tbs)
    )
    const crl = parseCrl(der)
    const verdict = verifyCrl(crl, issuing, now, verify)
    if (!verdict.ok) throw new HansaError('INTERNAL', `a revocation list was signed that nobody would believe: ${verdict.message}`)
    this.#ledger.putCrl(number, der)
    return crl
  }

  /** The list in force; throws NOT_FOUND before the first one. */
  current(): Crl {
    const der = this.#ledger.crl()
    if (der === undefined) throw new HansaError('NOT_FOUND', 'no revocation list has been made yet')
    return parseCrl(der)
  }

  /** True when there is none, or half of its time is over. */
  due(): boolean {
    const der = this.#ledger.crl()
    if (der === undefined) return true
    const { thisUpdate, nextUpdate } = parseCrl(der)
    return this.#deps.clock.now() >= thisUpdate + (nextUpdate - thisUpdate) / 2
  }

  response(): CrlResponse {
    return create(CrlResponseSchema, { domain: this.#deps.issuer.domain, crl: this.current().der, chain: [...this.#deps.issuer.chain] })
  }

  /** To the own node, and by gossip when it fits; whoever misses it asks for it. */
  announce(): void {
    const response = this.response()
    this.#deps.onCrl(response)
    const bytes = toBinary(CrlGossipSchema, create(CrlGossipSchema, { news: { case: 'list', value: response } }))
    if (bytes.length > MAX_GOSSIP_BYTES) return
    this.#deps.pubsub
      .publish(TOPICS.crl, bytes)
      .catch((error: unknown) => this.#deps.log.warn({ err: error }, 'the revocation list was not gossiped; members will fetch it'))
  }

  #signer() {
    const [signer] = this.#deps.issuer.signers
    if (signer === undefined) throw new HansaError('KEY_MISSING', 'the issuing CA has no key')
    return signer
  }

  #issuing() {
    const [issuing] = this.#deps.issuer.chain
    if (issuing === undefined) throw new HansaError('KEY_MISSING', 'the issuing CA has no certificate')
    return parseCertificate(issuing)
  }
}
