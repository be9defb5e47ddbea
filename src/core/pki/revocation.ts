import type { Verify } from '../crypto.ts'
import { type CertificateFacts, type CrlFacts, sameBytes } from './facts.ts'
import { refuse, type Refusal } from './refusal.ts'

/** How far a list may come from the future: clocks of two nodes differ. */
const SKEW_MS = 5 * 60_000

/**
 * May this list be believed? `issuer` is a CA whose own chain has been verified. A list past its nextUpdate is still believed: what it revokes stays
 * revoked, and only its holder can say what came after. Which of two lists is newer is told by their numbers (`newer`).
 */
export function verifyCrl(crl: CrlFacts, issuer: CertificateFacts, now: number, verify: Verify): { readonly ok: true } | Refusal {
  if (!sameBytes(crl.issuer, issuer.subject)) return refuse('issuer-mismatch', 'a revocation list of another issuer')
  if (crl.authorityKeyIdentifier !== undefined && crl.authorityKeyIdentifier !== issuer.subjectKeyIdentifier)
    return refuse('key-identifier-mismatch', 'a revocation list that names another key of its issuer')
  if (issuer.keyUsage?.includes('cRLSign') !== true) return refuse('crl-key-usage', 'an issuer whose key may not sign revocation lists')
  if (crl.signatureAlgorithm !== '1.3.101.112') return refuse('algorithm', 'a revocation list whose signature is not Ed25519')
  if (crl.thisUpdate > now + SKEW_MS || crl.nextUpdate < crl.thisUpdate)
    return refuse('crl-dates', 'a revocation list from the future, or one that ends before it begins')
  return verify(issuer.spki, crl.tbs, crl.signature) ? { ok: true } : refuse('bad-signature', 'a revocation list whose signature does not fit')
}

/** True when `next` may replace `held` (RFC 5280 5.2.3: the number only grows). */
export function newer(next: { readonly number: number }, held: { readonly number: number } | undefined): boolean {
  return held === undefined || next.number > held.number
}
