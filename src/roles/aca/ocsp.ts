import type { HashName } from '../../core/crypto.ts'
import { sameBytes } from '../../core/pki/facts.ts'
import type { CaSigner } from '../../ports/issuer.ts'
import { toHansaError } from '../../schema/errors.ts'
import { parseCertificate } from '../../wire/x509/certificate.ts'
import { CRL_REASONS, isCrlReason } from '../../wire/x509/crl.ts'
import { keyBits } from '../../wire/x509/key-bits.ts'
import { type CertId, type OcspRequest, parseOcspRequest } from '../../wire/x509/ocsp-request.ts'
import { type OcspStatus, writeOcspFailure, writeOcspResponse } from '../../wire/x509/ocsp-response.ts'
import { STATUS_LIFE_MS } from './config.ts'
import type { AcaDeps } from './deps.ts'
import type { Ledger } from './ledger.ts'

/** One of our CAs as an OCSP request names it: by hashes of its name and key. */
interface Named {
  readonly signer: CaSigner
  readonly name: Uint8Array
  readonly key: Uint8Array
}

/**
 * draft 3.1.2, RFC 6960: the state of certificates for outside TLS stacks. The CA that issued a certificate signs the answer itself, so whoever believes the
 * certificate believes the answer.
 */
export class OcspDesk {
  readonly #deps: AcaDeps
  readonly #ledger: Ledger

  constructor(deps: AcaDeps, ledger: Ledger) {
    this.#deps = deps
    this.#ledger = ledger
  }

  /** DER to DER. Never throws: what is wrong is an answer, too. */
  answer(der: Uint8Array): Uint8Array {
    let request: OcspRequest
    try {
      request = parseOcspRequest(der)
    } catch {
      return writeOcspFailure('malformedRequest')
    }
    try {
      return this.#answer(request)
    } catch (error) {
      this.#deps.log.error({ err: error }, 'an OCSP request was not answered')
      return writeOcspFailure(toHansaError(error).code === 'STORE_FAILED' ? 'tryLater' : 'internalError')
    }
  }

  #answer({ certificates, nonce }: OcspRequest): Uint8Array {
    const { digest, clock, issuer } = this.#deps
    const ours = issuer.signers.map(nameOf)
    const named = ours.find((each) => certificates.some((id) => this.#isOf(id, each)))
    if (named === undefined) return writeOcspFailure('unauthorized')
    const now = clock.now()
    const answers = certificates.map((certificate) => ({
      certificate,
      // One response has one signature: of what another CA has issued, this one knows nothing.
      status: this.#isOf(certificate, named) ? this.#status(certificate.serial, named.signer.id) : ({ state: 'unknown' } as const),
      thisUpdate: now,
      nextUpdate: now + STATUS_LIFE_MS
    }))
    const responderKeyHash = digest('sha1', named.key)
    return writeOcspResponse({ responderKeyHash, producedAt: now, answers, ...(nonce === undefined ? {} : { nonce }) }, (tbs) => named.signer.sign(tbs))
  }

  #isOf({ hash, issuerNameHash, issuerKeyHash }: CertId, { name, key }: Named): boolean {
    if (hash === undefined) return false
    const is = (wanted: Uint8Array, data: Uint8Array, by: HashName) => sameBytes(wanted, this.#deps.digest(by, data))
    return is(issuerNameHash, name, hash) && is(issuerKeyHash, key, hash)
  }

  /** What was never issued is unknown, never good (RFC 6960 2.2). */
  #status(serial: string, signer: string): OcspStatus {
    const issued = this.#ledger.certificate(serial)
    if (issued === undefined || issued.issuer !== signer) return { state: 'unknown' }
    const { revokedAt, reason = '' } = issued
    if (revokedAt === undefined) return { state: 'good' }
    return { state: 'revoked', at: revokedAt, reason: isCrlReason(reason) ? CRL_REASONS[reason] : CRL_REASONS.unspecified }
  }
}

function nameOf(signer: CaSigner): Named {
  const [der] = signer.chain
  const { subject, spki } = parseCertificate(der ?? new Uint8Array())
  return { signer, name: subject, key: keyBits(spki) }
}
