import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import type { ICryptoInterface } from '@chainsafe/libp2p-noise'
import { defaultCrypto } from '@chainsafe/libp2p-noise/crypto'

const CIPHER = 'chacha20-poly1305'
const TAG_BYTES = 16
const OPTIONS = { authTagLength: TAG_BYTES } as const

/** Below this, noise's WebAssembly is faster than the way into OpenSSL. */
const NATIVE_FROM = 400

/** Up to this, one copy costs less than several calls into OpenSSL. */
const COPY_UP_TO = 8 * 1024

/** Keys as OpenSSL wants them: making one from bytes costs more than to encrypt a record of 1 KiB. Goes away with the connection's own key. */
const keys = new WeakMap<Uint8Array, KeyObject>()

/** Noise's own crypto, but for records, where the key is prepared once for each connection and direction. The bytes on the wire are the same. */
export const recordCrypto: ICryptoInterface = { ...defaultCrypto, chaCha20Poly1305Encrypt: encrypt, chaCha20Poly1305Decrypt: decrypt }

type Bytes = Parameters<ICryptoInterface['chaCha20Poly1305Encrypt']>[0]

function encrypt(plaintext: Bytes, nonce: Uint8Array, ad: Uint8Array, key: Uint8Array): Bytes {
  if (plaintext.byteLength < NATIVE_FROM) return defaultCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, ad, key)
  const cipher = createCipheriv(CIPHER, keyOf(key), nonce, OPTIONS)
  if (ad.byteLength > 0) cipher.setAAD(ad, { plaintextLength: plaintext.byteLength })
  const output: Uint8Array[] = []
  for (const piece of piecesOf(plaintext)) output.push(cipher.update(piece))
  // A stream cipher holds nothing back: this only makes the tag.
  cipher.final()
  output.push(cipher.getAuthTag())
  return Buffer.concat(output)
}

/** Throws when the record was not made with the key or has been changed. */
function decrypt(ciphertext: Bytes, nonce: Uint8Array, ad: Uint8Array, key: Uint8Array, dst?: Uint8Array): Bytes {
  if (ciphertext.byteLength < NATIVE_FROM) return defaultCrypto.chaCha20Poly1305Decrypt(ciphertext, nonce, ad, key, dst)
  const length = ciphertext.byteLength - TAG_BYTES
  const decipher = createDecipheriv(CIPHER, keyOf(key), nonce, OPTIONS)
  if (ad.byteLength > 0) decipher.setAAD(ad, { plaintextLength: length })
  decipher.setAuthTag(ciphertext.subarray(length))
  const output: Uint8Array[] = []
  for (const piece of piecesOf(ciphertext instanceof Uint8Array ? ciphertext.subarray(0, length) : ciphertext.sublist(0, length)))
    output.push(decipher.update(piece))
  decipher.final()
  const [first = new Uint8Array()] = output
  return output.length === 1 ? first : Buffer.concat(output)
}

function piecesOf(bytes: Bytes): Iterable<Uint8Array> {
  return bytes instanceof Uint8Array || bytes.byteLength <= COPY_UP_TO ? [bytes.subarray()] : bytes
}

function keyOf(bytes: Uint8Array): KeyObject {
  const known = keys.get(bytes)
  if (known !== undefined) return known
  const key = createSecretKey(bytes)
  keys.set(bytes, key)
  return key
}
