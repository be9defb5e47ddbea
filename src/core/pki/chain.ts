import type { Verify } from '../crypto.ts'
import { isEd25519Spki, peerIdOf } from '../ids/peer-id.ts'
import type { Role } from '../ids/role.ts'
import { type CertificateFacts, sameBytes } from './facts.ts'
import { readLeaf } from './leaf.ts'
import { namesPermitted } from './name-constraints.ts'
import { refuse, type Refusal } from './refusal.ts'

/** Who a chain says its holder is, once the chain has been found in order up to its own root. Whether that root is believed is another question. */
export interface ChainIdentity {
  readonly spiffeId: string
  readonly domain: string
  readonly name: string
  readonly roles: readonly Role[]
  /** Ceiling of what the holder may do; empty: none is set (see Grant.scopes). */
  readonly scopes: readonly string[]
  readonly organisation?: string
  /** PeerId of the leaf's key. */
  readonly peer: string
  readonly serial: string
  /** First moment at which some certificate of the chain has ended; milliseconds since the epoch. */
  readonly notAfter: number
}

export type ChainVerdict = { readonly ok: true; readonly identity: ChainIdentity } | Refusal

/** Leaf, issuing CA, root; one more CA for a domain that keeps its root for regional ones. Fewer than two is a root that speaks for itself. */
const MIN_CHAIN = 2
export const MAX_CHAIN = 4

const ED25519 = '1.3.101.112'
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const CA_CRITICAL = ['2.5.29.19', '2.5.29.15', '2.5.29.30', '2.5.29.37', '2.5.29.17']
const LEAF_CRITICAL = ['2.5.29.19', '2.5.29.15', '2.5.29.37', '2.5.29.17']

/**
 * Path validation of the closed profile (RFC 5280 6.1, less what the profile forbids): Ed25519 only, v3, dates, basic constraints, path length, key usage,
 * extended key usage, name constraints, no unknown critical extension, and a leaf that is one node with its roles. `chain` is leaf first, root last.
 * The cheap rules come first, so that most bad chains cost no signature check.
 */
export function verifyChain(chain: readonly CertificateFacts[], now: number, verify: Verify): ChainVerdict {
  const leaf = chain[0]
  if (leaf === undefined || chain.length < MIN_CHAIN || chain.length > MAX_CHAIN)
    return refuse('chain-length', `a chain of ${chain.length} certificates; ${MIN_CHAIN} to ${MAX_CHAIN} are wanted, leaf first, root last`)
  const common = commonRules(leaf, LEAF_CRITICAL)
  if (common !== undefined) return common
  const holder = readLeaf(leaf)
  if (!holder.ok) return holder
  const peer = peerIdOf(leaf.spki)
  if (peer === undefined) return refuse('algorithm', 'a leaf whose key is not Ed25519')
  const issuers = chain.slice(1)
  const refusal = issuerRules(issuers) ?? constraintRules(chain) ?? validity(chain, now) ?? signatures(chain, verify)
  return refusal ?? { ok: true, identity: { ...holder.holder, peer, serial: leaf.serial, notAfter: Math.min(...chain.map((each) => each.notAfter)) } }
}

/** The same for CAs alone, issuing CA first, root last: who signed this revocation list? */
export function verifyIssuers(issuers: readonly CertificateFacts[], now: number, verify: Verify): { readonly ok: true } | Refusal {
  if (issuers.length === 0 || issuers.length >= MAX_CHAIN) return refuse('chain-length', `${issuers.length} CAs; 1 to ${MAX_CHAIN - 1} are wanted, root last`)
  return issuerRules(issuers) ?? validity(issuers, now) ?? signatures(issuers, verify) ?? { ok: true }
}

