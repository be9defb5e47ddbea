import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { createSigner, createVerify, seedFromPem, seedToPem } from '../../../../src/adapters/system/crypto.ts'

const seed = new Uint8Array(32).fill(5)
const data = new TextEncoder().encode('hello')

describe('the node key', () => {
  it('signs what its public key verifies, and nothing else', () => {
    const signer = createSigner(seed)
    const verify = createVerify()
    const signature = signer.sign(data)
    assert.equal(verify(signer.publicKey, data, signature), true)
    assert.equal(verify(signer.publicKey, new TextEncoder().encode('hallo'), signature), false)
    assert.equal(verify(createSigner(new Uint8Array(32)).publicKey, data, signature), false)
    assert.equal(verify(new Uint8Array(3), data, signature), false)
    assert.equal(verify(signer.publicKey, data, signature.subarray(1)), false)
  })

  it('goes to PEM and back', () => {
    assert.deepEqual(seedFromPem(seedToPem(seed)), seed)
    assert.throws(() => seedFromPem('nonsense'), { code: 'KEY_MISSING' })
    assert.throws(() => createSigner(new Uint8Array(31)), { code: 'KEY_MISSING' })
  })

  it('accepts no forged signature under a key of small order', () => {
    const spki = Uint8Array.from([...createSigner(seed).publicKey.subarray(0, 12), 1, ...new Uint8Array(31)])
    const forged = Uint8Array.from([1, ...new Uint8Array(63)])
    assert.equal(createVerify()(spki, data, forged), false)
  })

  it('verifies with more keys than it keeps', () => {
    const verify = createVerify(2)
    for (let round = 0; round < 2; round++) {
      for (let byte = 0; byte < 4; byte++) {
        const signer = createSigner(new Uint8Array(32).fill(byte))
        assert.equal(verify(signer.publicKey, data, signer.sign(data)), true)
      }
    }
  })

  it('checks ECDSA of P-256 and P-384 keys with just the algorithm that is named', () => {
    const verify = createVerify()
    const data = Uint8Array.of(1, 2, 3)
    for (const [curve, hash, algorithm, other] of [
      ['prime256v1', 'sha256', 'ecdsa-sha256', 'ecdsa-sha384'],
      ['secp384r1', 'sha384', 'ecdsa-sha384', 'ecdsa-sha256']
    ] as const) {
      const pair = generateKeyPairSync('ec', { namedCurve: curve })
      const spki = new Uint8Array(pair.publicKey.export({ type: 'spki', format: 'der' }))
      const signature = new Uint8Array(sign(hash, data, pair.privateKey))
      assert.equal(verify(spki, data, signature, algorithm), true)
      assert.equal(verify(spki, data, signature, other), false)
      assert.equal(verify(spki, data, signature, 'ed25519'), false)
      assert.equal(verify(spki, data, signature), false)
      assert.equal(verify(spki, data, Uint8Array.of(...signature, 0), algorithm), false)
      assert.equal(verify(spki.with(-1, (spki.at(-1) ?? 0) ^ 1), data, signature, algorithm), false)
    }
  })
})
