import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { pureJsCrypto } from '@chainsafe/libp2p-noise'
import { recordCrypto } from '../../../../src/adapters/libp2p/record-crypto.ts'

const NO_AD = new Uint8Array(0)
/** Around each bound at which another way is taken, and the largest record. */
const SIZES = [0, 1, 16, 383, 384, 399, 400, 1199, 1200, 8191, 8192, 8193, 65_519]

describe('recordCrypto', () => {
  const key = randomBytes(32)
  const nonce = randomBytes(12)
  const plain = (size: number): Buffer => randomBytes(size)
  const bytes = (value: { subarray(): Uint8Array }): Buffer => Buffer.from(value.subarray())

  for (const size of SIZES) {
    it(`makes and reads records of ${size} bytes as any other noise does`, () => {
      const text = plain(size)
      const sealed = bytes(recordCrypto.chaCha20Poly1305Encrypt(text, nonce, NO_AD, key))
      assert.deepEqual(sealed, bytes(pureJsCrypto.chaCha20Poly1305Encrypt(text, nonce, NO_AD, key)))
      assert.deepEqual(bytes(recordCrypto.chaCha20Poly1305Decrypt(sealed, nonce, NO_AD, key)), text)
    })
  }

  it('authenticates the additional data of a handshake', () => {
    const text = plain(1000)
    const ad = randomBytes(32)
    const sealed = bytes(recordCrypto.chaCha20Poly1305Encrypt(text, nonce, ad, key))
    assert.deepEqual(sealed, bytes(pureJsCrypto.chaCha20Poly1305Encrypt(text, nonce, ad, key)))
    assert.deepEqual(bytes(recordCrypto.chaCha20Poly1305Decrypt(sealed, nonce, ad, key)), text)
    assert.throws(() => recordCrypto.chaCha20Poly1305Decrypt(sealed, nonce, randomBytes(32), key))
  })

  it('keeps keys apart', () => {
    const text = plain(1000)
    const sealed = bytes(recordCrypto.chaCha20Poly1305Encrypt(text, nonce, NO_AD, key))
    assert.throws(() => recordCrypto.chaCha20Poly1305Decrypt(sealed, nonce, NO_AD, randomBytes(32)))
  })

  for (const size of [300, 1000, 65_519]) {
    it(`refuses a record of ${size} bytes with a changed byte, wherever it is`, () => {
      const sealed = bytes(recordCrypto.chaCha20Poly1305Encrypt(plain(size), nonce, NO_AD, key))
      for (const at of [0, size >> 1, size - 1, size, size + 15]) {
        const changed = Buffer.from(sealed)
        changed[at] = (changed[at] ?? 0) ^ 1
        assert.throws(() => recordCrypto.chaCha20Poly1305Decrypt(changed, nonce, NO_AD, key), `byte ${at}`)
      }
    })
  }
})
