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

/** Digits that fit into one limb with room to carry. */
const LIMB_DIGITS = 5
const LIMB = 58 ** LIMB_DIGITS

function base58(bytes: Uint8Array): string {
  const limbs: number[] = []
  let zeros = 0
  while (zeros < bytes.length && bytes[zeros] === 0) zeros++
  for (let at = zeros; at < bytes.length; at++) {
    let carry = bytes[at] ?? 0
    for (let i = 0; i < limbs.length; i++) {
      carry += (limbs[i] ?? 0) * 256
      limbs[i] = carry % LIMB
      carry = Math.floor(carry / LIMB)
    }
    if (carry > 0) limbs.push(carry)
  }
  let text = ''
  for (const limb of limbs) for (let i = 0, rest = limb; i < LIMB_DIGITS; i++, rest = Math.floor(rest / 58)) text = BASE58.charAt(rest % 58) + text
  // The highest limb may have fewer digits.
  return BASE58.charAt(0).repeat(zeros) + text.replace(/^1+/, '')
}
