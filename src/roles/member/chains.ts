import { type ChainIdentity, MAX_CHAIN, verifyChain } from '../../core/pki/chain.ts'
import type { Sha256, Verify } from '../../core/crypto.ts'
import { hex } from '../../core/ids/hex.ts'
import { refusalError, refuse } from '../../core/pki/refusal.ts'
import { parseCertificate } from '../../wire/x509/certificate.ts'
import { HansaError } from '../../schema/errors.ts'
import { createKnownCas, equalBytes, type KnownCas, tailOf } from './known-cas.ts'

/** A chain that is in order up to its own root, whoever may believe that root. */
export interface VerifiedChain {
  readonly identity: ChainIdentity
  /** SubjectPublicKeyInfo of the leaf. */
  readonly spki: Uint8Array
  /** SHA-256 of the root certificate. */
  readonly root: Uint8Array
  readonly rootId: string
  /** Which list could revoke which serial: one for each certificate but the root. */
  readonly links: readonly { readonly issuer: string; readonly serial: string }[]
  readonly notBefore: number
}

export interface Chains {
  /** Throws CERTIFICATE_INVALID or CERTIFICATE_EXPIRED. */
  verify(chain: readonly Uint8Array[], now: number): VerifiedChain
}

/** CAs remembered beside the chains: two for each domain that is met. */
const MAX_CAS = 256

interface Entry {
  readonly verified: VerifiedChain
  /** All of its bytes. */
  readonly chain: readonly Uint8Array[]
}

/**
 * Verifies chains and remembers the good ones: a parse and a signature check for a new leaf of known CAs, comparisons of bytes for a chain that was seen
 * before. It is found by the ends of its certificates and then compared whole, which costs less than a hash and proves more.
 */
export function createChains(verify: Verify, sha256: Sha256, maxEntries: number): Chains {
  const known = new Map<string, Entry>()
  const cas = createKnownCas(verify, sha256, Math.min(MAX_CAS, maxEntries * MAX_CHAIN))
  return {
    verify(chain, now) {
      if (chain.length === 0) throw new HansaError('UNAUTHENTICATED', 'no certificate was shown')
      if (chain.length > MAX_CHAIN) throw refusalError(refuse('chain-length', `a chain of ${chain.length} certificates; at most ${MAX_CHAIN} are wanted`))
      const id = keyOf(chain)
      const cached = known.get(id)
      if (cached !== undefined && isSame(cached.chain, chain) && now >= cached.verified.notBefore && now <= cached.verified.identity.notAfter) {
        known.delete(id)
        known.set(id, cached)
        return cached.verified
      }
      known.delete(id)
      const fresh = examine(chain, now, cas, verify)
      // The map keeps insertion order: the first entry is the one unused for longest.
      if (known.size >= maxEntries) known.delete(known.keys().next().value ?? id)
      known.set(id, fresh)
      return fresh.verified
    }
  }
}

/** Name under which the revocation lists of a CA key are kept. */
export function issuerId(spki: Uint8Array, sha256: Sha256): string {
  return hex(sha256(spki))
}

function examine(chain: readonly Uint8Array[], now: number, cas: KnownCas, verify: Verify): Entry {
  const [first, ...others] = chain
  if (first === undefined) throw new HansaError('INTERNAL', 'an empty chain was to be verified')
  // A copy: what is remembered must not keep the whole message alive that it came in, nor change with it.
  const leaf = parseCertificate(first.slice())
  const issuers = others.map((der) => cas.read(der))
  const certificates = [leaf, ...issuers.map(({ certificate }) => certificate)]
  const verdict = verifyChain(certificates, now, (spki, data, ...rest) => (data === leaf.tbs ? verify : cas.verify)(spki, data, ...rest))
  if (!verdict.ok) throw refusalError(verdict)
  cas.remember(issuers)
  const root = issuers.at(-1)
  if (root === undefined) throw new HansaError('INTERNAL', 'a chain without a root was verified')
  return {
    chain: certificates.map(({ der }) => der),
    verified: {
      identity: verdict.identity,
      spki: leaf.spki,
      root: root.hash,
      rootId: root.hashId,
      links: issuers.map((issuer, index) => ({ issuer: issuer.issuerId, serial: certificates[index]?.serial ?? '' })),
      notBefore: Math.max(...certificates.map((each) => each.notBefore))
    }
  }
}

function keyOf(chain: readonly Uint8Array[]): string {
  let key = ''
  for (const der of chain) key += tailOf(der)
  return key
}

function isSame(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  if (a.length !== b.length) return false
  for (const [index, der] of a.entries()) if (!equalBytes(der, b[index] ?? der)) return false
  return true
}
