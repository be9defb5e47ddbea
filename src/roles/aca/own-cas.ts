import type { Sha256, Verify } from '../../core/crypto.ts'
import { hex } from '../../core/ids/hex.ts'
import { type Certificate, parseCertificate } from '../../wire/x509/certificate.ts'

/** A certificate of one of our CAs. */
export interface OwnCa {
  readonly certificate: Certificate
  /** SHA-256 of its key, hex. */
  readonly keyId: string
}

export interface OwnCas {
  /** `der` as the issuer holds it: the same object is read once. Throws CERTIFICATE_INVALID. */
  read(der: Uint8Array): OwnCa
  /** `verify` that checks what one own CA signed for another, or for itself, once. */
  readonly verify: Verify
}

/**
 * Each certificate that is issued is judged under the same few CAs: they are read once, and their signatures checked once; the rules are applied each time. What is known goes by the
 * objects that the issuer holds and `read` gave, which nobody changes, so it ends with them.
 */
export function createOwnCas(verify: Verify, sha256: Sha256): OwnCas {
  const known = new WeakMap<Uint8Array, OwnCa>()
  /** What is signed, both parts of it and the key, as the objects that `read` gave. */
  const good = new WeakMap<Uint8Array, { readonly spki: Uint8Array; readonly signature: Uint8Array }>()
  const own = new WeakSet<Uint8Array>()
  return {
    read(der) {
      const before = known.get(der)
      if (before !== undefined) return before
      const certificate = parseCertificate(der)
      const ca = { certificate, keyId: hex(sha256(certificate.spki)) }
      known.set(der, ca)
      own.add(certificate.tbs)
      return ca
    },
    verify(spki, data, signature, algorithm) {
      const before = good.get(data)
      if (before?.spki === spki && before.signature === signature) return true
      const verdict = verify(spki, data, signature, algorithm)
      if (verdict && own.has(data)) good.set(data, { spki, signature })
      return verdict
    }
  }
}
