import { isEd25519Spki } from '../ids/peer-id.ts'

/** Keys that are certified: Ed25519 for nodes, P-256 for TLS clients and servers outside the network. */
export type KeyKind = 'ed25519' | 'p256'

/** DER head of the SubjectPublicKeyInfo of a P-256 key with an uncompressed point (RFC 5480 2); 64 bytes of point follow. */
const P256_HEAD = [
  0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
  0x04
]

/** Kind of a SubjectPublicKeyInfo (DER) in its one encoding that is accepted; undefined for every other key. */
export function keyKindOf(spki: Uint8Array): KeyKind | undefined {
  if (isEd25519Spki(spki)) return 'ed25519'
  return spki.length === P256_HEAD.length + 64 && P256_HEAD.every((byte, index) => spki[index] === byte) ? 'p256' : undefined
}

/** Signature algorithm (dotted) that a request for a key of this kind must be signed with (RFC 8410 3, RFC 5758 3.2). */
export const REQUEST_ALGORITHM: Readonly<Record<KeyKind, string>> = { ed25519: '1.3.101.112', p256: '1.2.840.10045.4.3.2' }
