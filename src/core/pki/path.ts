import type { Verify } from '../crypto.ts'
import { type CertificateFacts, type CrlFacts, isSelfIssued, sameBytes } from './facts.ts'
import { isFor, type PeerName } from './peer-name.ts'
import { refuse, type Refusal } from './refusal.ts'
import { revocationOf } from './revocation.ts'
import { caRules, commonRules, constraintRule, leafRules, linkRules, signatureRule, validityRule } from './rules.ts'

/** What is asked of a certificate. */
export interface PathQuestion {
  readonly leaf: CertificateFacts
  /** In any order, from anybody. */
  readonly intermediates: readonly CertificateFacts[]
  /** CAs that are believed; what their certificates forbid is forbidden all the same. */
  readonly anchors: readonly CertificateFacts[]
  /** Milliseconds since the epoch. */
  readonly now: number
  /** What the holder does in TLS; the key may sign then, and extended key usages, where there are some, include it. */
  readonly purpose?: 'client' | 'server'
  /** Further usages (OIDs) that extended key usages, where there are some, must include. */
  readonly extendedKeyUsage?: readonly string[]
  /** Names that the leaf must be for, all of them. */
  readonly names?: readonly PeerName[]
  /** CAs between leaf and anchor, those that only change their key not counted; MAX_DEPTH at most, which is the default. */
  readonly maxDepth?: number
  /** When given, one of them must be about the leaf; those about CAs of the path count too. */
  readonly crls?: readonly CrlFacts[]
  readonly budget?: Partial<Budget>
}

/** What one question may cost: signature checks, and comparisons of names with constraints and of issuers with candidates. */
export interface Budget {
  readonly signatures: number
  readonly comparisons: number
}

export type PathVerdict =
  | {
      readonly ok: true
      /** Leaf first, anchor last. */
      readonly path: readonly CertificateFacts[]
    }
  | Refusal

/** Real paths have one to three. */
export const MAX_DEPTH = 8
/** Several times what the longest real path with cross-signed CAs needs; some 10 ms. */
const BUDGET: Budget = { signatures: 64, comparisons: 50_000 }

const USAGES = { client: '1.3.6.1.5.5.7.3.2', server: '1.3.6.1.5.5.7.3.1' } as const

/**
 * Path building and validation (RFC 5280 6, RFC 4158) in the closed profile of `rules.ts`. All paths from the leaf to an anchor are tried, within the budget; of
 * refusals the one that came farthest is told. Anchors are certificates, and are held to the rules of CAs but for their own signature, which proves nothing.
 */
export function validatePath(question: PathQuestion, verify: Verify): PathVerdict {
  const usages = [...(question.purpose === undefined ? [] : [USAGES[question.purpose]]), ...(question.extendedKeyUsage ?? [])]
  const refusal = endRules(question, usages)
  return refusal ?? new Search(question, usages, verify).from([question.leaf])
}

function endRules({ leaf, now, purpose, names = [] }: PathQuestion, usages: readonly string[]): Refusal | undefined {
  const refusal = commonRules(leaf) ?? leafRules(leaf) ?? validityRule(leaf, now)
  if (refusal !== undefined) return refusal
  if (purpose !== undefined && leaf.keyUsage?.includes('digitalSignature') === false)
    return refuse('leaf-key-usage', 'a key that may not sign, which both sides of TLS must')
  if (usages.some((usage) => leaf.extendedKeyUsage?.includes(usage) === false))
    return refuse('leaf-extended-key-usage', 'a certificate that is not for what its holder does with it')
  const missing = names.find((name) => !isFor(leaf, name))
  return missing === undefined ? undefined : refuse('name-mismatch', 'a certificate of somebody else: it is not for the name that is wanted')
}

class Search {
  readonly #question: PathQuestion
  readonly #usages: readonly string[]
  readonly #verify: Verify
  readonly #maxDepth: number
  readonly #left: { signatures: number; comparisons: number }
  /** What each candidate is whatever the path. */
  readonly #alone = new Map<CertificateFacts, Refusal | undefined>()
  /** By certificate and issuer: a pair may be on many paths. */
  readonly #signed = new Map<CertificateFacts, Map<CertificateFacts, Refusal | undefined>>()

