import type { Sha256, Verify } from '../../core/crypto.ts'
import { hex } from '../../core/ids/hex.ts'
import { type Certificate, parseCertificate } from '../../wire/x509/certificate.ts'

/** A CA certificate that has been in a good chain. */
export interface KnownCa {
  readonly certificate: Certificate
  /** SHA-256 of the certificate. */
  readonly hash: Uint8Array
  readonly hashId: string
  /** SHA-256 of its key, hex: under which its revocation lists are kept. */
  readonly issuerId: string
}

export interface KnownCas {
  /** Reads a CA certificate, or finds it as it was read before. Throws CERTIFICATE_INVALID. */
  read(der: Uint8Array): KnownCa
  /** `verify` that makes no check twice of what one known CA signed for another, or for itself. */
  readonly verify: Verify
  /** After the chain with these was found good, issuing CA first: only such are remembered, so that strangers cannot fill the memory. */
  remember(cas: readonly KnownCa[]): void
}

/**
 * The chains of a domain differ in their leaf only: its CAs are read once, and their signatures checked once. What is known is found by its end and then
 * compared as a whole; the rules, dates among them, are applied to every chain anew.
 */
export function createKnownCas(verify: Verify, sha256: Sha256, maxEntries: number): KnownCas {
  const known = new Map<string, KnownCa>()
  /** Keys that have signed what is named, both as the objects that `read` gave: nobody else has them, and nobody changes them. */
  const signedBy = new WeakMap<Uint8Array, Uint8Array>()
  return {
    read(der) {
      const found = known.get(tailOf(der))
      if (found !== undefined && equalBytes(found.certificate.der, der)) return found
      // A copy: what is remembered must not keep the whole message alive that it came in, nor change with it.
      const certificate = parseCertificate(der.slice())
      const hash = sha256(certificate.der)
      return { certificate, hash, hashId: hex(hash), issuerId: hex(sha256(certificate.spki)) }
    },
    verify: (spki, data, signature, algorithm) => signedBy.get(data) === spki || verify(spki, data, signature, algorithm),
    remember(cas) {
      for (const [index, ca] of cas.entries()) {
        const issuer = cas[index + 1] ?? ca
        signedBy.set(ca.certificate.tbs, issuer.certificate.spki)
        const id = tailOf(ca.certificate.der)
        // The map keeps insertion order: the first entry is the one unused for longest.
        if (!known.delete(id) && known.size >= maxEntries) known.delete(known.keys().next().value ?? id)
        known.set(id, ca)
      }
    }
  }
}

/** As much of the signature as tells certificates apart that nobody has made alike on purpose. */
const TAIL_BYTES = 12

/** End of a certificate as text: a key that costs no hash, for what is compared as a whole afterwards. */
export function tailOf(der: Uint8Array): string {
  const from = Math.max(0, der.length - TAIL_BYTES)
  return Buffer.from(der.buffer, der.byteOffset + from, der.length - from).toString('latin1')
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || (a.length === b.length && Buffer.compare(a, b) === 0)
}
