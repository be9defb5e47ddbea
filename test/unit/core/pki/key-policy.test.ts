import assert from 'node:assert/strict'
import { createVerify, sha256 } from '../../../../src/adapters/system/crypto.ts'
import { hex } from '../../../../src/core/ids/hex.ts'
import { peerIdOf, spkiOf } from '../../../../src/core/ids/peer-id.ts'
import type { Evidence } from '../../../../src/core/pki/evidence.ts'
import type { Issued } from '../../../../src/core/pki/issued.ts'
import { reviewKey } from '../../../../src/core/pki/key-policy.ts'
import { reviewRenewal } from '../../../../src/core/pki/review.ts'
import { makeCsr, parseCsr } from '../../../../src/wire/x509/csr.ts'
import { p256Csr } from '../../../support/p256-csr.ts'
import { key } from '../../../support/mint.ts'

const verify = createVerify()

function evidence(der: Uint8Array, more: Partial<Evidence> = {}): Evidence {
  const csr = parseCsr(der)
  return {
    csr,
    keyId: hex(sha256(csr.spki)),
    csrId: hex(sha256(der)),
    peer: undefined,
    domain: 'north.example',
    now: 0,
    byName: () => [],
    byKey: () => [],
    blocked: () => false,
    caKey: () => false,
    accountsOf: () => [],
    dnsHolders: () => [],
    ...more
  }
}

function refusal(der: Uint8Array, more: Partial<Evidence> = {}): string {
  const review = reviewKey(evidence(der, more), verify, true)
  assert.ok(!review.ok)
  return `${review.error.code}: ${review.error.message}`
}

/** A request for any key at all, signed by another. */
const requestFor = (publicKey: Uint8Array) => makeCsr({ publicKey, sign: (data) => key(1).sign(data) })

describe('how many certificates a name may have', () => {
  const live = (number: number): Issued => ({
    ...{ serial: String(number), name: 'flight', spiffeId: 'spiffe://north.example/agent/flight', roles: ['agent'], scopes: [], dnsNames: [] },
    ...{ peer: key(1).peer, keyId: hex(sha256(key(1).publicKey)), issuer: '', notBefore: 0, notAfter: 1000 }
  })
  const renewed = (count: number, end: Partial<Issued> = { revokedAt: 0, reason: 'superseded' }, now = 500) => {
    const old = live(0)
    const all = [old, ...Array.from({ length: count - 1 }, (_, index) => ({ ...live(index + 1), ...end }))]
    const review = reviewRenewal(evidence(makeCsr(key(1)), { now, byName: () => all }), { ...old, notAfter: 5000 }, verify, { scopes: [], newKey: 'none' })
    return review.ok ? 'issued' : review.error.code
  }

  it('ends with those that have not ended, also for who gives up each before the next', () => {
    assert.deepEqual([renewed(255), renewed(256)], ['issued', 'RATE_LIMITED'])
    assert.equal(renewed(256, undefined, 2000), 'issued')
    assert.deepEqual([renewed(15, {}), renewed(16, {})], ['issued', 'RATE_LIMITED'])
  })
})

describe('which keys are certified (draft 3.1.1)', () => {
  it('an Ed25519 key that the applicant holds', () => {
    const review = reviewKey(evidence(makeCsr(key(1)), { peer: key(1).peer }), verify, true)
    assert.ok(review.ok)
    assert.deepEqual([review.kind, review.peer], ['ed25519', key(1).peer])
  })

  it('any Ed25519 key, whatever its sign bit, and in whatever kind of bytes it comes', () => {
    for (let byte = 1; byte < 20; byte++) assert.ok(reviewKey(evidence(Buffer.from(makeCsr(key(byte))), { peer: key(byte).peer }), verify, true).ok)
  })

  it('a P-256 key on its curve, which no node of the network has', async () => {
    const der = await p256Csr()
    const review = reviewKey(evidence(der), verify, true)
    assert.ok(review.ok)
    assert.deepEqual([review.kind, review.peer], ['p256', ''])
    assert.match(refusal(der, { peer: key(1).peer }), /CSR_INVALID.*key of the node/)
    const { spki } = parseCsr(der)
    const off = spki.map((byte, index) => (index === spki.length - 1 ? byte ^ 1 : byte))
    assert.match(refusal(requestFor(Uint8Array.from(off))), /KEY_REFUSED.*curve/)
    assert.match(refusal(requestFor(Uint8Array.from(spki))), /CSR_INVALID.*algorithm/)
  })

  it('none of small order, in whatever encoding: a signature under it proves nothing', () => {
    const head = key(1).publicKey.subarray(0, 12)
    const p = 2n ** 255n - 19n
    const d = (-121665n * power(121666n, p - 2n)) % p
    // y of the points of order 1, 2, 4 and 8; those of order 8 solve d y^4 + 2 y^2 = 1.
    const eighth = ['26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'].map(
      littleEndian
    )
    for (const y of eighth) assert.equal((((d * power(y, 4n) + 2n * y * y) % p) + p) % p, 1n)
    for (const y of [0n, 1n, p - 1n, p, p + 1n, ...eighth])
      for (const sign of [0, 0x80]) {
        const point = Uint8Array.from({ length: 32 }, (_, index) => Number((y >> BigInt(8 * index)) & 0xffn))
        point[31] = (point[31] ?? 0) | sign
        assert.match(refusal(requestFor(Uint8Array.from([...head, ...point]))), /KEY_REFUSED.*small order/)
      }

    function power(base: bigint, exponent: bigint): bigint {
      let [result, square, left] = [1n, base % p, exponent]
      for (; left > 0n; left >>= 1n) {
        if (left & 1n) result = (result * square) % p
        square = (square * square) % p
      }
      return result
    }
    function littleEndian(text: string): bigint {
      return BigInt(`0x${Buffer.from(text, 'hex').reverse().toString('hex')}`)
    }
  })

  it('none of another kind', () => {
    assert.match(refusal(requestFor(Uint8Array.of(0x30, 0x00))), /KEY_REFUSED/)
    assert.match(refusal(requestFor(Uint8Array.from([...key(1).publicKey.subarray(0, 11), 1, ...key(1).publicKey.subarray(12)]))), /KEY_REFUSED/)
  })

  it('none that the applicant does not hold, or that is not the key of the node that sent it', () => {
    assert.match(refusal(requestFor(key(2).publicKey)), /CSR_INVALID.*not signed/)
    assert.match(refusal(makeCsr(key(1)), { peer: key(2).peer }), /CSR_INVALID.*key of the node/)
  })

  it('none that is blocked, and none of a CA', () => {
    assert.match(refusal(makeCsr(key(1)), { blocked: () => true }), /KEY_REFUSED.*compromised/)
    assert.match(refusal(makeCsr(key(1)), { caKey: () => true }), /KEY_REFUSED.*CA/)
  })
})

describe('a PeerId', () => {
  it('gives its key back', () => {
    for (let byte = 1; byte < 60; byte++) {
      const { peer, publicKey } = key(byte)
      assert.deepEqual(Buffer.from(spkiOf(peer) ?? []), Buffer.from(publicKey))
      assert.equal(peerIdOf(publicKey), peer)
    }
  })

  it('of another form gives none', () => {
    const { peer } = key(1)
    for (const text of ['', peer.slice(1), `${peer}1`, peer.replace(/.$/, '0'), 'z'.repeat(52)]) assert.equal(spkiOf(text), undefined, text)
  })
})