  constructor(question: PathQuestion, usages: readonly string[], verify: Verify) {
    this.#question = question
    this.#usages = usages
    this.#left = { ...BUDGET, ...question.budget }
    this.#maxDepth = Math.min(question.maxDepth ?? MAX_DEPTH, MAX_DEPTH)
    // Lists cost signatures, too.
    this.#verify = (...check) => --this.#left.signatures >= 0 && verify(...check)
  }

  /** `path` leads from the leaf to a certificate whose issuer is looked for. */
  from(path: readonly CertificateFacts[]): PathVerdict {
    const last = path.at(-1) ?? this.#question.leaf
    const depth = path.slice(1).filter((ca) => !isSelfIssued(ca)).length
    let refusal: Refusal | undefined
    for (const issuer of this.#issuersOf(last)) {
      if (this.#spent) break
      if (path.some((each) => isSameCa(each, issuer))) continue
      const anchor = this.#question.anchors.includes(issuer)
      const problem = this.#problem(path, issuer, depth)
      if (problem !== undefined) {
        refusal ??= problem
        continue
      }
      const longer = [...path, issuer]
      const verdict = anchor ? this.#end(longer) : this.#deeper(longer, depth + (isSelfIssued(issuer) ? 0 : 1))
      if (verdict.ok) return verdict
      refusal = verdict
    }
    if (this.#spent) return refuse('budget', 'more certificates and names than anybody would check')
    return refusal ?? refuse('unknown-root', 'a certificate of an issuer that is neither believed nor shown')
  }

  /** Anchors first: the shortest path is the best one. */
  *#issuersOf(certificate: CertificateFacts): Generator<CertificateFacts> {
    for (const candidate of [...this.#question.anchors, ...this.#question.intermediates]) {
      if (--this.#left.comparisons < 0) return
      if (sameBytes(candidate.subject, certificate.issuer)) yield candidate
    }
  }

  #problem(path: readonly CertificateFacts[], issuer: CertificateFacts, depth: number): Refusal | undefined {
    const last = path.at(-1) ?? this.#question.leaf
    return (
      linkRules(last, issuer) ??
      this.#candidate(issuer) ??
      caRules(issuer, depth, this.#usages) ??
      constraintRule(issuer, path, this.#left) ??
      this.#signature(last, issuer)
    )
  }

  #candidate(issuer: CertificateFacts): Refusal | undefined {
    if (!this.#alone.has(issuer)) this.#alone.set(issuer, commonRules(issuer) ?? validityRule(issuer, this.#question.now))
    return this.#alone.get(issuer)
  }

  #deeper(path: readonly CertificateFacts[], depth: number): PathVerdict {
    // The second bound is for CAs that change their keys without end.
    if (depth > this.#maxDepth || path.length > 2 * MAX_DEPTH) return refuse('chain-length', `a path of more than ${this.#maxDepth} CAs below a root`)
    return this.from(path)
  }

  #signature(certificate: CertificateFacts, issuer: CertificateFacts): Refusal | undefined {
    const known = this.#signed.get(certificate) ?? new Map<CertificateFacts, Refusal | undefined>()
    this.#signed.set(certificate, known)
    if (!known.has(issuer)) known.set(issuer, signatureRule(certificate, issuer, this.#verify))
    return known.get(issuer)
  }

  #end(path: readonly CertificateFacts[]): PathVerdict {
    const { crls, now } = this.#question
    if (crls === undefined) return { ok: true, path }
    for (const [index, certificate] of path.slice(0, -1).entries()) {
      const state = revocationOf(certificate, path[index + 1] ?? certificate, crls, now, this.#verify)
      if (state === 'unknown' && index === 0) return refuse('crl-missing', 'no revocation list is about the certificate')
      if (typeof state === 'object') return state
    }
    return { ok: true, path }
  }

  get #spent(): boolean {
    return this.#left.signatures < 0 || this.#left.comparisons < 0
  }
}

/** The same CA, or the same key under the same name: going through it once more leads nowhere (RFC 4158 5.2). */
function isSameCa(a: CertificateFacts, b: CertificateFacts): boolean {
  return a === b || (sameBytes(a.subject, b.subject) && sameBytes(a.spki, b.spki))
}
