import { type ChainIdentity, MAX_CHAIN, verifyChain } from '../../core/pki/chain.ts'
import type { Sha256, Verify } from '../../core/crypto.ts'
import { hex } from '../../core/ids/hex.ts'
import { refusalError, refuse } from '../../core/pki/refusal.ts'
import { parseCertificate } from '../../wire/x509/certificate.ts'
import { HansaError } from '../../schema/errors.ts'

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

/** Verifies chains and remembers the good ones by fingerprint: three signature checks and three parses the first time, one hash afterwards. */
export function createChains(verify: Verify, sha256: Sha256, maxEntries: number): Chains {
  const known = new Map<string, VerifiedChain>()
  return {
    verify(chain, now) {
      if (chain.length === 0) throw new HansaError('UNAUTHENTICATED', 'no certificate was shown')
      if (chain.length > MAX_CHAIN) throw refusalError(refuse('chain-length', `a chain of ${chain.length} certificates; at most ${MAX_CHAIN} are wanted`))
      const id = fingerprint(chain, sha256)
      const cached = known.get(id)
      if (cached !== undefined && now >= cached.notBefore && now <= cached.identity.notAfter) {
        known.delete(id)
        known.set(id, cached)
        return cached
      }
      known.delete(id)
      const fresh = examine(chain, now, verify, sha256)
      // The map keeps insertion order: the first entry is the one unused for longest.
      if (known.size >= maxEntries) known.delete(known.keys().next().value ?? id)
      known.set(id, fresh)
      return fresh
    }
  }
}

/** Name under which the revocation lists of a CA key are kept. */
export function issuerId(spki: Uint8Array, sha256: Sha256): string {
  return hex(sha256(spki))
}

function examine(chain: readonly Uint8Array[], now: number, verify: Verify, sha256: Sha256): VerifiedChain {
  const certificates = chain.map(parseCertificate)
  const verdict = verifyChain(certificates, now, verify)
  if (!verdict.ok) throw refusalError(verdict)
  const [leaf] = certificates
  const root = certificates.at(-1)
  if (leaf === undefined || root === undefined) throw new HansaError('INTERNAL', 'an empty chain was verified')
  const rootHash = sha256(root.der)
  return {
    identity: verdict.identity,
    // Copies: what is remembered must not keep the whole message alive that it came in.
    spki: leaf.spki.slice(),
    root: rootHash,
    rootId: hex(rootHash),
    links: certificates.slice(1).map((issuer, index) => ({ issuer: issuerId(issuer.spki, sha256), serial: certificates[index]?.serial ?? '' })),
    notBefore: Math.max(...certificates.map((each) => each.notBefore))
  }
}

function fingerprint(chain: readonly Uint8Array[], sha256: Sha256): string {
  const joined = new Uint8Array(chain.length * 32)
  for (const [index, certificate] of chain.entries()) joined.set(sha256(certificate), index * 32)
  return hex(sha256(joined))
}
