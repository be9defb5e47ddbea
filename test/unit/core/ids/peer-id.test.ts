import assert from 'node:assert/strict'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { isEd25519Spki, peerIdOf } from '../../../../src/core/ids/peer-id.ts'
import { key } from '../../../support/mint.ts'

describe('PeerId of a key', () => {
  it('is what libp2p says', () => {
    for (const byte of [0, 1, 77, 255]) {
      const { publicKey } = key(byte)
      assert.equal(peerIdOf(publicKey), peerIdFromPublicKey(publicKeyFromRaw(publicKey.subarray(-32))).toString())
    }
  })

  it('does not exist for other keys', () => {
    assert.equal(peerIdOf(new Uint8Array(44)), undefined)
    assert.equal(isEd25519Spki(key(1).publicKey.subarray(1)), false)
  })
})
