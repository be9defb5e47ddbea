import type { Verify } from '../crypto.ts'
import { algorithmFor } from './algorithm.ts'
import { type CertificateFacts, type CrlFacts, sameBytes } from './facts.ts'
import { refuse, type Refusal } from './refusal.ts'

/** How far a list may come from the future: clocks of two nodes differ. */
const SKEW_MS = 5 * 60_000

/**
 * May this list be believed? `issuer` is a CA whose own chain has been verified. A list past its nextUpdate is still believed: what it revokes stays
 * revoked, and only its holder can say what came after. Which of two lists is newer is told by their numbers (`newer`).
 */
export function verifyCrl(crl: CrlFacts, issuer: CertificateFacts, now: number, verify: Verify): { readonly ok: true } | Refusal {
  if (crl.scope !== undefined) return refuse('crl-scope', 'a revocation list of a part of the certificates only, where one of all is wanted')
  return genuine(crl, issuer, now, verify) ?? { ok: true }
}

function genuine(crl: CrlFacts, issuer: CertificateFacts, now: number, verify: Verify): Refusal | undefined {
  if (!sameBytes(crl.issuer, issuer.subject)) return refuse('issuer-mismatch', 'a revocation list of another issuer')
  if (crl.authorityKeyIdentifier !== undefined && crl.authorityKeyIdentifier !== issuer.subjectKeyIdentifier)
    return refuse('key-identifier-mismatch', 'a revocation list that names another key of its issuer')
  if (issuer.keyUsage?.includes('cRLSign') === false) return refuse('crl-key-usage', 'an issuer whose key may not sign revocation lists')
  const algorithm = algorithmFor(crl.signatureAlgorithm, issuer.spki)
  if (algorithm === undefined) return refuse('algorithm', 'a revocation list whose signature algorithm does not go with the key of its issuer')
  if (crl.thisUpdate > now + SKEW_MS || crl.nextUpdate < crl.thisUpdate)
    return refuse('crl-dates', 'a revocation list from the future, or one that ends before it begins')
  if (verify(issuer.spki, crl.tbs, crl.signature, algorithm)) return undefined
  return refuse('bad-signature', 'a revocation list whose signature does not fit')
}

/** True when `next` may replace `held` (RFC 5280 5.2.3: the number only grows). */
export function newer(next: { readonly number: number }, held: { readonly number: number } | undefined): boolean {
  return held === undefined || next.number > held.number
}

/**
 * RFC 5280 6.3.3 for one certificate of a path and the lists at hand: `good` when the newest list that is about it does not have it, `unknown` when no list is
 * about it. Lists of other issuers and other keys say nothing. When there are some about it and none is genuine and in date, the refusal says why.
 */
export function revocationOf(
  certificate: CertificateFacts,
  issuer: CertificateFacts,
  crls: readonly CrlFacts[],
  now: number,
  verify: Verify
): 'good' | 'unknown' | Refusal {
  let refusal: Refusal | undefined
  let held: CrlFacts | undefined
  for (const crl of crls) {
    if (!isAbout(crl, certificate, issuer)) continue
    const problem = genuine(crl, issuer, now, verify) ?? (now > crl.nextUpdate ? refuse('crl-stale', 'a revocation list past its nextUpdate') : undefined)
    if (problem !== undefined) refusal ??= problem
    // Of two with one number, which no issuer should make, the one that revokes counts.
    else if (newer(crl, held) || (crl.number === held?.number && crl.revoked.has(certificate.serial))) held = crl
  }
  if (held === undefined) return refusal ?? 'unknown'
  return held.revoked.has(certificate.serial) ? refuse('revoked', `the certificate with the serial number ${certificate.serial} is revoked`) : 'good'
}

function isAbout({ issuer: name, authorityKeyIdentifier, scope }: CrlFacts, certificate: CertificateFacts, issuer: CertificateFacts): boolean {
  if (!sameBytes(name, issuer.subject)) return false
  if (authorityKeyIdentifier !== undefined && authorityKeyIdentifier !== issuer.subjectKeyIdentifier) return false
  const ca = certificate.basicConstraints?.ca === true
  if (scope?.only !== undefined && (scope.only === 'cas') !== ca) return false
  return scope?.uris === undefined || scope.uris.some((uri) => certificate.crlDistributionPoints?.includes(uri) === true)
}
