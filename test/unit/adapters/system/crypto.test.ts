import assert from 'node:assert/strict'
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
})
