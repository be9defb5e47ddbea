import { isOnCurve, P256, P384 } from './curve.ts'
import { unhex } from './hex.ts'

/** Kinds of keys that are used at all. */
export type KeyKind = 'ed25519' | 'p256' | 'p384'

/** DER heads of the SubjectPublicKeyInfo with a named curve and an uncompressed point (RFC 8410 4, RFC 5480 2): one encoding for each key, no other. */
const HEADS: readonly { readonly kind: KeyKind; readonly head: Uint8Array; readonly length: number }[] = [
  { kind: 'ed25519', head: headOf('302a300506032b6570032100'), length: 44 },
  { kind: 'p256', head: headOf('3059301306072a8648ce3d020106082a8648ce3d03010703420004'), length: 91 },
  { kind: 'p384', head: headOf('3076301006072a8648ce3d020106052b8104002203620004'), length: 120 }
]

/** Kind of the key in a SubjectPublicKeyInfo (DER); undefined for other keys and encodings. Whether a point is on its curve: `isSoundKey`. */
export function keyKindOf(spki: Uint8Array): KeyKind | undefined {
  for (const { kind, head, length } of HEADS) if (spki.length === length && startsWith(spki, head)) return kind
  return undefined
}

/** True for a key of a known kind whose point, when it has one, is on its curve (SEC 1 3.2.2.1): keys that are certified may be of no use in no check of ours. */
export function isSoundKey(spki: Uint8Array): boolean {
  const kind = keyKindOf(spki)
  if (kind === 'p256') return isOnCurve(P256, spki.subarray(27))
  if (kind === 'p384') return isOnCurve(P384, spki.subarray(24))
  return kind === 'ed25519'
}

function startsWith(bytes: Uint8Array, head: Uint8Array): boolean {
  for (let i = 0; i < head.length; i++) if (bytes[i] !== head[i]) return false
  return true
}

function headOf(digits: string): Uint8Array {
  return unhex(digits) ?? new Uint8Array()
}
