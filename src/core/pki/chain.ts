import type { Verify } from '../crypto.ts'
import { keyKindOf } from '../ids/key-kind.ts'
import { peerIdOf } from '../ids/peer-id.ts'
import type { Role } from '../ids/role.ts'
import { type CertificateFacts, isSelfIssued } from './facts.ts'
import { readLeaf } from './leaf.ts'
import { refuse, type Refusal } from './refusal.ts'
import { caRules, commonRules, constraintRule, leafRules, linkRules, signatureRule, validityRule } from './rules.ts'

/** Who a chain says its holder is, once the chain has been found in order up to its own root. Whether that root is believed is another question. */
export interface ChainIdentity {
  readonly spiffeId: string
  readonly domain: string
  readonly name: string
  readonly roles: readonly Role[]
  /** Ceiling of what the holder may do; empty: none is set (see Grant.scopes). */
  readonly scopes: readonly string[]
  readonly organisation?: string
  /** PeerId of the leaf's key; empty for a P-256 key, which no node of the swarm has: such a certificate is for TLS with the outside. */
  readonly peer: string
  readonly serial: string
  /** First moment at which some certificate of the chain has ended; milliseconds since the epoch. */
  readonly notAfter: number
}

export type ChainVerdict = { readonly ok: true; readonly identity: ChainIdentity } | Refusal

/** Leaf, issuing CA, root; one more CA for a domain that keeps its root for regional ones. Fewer than two is a root that speaks for itself. */
const MIN_CHAIN = 2
export const MAX_CHAIN = 4

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const BOTH: readonly string[] = [CLIENT_AUTH, SERVER_AUTH]
/** Every chain is within MAX_CHAIN and every list of names within its reader's bound; this is far above both. */
const COMPARISONS = 50_000

/**
 * Path validation of nodes: the rules of all certificates (`rules.ts`), and beyond them a chain in order up to its own root, CAs for clients and servers that
 * are bound to a domain, and a leaf with an Ed25519 or P-256 key that is one node with its roles. `chain` is leaf first, root last. The cheap rules come first,
 * so that most bad chains cost no signature check.
 */
export function verifyChain(chain: readonly CertificateFacts[], now: number, verify: Verify): ChainVerdict {
  const leaf = chain[0]
  if (leaf === undefined || chain.length < MIN_CHAIN || chain.length > MAX_CHAIN)
    return refuse('chain-length', `a chain of ${chain.length} certificates; ${MIN_CHAIN} to ${MAX_CHAIN} are wanted, leaf first, root last`)
  const common = commonRules(leaf) ?? leafRules(leaf)
  if (common !== undefined) return common
  if (keyKindOf(leaf.spki) === 'p384') return refuse('algorithm', 'a node whose key is neither Ed25519 nor P-256')
  const holder = readLeaf(leaf)
  if (!holder.ok) return holder
  const refusal = issuerRules(chain.slice(1)) ?? constraintRules(chain) ?? validity(chain, now) ?? links(chain, verify)
  if (refusal !== undefined) return refusal
  const peer = peerIdOf(leaf.spki) ?? ''
  return { ok: true, identity: { ...holder.holder, peer, serial: leaf.serial, notAfter: Math.min(...chain.map((each) => each.notAfter)) } }
}

/** The same for CAs alone, issuing CA first, root last: who signed this revocation list? */
export function verifyIssuers(issuers: readonly CertificateFacts[], now: number, verify: Verify): { readonly ok: true } | Refusal {
  if (issuers.length === 0 || issuers.length >= MAX_CHAIN) return refuse('chain-length', `${issuers.length} CAs; 1 to ${MAX_CHAIN - 1} are wanted, root last`)
  return issuerRules(issuers) ?? validity(issuers, now) ?? links(issuers, verify) ?? { ok: true }
}

function issuerRules(issuers: readonly CertificateFacts[]): Refusal | undefined {
  let below = 0
  for (const ca of issuers) {
    const refusal = commonRules(ca) ?? caRules(ca, below, BOTH)
    if (refusal !== undefined) return refusal
    if (ca.keyUsage === undefined) return refuse('ca-key-usage', 'a CA that does not say what its key is for')
    if (!isSelfIssued(ca)) below++
  }
  return undefined
}

function constraintRules(chain: readonly CertificateFacts[]): Refusal | undefined {
  const cas = chain.slice(1)
  const bounded = cas.some((ca) => ['uri', 'dns'].every((form) => ca.nameConstraints?.permitted.some((subtree) => subtree.form === form) === true))
  if (!bounded) return refuse('unconstrained-ca', 'no CA of the chain is bound to a domain by name constraints for URI and DNS')
  const budget = { comparisons: COMPARISONS }
  for (const [index, ca] of cas.entries()) {
    const refusal = constraintRule(ca, chain.slice(0, index + 1), budget)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

function validity(chain: readonly CertificateFacts[], now: number): Refusal | undefined {
  for (const certificate of chain) {
    const refusal = validityRule(certificate, now)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

function links(chain: readonly CertificateFacts[], verify: Verify): Refusal | undefined {
  for (const [index, certificate] of chain.entries()) {
    // The last one, the root, must have signed itself.
    const issuer = chain[index + 1] ?? certificate
    const refusal = linkRules(certificate, issuer) ?? signatureRule(certificate, issuer, verify)
    if (refusal !== undefined) return refusal
  }
  return undefined
}
