import assert from 'node:assert/strict'
import { createNonces } from '../../../../../src/adapters/http/authority/acme/nonces.ts'
import { createRateLimit } from '../../../../../src/adapters/http/authority/acme/rate-limit.ts'
import { FakeClock } from '../../../../support/fake-clock.ts'

describe('nonces of ACME', () => {
  it('are good once, for a while, and only where they were made', async () => {
    const clock = new FakeClock()
    const nonces = createNonces(clock)
    const [first, late] = [nonces.make(), nonces.make()]
    assert.notEqual(first, late)
    assert.equal(nonces.spend(first), true)
    assert.equal(nonces.spend(first), false)
    assert.equal(createNonces(clock).spend(late), false)
    await clock.advance(900_001)
    assert.equal(nonces.spend(late), false)
    // What was used is over, too, and not good again.
    assert.equal(nonces.spend(first), false)
    assert.equal(nonces.spend(nonces.make()), true)
  })

  it('are good in one writing, and none is made up', () => {
    const nonces = createNonces(new FakeClock())
    const nonce = nonces.make()
    for (let at = 0; at < nonce.length; at++) {
      const other = nonce.slice(0, at) + (nonce[at] === 'A' ? 'B' : 'A') + nonce.slice(at + 1)
      assert.equal(nonces.spend(other), false, String(at))
    }
    for (const other of [`${nonce}=`, ` ${nonce}`, nonce.slice(1), '']) assert.equal(nonces.spend(other), false)
    assert.equal(nonces.spend(nonce), true)
  })
})

describe('rate limits of ACME', () => {
  it('count each by itself, and begin anew when their time is over', async () => {
    const clock = new FakeClock()
    const limit = createRateLimit(clock, 'orders', { most: 2, withinMs: 1_000 })
    limit('a')
    limit('a')
    assert.throws(() => limit('a'), { type: 'rateLimited', status: 429, headers: { 'retry-after': '1' } })
    limit('b')
    await clock.advance(1_001)
    limit('a')
  })
})