function issuerRules(issuers: readonly CertificateFacts[]): Refusal | undefined {
  for (const [below, ca] of issuers.entries()) {
    const refusal = commonRules(ca, CA_CRITICAL) ?? caRules(ca, below)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

function commonRules(certificate: CertificateFacts, critical: readonly string[]): Refusal | undefined {
  if (certificate.version !== 3) return refuse('not-v3', `a certificate of version ${certificate.version}; 3 is wanted`)
  if (certificate.signatureAlgorithm !== ED25519 || !isEd25519Spki(certificate.spki))
    return refuse('algorithm', 'a certificate whose key or signature is not Ed25519')
  const unknown = certificate.extensions.find((extension) => extension.critical && !critical.includes(extension.oid))
  return unknown === undefined ? undefined : refuse('unknown-critical-extension', `the critical extension ${unknown.oid} is not known here`)
}

/** `below`: how many further CAs stand between this one and the leaf. */
function caRules(ca: CertificateFacts, below: number): Refusal | undefined {
  if (ca.basicConstraints?.ca !== true) return refuse('not-a-ca', 'an issuer that is no CA')
  if (!ca.extensions.some((extension) => extension.oid === '2.5.29.19' && extension.critical))
    return refuse('not-a-ca', 'a CA whose basic constraints are not critical')
  if (ca.basicConstraints.pathLength !== undefined && ca.basicConstraints.pathLength < below)
    return refuse('path-length', `a CA of path length ${ca.basicConstraints.pathLength} with ${below} CAs below it`)
  if (ca.keyUsage?.includes('keyCertSign') !== true) return refuse('ca-key-usage', 'an issuer whose key may not sign certificates')
  const usage = ca.extendedKeyUsage
  if (usage !== undefined && !(usage.includes(CLIENT_AUTH) && usage.includes(SERVER_AUTH)))
    return refuse('ca-extended-key-usage', 'a CA that may not issue for clients and servers')
  return undefined
}

function constraintRules(chain: readonly CertificateFacts[]): Refusal | undefined {
  const cas = chain.slice(1)
  const bounded = cas.some((ca) => ['uri', 'dns'].every((form) => ca.nameConstraints?.permitted.some((subtree) => subtree.form === form) === true))
  if (!bounded) return refuse('unconstrained-ca', 'no CA of the chain is bound to a domain by name constraints for URI and DNS')
  for (const [index, ca] of cas.entries()) {
    const constraints = ca.nameConstraints
    if (constraints === undefined) continue
    const names = chain.slice(0, index + 1).flatMap((below) => below.subjectAltNames ?? [])
    if (!namesPermitted(names, constraints)) return refuse('name-constraints', 'a name outside what its CA may certify')
  }
  return undefined
}

function validity(chain: readonly CertificateFacts[], now: number): Refusal | undefined {
  for (const certificate of chain) {
    const which = certificate.basicConstraints?.ca === true ? 'a CA certificate of the chain' : 'the certificate'
    if (now < certificate.notBefore)
      return refuse('not-yet-valid', `${which} is not valid yet (from ${certificate.notBefore} ms, now ${now} ms since the epoch)`)
    if (now > certificate.notAfter) return refuse('expired', `${which} has expired (at ${certificate.notAfter} ms, now ${now} ms since the epoch)`)
  }
  return undefined
}

function signatures(chain: readonly CertificateFacts[], verify: Verify): Refusal | undefined {
  for (const [index, certificate] of chain.entries()) {
    // The last one, the root, must have signed itself.
    const issuer = chain[index + 1] ?? certificate
    if (!sameBytes(certificate.issuer, issuer.subject)) return refuse('issuer-mismatch', 'a certificate that names another issuer')
    const authority = certificate.authorityKeyIdentifier
    if (authority !== undefined && authority !== issuer.subjectKeyIdentifier)
      return refuse('key-identifier-mismatch', 'a certificate that names another key of its issuer')
    if (!verify(issuer.spki, certificate.tbs, certificate.signature)) return refuse('bad-signature', 'a certificate whose signature does not fit')
  }
  return undefined
}
