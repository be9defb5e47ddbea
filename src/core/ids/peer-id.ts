import { keyKindOf } from './key-kind.ts'

/** Bytes of the SubjectPublicKeyInfo of an Ed25519 key before the key. */
const SPKI_HEAD = 12
/** Identity multihash of 36 bytes, then libp2p's PublicKey message: type Ed25519, 32 bytes of data. */
const PEER_ID_HEAD = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20]
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** True for the SubjectPublicKeyInfo (DER) of an Ed25519 key in its one valid encoding. */
export function isEd25519Spki(spki: Uint8Array): boolean {
  return keyKindOf(spki) === 'ed25519'
}

/** PeerId (text, 12D3KooW...) of an Ed25519 SubjectPublicKeyInfo: it is the key in another coat. Undefined for other keys. */
export function peerIdOf(spki: Uint8Array): string | undefined {
  return isEd25519Spki(spki) ? base58(Uint8Array.from([...PEER_ID_HEAD, ...spki.subarray(SPKI_HEAD)])) : undefined
}

function base58(bytes: Uint8Array): string {
  const digits: number[] = []
  for (const byte of bytes) {
    let carry = byte
    for (let i = 0; i < digits.length; i++) {
      carry += (digits[i] ?? 0) * 256
      digits[i] = carry % 58
      carry = Math.floor(carry / 58)
    }
    for (; carry > 0; carry = Math.floor(carry / 58)) digits.push(carry % 58)
  }
  const zeros = bytes.findIndex((byte) => byte !== 0)
  const head = BASE58.charAt(0).repeat(zeros === -1 ? bytes.length : zeros)
  return (
    head +
    digits
      .reverse()
      .map((digit) => BASE58.charAt(digit))
      .join('')
  )
}
