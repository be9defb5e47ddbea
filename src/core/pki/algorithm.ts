import type { SignatureAlgorithm } from '../crypto.ts'
import { type KeyKind, keyKindOf } from '../ids/key-kind.ts'

/** By OID: the algorithms of the profile. No parameters go with any of them (RFC 8410 3, RFC 5758 3.2). */
const ALGORITHMS: Readonly<Record<string, { readonly algorithm: SignatureAlgorithm; readonly keys: readonly KeyKind[] }>> = {
  '1.3.101.112': { algorithm: 'ed25519', keys: ['ed25519'] },
  '1.2.840.10045.4.3.2': { algorithm: 'ecdsa-sha256', keys: ['p256', 'p384'] },
  '1.2.840.10045.4.3.3': { algorithm: 'ecdsa-sha384', keys: ['p256', 'p384'] }
}

/** The algorithm with this OID; undefined when it is none of the profile. */
export function algorithmOf(oid: string): SignatureAlgorithm | undefined {
  return Object.hasOwn(ALGORITHMS, oid) ? ALGORITHMS[oid]?.algorithm : undefined
}

/** The algorithm with this OID when the key can have made such a signature; undefined otherwise, so that nothing is checked in another way than it says. */
export function algorithmFor(oid: string, spki: Uint8Array): SignatureAlgorithm | undefined {
  const kind = keyKindOf(spki)
  const entry = Object.hasOwn(ALGORITHMS, oid) ? ALGORITHMS[oid] : undefined
  return kind !== undefined && entry?.keys.includes(kind) === true ? entry.algorithm : undefined
}
