import type { CertId } from './ocsp-request.ts'
import { bits, element, extension, generalizedTime, oid, sequence } from './der-writer.ts'
import { TAG } from './der.ts'
import { OIDS } from './oids.ts'

/** Why there is no answer (RFC 6960 4.2.1), by its number. */
export const OCSP_FAILURES = { malformedRequest: 1, internalError: 2, tryLater: 3, unauthorized: 6 } as const

export type OcspFailure = keyof typeof OCSP_FAILURES

export type OcspStatus =
  | { readonly state: 'good' }
  | { readonly state: 'unknown' }
  /** `at` in milliseconds since the epoch; `reason` by its number of RFC 5280 5.3.1, 0 for none. */
  | { readonly state: 'revoked'; readonly at: number; readonly reason: number }

export interface OcspAnswer {
  readonly certificate: CertId
  readonly status: OcspStatus
  /** When the status was true, and until when it may be believed. Milliseconds since the epoch; parts of a second are cut. */
  readonly thisUpdate: number
  readonly nextUpdate: number
}

export interface OcspContents {
  /** SHA-1 of the key (key-bits.ts) of the CA that signs: which is what issued the certificates, so it needs no certificate in the answer. */
  readonly responderKeyHash: Uint8Array
  readonly producedAt: number
  readonly answers: readonly OcspAnswer[]
  /** Of the request. */
  readonly nonce?: Uint8Array
}

/** A response without an answer. It is not signed (RFC 6960 2.3). */
export function writeOcspFailure(failure: OcspFailure): Uint8Array {
  return sequence(element(TAG.enumerated, Uint8Array.of(OCSP_FAILURES[failure])))
}

/** Writes and signs (Ed25519) a basic response (RFC 6960 4.2.1). */
export function writeOcspResponse(contents: OcspContents, sign: (tbs: Uint8Array) => Uint8Array): Uint8Array {
  const { responderKeyHash, producedAt, answers, nonce } = contents
  const tbs = sequence(
    element(TAG.contextConstructed(2), element(TAG.octetString, responderKeyHash)),
    generalizedTime(producedAt),
    sequence(...answers.map(writeAnswer)),
    ...(nonce === undefined ? [] : [element(TAG.contextConstructed(1), sequence(extension(OIDS.ocspNonce, false, element(TAG.octetString, nonce))))])
  )
  const basic = sequence(tbs, sequence(oid(OIDS.ed25519)), bits(sign(tbs)))
  const response = sequence(oid(OIDS.ocspBasic), element(TAG.octetString, basic))
  return sequence(element(TAG.enumerated, Uint8Array.of(0)), element(TAG.contextConstructed(0), response))
}

function writeAnswer({ certificate, status, thisUpdate, nextUpdate }: OcspAnswer): Uint8Array {
  return sequence(certificate.der, writeStatus(status), generalizedTime(thisUpdate), element(TAG.contextConstructed(0), generalizedTime(nextUpdate)))
}

function writeStatus(status: OcspStatus): Uint8Array {
  if (status.state === 'good') return element(TAG.context(0))
  if (status.state === 'unknown') return element(TAG.context(2))
  // No reason is said by saying none, as in lists (RFC 5280 5.3.1).
  const reason = status.reason === 0 ? [] : [element(TAG.contextConstructed(0), element(TAG.enumerated, Uint8Array.of(status.reason)))]
  return element(TAG.contextConstructed(1), generalizedTime(status.at), ...reason)
}
