import { keyKindOf } from './key-kind.ts'

/** DER head of the SubjectPublicKeyInfo of an Ed25519 key (RFC 8410 4); 32 bytes of key follow. */
const SPKI_HEAD = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]
/** Identity multihash of 36 bytes, then libp2p's PublicKey message: type Ed25519, 32 bytes of data. */
const PEER_ID_HEAD = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20]
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** True for the SubjectPublicKeyInfo (DER) of an Ed25519 key in its one valid encoding. */
export function isEd25519Spki(spki: Uint8Array): boolean {
  return keyKindOf(spki) === 'ed25519'
}

/** PeerId (text, 12D3KooW...) of an Ed25519 SubjectPublicKeyInfo: it is the key in another coat. Undefined for other keys. */
export function peerIdOf(spki: Uint8Array): string | undefined {
  return isEd25519Spki(spki) ? base58(Uint8Array.from([...PEER_ID_HEAD, ...spki.subarray(SPKI_HEAD.length)])) : undefined
}

/** SubjectPublicKeyInfo (DER) of the Ed25519 key that a PeerId is; undefined for any other text. */
export function spkiOf(peer: string): Uint8Array | undefined {
  const bytes = peer.length === 52 ? unbase58(peer) : undefined
  if (bytes?.length !== PEER_ID_HEAD.length + 32 || !PEER_ID_HEAD.every((byte, index) => bytes[index] === byte)) return undefined
  return Uint8Array.from([...SPKI_HEAD, ...bytes.subarray(PEER_ID_HEAD.length)])
}

function unbase58(text: string): Uint8Array | undefined {
  const bytes: number[] = []
  for (const character of text) {
    let carry = BASE58.indexOf(character)
    if (carry === -1) return undefined
    for (let i = 0; i < bytes.length; i++) {
      carry += (bytes[i] ?? 0) * 58
      bytes[i] = carry & 0xff
      carry >>= 8
    }
    for (; carry > 0; carry >>= 8) bytes.push(carry & 0xff)
  }
  const zeros = /^1*/.exec(text)?.[0].length ?? 0
  return Uint8Array.from([...Array<number>(zeros).fill(0), ...bytes.reverse()])
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
