import type { Verify } from '../crypto.ts'
import { isSoundKey } from '../ids/key-kind.ts'
import { algorithmFor, algorithmOf } from './algorithm.ts'
import { type CertificateFacts, isSelfIssued, type NameFacts, sameBytes } from './facts.ts'
import { comparisons, namesPermitted } from './name-constraints.ts'
import { refuse, type Refusal } from './refusal.ts'
import { isWellFormed } from './well-formed.ts'

/** The rules of the closed profile (RFC 5280 4 and 6.1) one by one; `path.ts` and `chain.ts` say which certificates they are for. */

/** Extensions that may be critical, because these rules obey them. */
const KNOWN_CRITICAL: readonly string[] = ['2.5.29.19', '2.5.29.15', '2.5.29.30', '2.5.29.37', '2.5.29.17']
const BASIC_CONSTRAINTS = '2.5.29.19'
const SUBJECT_ALT_NAME = '2.5.29.17'
const NAME_CONSTRAINTS = '2.5.29.30'
/** Policy constraints and inhibitAnyPolicy: they bind, must be critical, and nobody here works with policies. */
const POLICY_RULES: readonly string[] = ['2.5.29.36', '2.5.29.54']
/** DER of a Name without parts. */
const EMPTY_NAME_BYTES = 2

/** For every certificate: version, key, signature algorithm, names and extensions. */
export function commonRules(certificate: CertificateFacts): Refusal | undefined {
  if (certificate.version !== 3) return refuse('not-v3', `a certificate of version ${certificate.version}; 3 is wanted`)
  if (algorithmOf(certificate.signatureAlgorithm) === undefined || !isSoundKey(certificate.spki))
    return refuse('algorithm', 'a certificate whose key or signature is not of Ed25519, P-256 or P-384')
  for (const { oid, critical } of certificate.extensions)
    if ((critical && !KNOWN_CRITICAL.includes(oid)) || POLICY_RULES.includes(oid))
      return refuse('unknown-critical-extension', `the critical extension ${oid} is not known here`)
  if (certificate.issuer.length === EMPTY_NAME_BYTES) return refuse('empty-name', 'a certificate of an issuer without a name')
  const names = certificate.subjectAltNames
  if (certificate.subject.length === EMPTY_NAME_BYTES && !isCritical(certificate, SUBJECT_ALT_NAME))
    return refuse('empty-name', 'a certificate without a subject whose other names are not critical')
  return names?.every(isWellFormed) === false ? refuse('names', 'a name that is malformed') : undefined
}

/** For certificates that issue others. `below`: how many further CAs stand between this one and the leaf, those that only change their key not counted. */
export function caRules(ca: CertificateFacts, below: number, usages: readonly string[]): Refusal | undefined {
  if (ca.basicConstraints?.ca !== true) return refuse('not-a-ca', 'an issuer that is no CA')
  if (!isCritical(ca, BASIC_CONSTRAINTS)) return refuse('not-a-ca', 'a CA whose basic constraints are not critical')
  if (ca.subject.length === EMPTY_NAME_BYTES) return refuse('empty-name', 'a CA without a name')
  if (ca.basicConstraints.pathLength !== undefined && ca.basicConstraints.pathLength < below)
    return refuse('path-length', `a CA of path length ${ca.basicConstraints.pathLength} with ${below} CAs below it`)
  if (ca.keyUsage?.includes('keyCertSign') === false) return refuse('ca-key-usage', 'an issuer whose key may not sign certificates')
  if (usages.some((usage) => ca.extendedKeyUsage?.includes(usage) === false))
    return refuse('ca-extended-key-usage', 'a CA that may not issue for clients or servers as is wanted')
  if (ca.nameConstraints !== undefined && !isCritical(ca, NAME_CONSTRAINTS)) return refuse('name-constraints', 'a CA whose name constraints are not critical')
  return ca.subjectKeyIdentifier === undefined ? refuse('key-identifier-missing', 'a CA without a subject key identifier') : undefined
}

/** For certificates that issue none. */
export function leafRules(leaf: CertificateFacts): Refusal | undefined {
  if (leaf.basicConstraints?.ca === true) return refuse('leaf-is-ca', 'a CA where a node is wanted')
  if (leaf.keyUsage?.some((usage) => usage === 'keyCertSign' || usage === 'cRLSign') === true)
    return refuse('leaf-key-usage', 'a certificate of no CA whose key may sign certificates or lists')
  return leaf.nameConstraints === undefined ? undefined : refuse('name-constraints', 'name constraints in a certificate that issues none')
}

/** Valid through the whole of its last second, since certificates know no parts of one (RFC 5280 4.1.2.5). */
export function validityRule(certificate: CertificateFacts, now: number): Refusal | undefined {
  const which = certificate.basicConstraints?.ca === true ? 'a CA certificate of the chain' : 'the certificate'
  if (now < certificate.notBefore) return refuse('not-yet-valid', `${which} is not valid yet (from ${certificate.notBefore} ms, now ${now} ms since the epoch)`)
  if (now >= certificate.notAfter + 1000) return refuse('expired', `${which} has expired (at ${certificate.notAfter} ms, now ${now} ms since the epoch)`)
  return undefined
}

/** Does the certificate name this issuer, and this key of it? The signature is another question. */
export function linkRules(certificate: CertificateFacts, issuer: CertificateFacts): Refusal | undefined {
  if (!sameBytes(certificate.issuer, issuer.subject)) return refuse('issuer-mismatch', 'a certificate that names another issuer')
  const authority = certificate.authorityKeyIdentifier
  if (authority === undefined)
    return certificate === issuer ? undefined : refuse('key-identifier-missing', 'a certificate that does not name the key of its issuer')
  return authority === issuer.subjectKeyIdentifier ? undefined : refuse('key-identifier-mismatch', 'a certificate that names another key of its issuer')
}

export function signatureRule(certificate: CertificateFacts, issuer: CertificateFacts, verify: Verify): Refusal | undefined {
  const algorithm = algorithmFor(certificate.signatureAlgorithm, issuer.spki)
  if (algorithm === undefined) return refuse('algorithm', 'a certificate whose signature algorithm does not go with the key of its issuer')
  if (verify(issuer.spki, certificate.tbs, certificate.signature, algorithm)) return undefined
  return refuse('bad-signature', 'a certificate whose signature does not fit')
}

/** Do all names below a CA, leaf first, stand within its constraints? CAs that only change their key are free (RFC 5280 6.1.3). */
export function constraintRule(ca: CertificateFacts, below: readonly CertificateFacts[], budget: { comparisons: number }): Refusal | undefined {
  const constraints = ca.nameConstraints
  if (constraints === undefined) return undefined
  for (const [index, certificate] of below.entries()) {
    if (index > 0 && isSelfIssued(certificate)) continue
    const names: readonly NameFacts[] = [...certificate.subjectNames, ...(certificate.subjectAltNames ?? [])]
    budget.comparisons -= comparisons(names, constraints)
    if (budget.comparisons < 0) return refuse('budget', 'more names and constraints than anybody would compare')
    if (!namesPermitted(names, constraints)) return refuse('name-constraints', 'a name outside what its CA may certify')
  }
  return undefined
}

function isCritical({ extensions }: CertificateFacts, oid: string): boolean {
  return extensions.some((extension) => extension.oid === oid && extension.critical)
}
