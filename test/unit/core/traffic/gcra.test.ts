import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createGcra } from '../../../../src/core/traffic/gcra.ts'

const settings = { limit: 60, periodMs: 60_000, burst: 60, maxKeys: 100 }

describe('GCRA', () => {
  it('lets a whole burst pass at once, then one request each interval', () => {
    const gcra = createGcra(settings)
    for (let i = 0; i < 60; i++) assert.equal(gcra.take('a', 5).ok, true, `request ${i}`)
    assert.deepEqual(gcra.take('a', 5), { ok: false, retryAfterMs: 1000 })
    assert.deepEqual(gcra.take('a', 505), { ok: false, retryAfterMs: 500 })
    assert.equal(gcra.take('a', 1005).ok, true)
    assert.equal(gcra.take('a', 1005).ok, false)
  })

  it('keeps keys apart', () => {
    const gcra = createGcra({ ...settings, burst: 1 })
    assert.equal(gcra.take('a', 0).ok, true)
    assert.equal(gcra.take('a', 0).ok, false)
    assert.equal(gcra.take('b', 0).ok, true)
  })

  it('never admits more than burst + elapsed / interval, whatever the pattern', () => {
    const cases = fc.record({
      limit: fc.integer({ min: 1, max: 1000 }),
      periodMs: fc.integer({ min: 1, max: 100_000 }),
      burst: fc.integer({ min: 1, max: 50 }),
      steps: fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 200 })
    })
    fc.assert(
      fc.property(cases, ({ steps, ...rest }) => {
        const gcra = createGcra({ ...rest, maxKeys: 3 })
        let now = 0
        let passed = 0
        for (const step of steps) {
          now += step
          if (gcra.take('a', now).ok) passed++
          assert.ok(passed <= rest.burst + (now * rest.limit) / rest.periodMs + 1e-3)
        }
      })
    )
  })

  it('tells the truth about the time to wait', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 60_000 }), fc.integer({ min: 1, max: 20 }), (limit, periodMs, burst) => {
        const gcra = createGcra({ limit, periodMs, burst, maxKeys: 3 })
        let verdict = gcra.take('a', 0)
        while (verdict.ok) verdict = gcra.take('a', 0)
        assert.equal(gcra.take('a', verdict.retryAfterMs).ok, true)
      })
    )
  })

  it('keeps its memory bounded, and filling it with other keys does not reset a quota', () => {
    const gcra = createGcra({ limit: 1, periodMs: 1000, burst: 2, maxKeys: 10 })
    assert.equal(gcra.take('victim', 0).ok, true)
    assert.equal(gcra.take('victim', 0).ok, true)
    let strangers = 0
    for (let i = 0; i < 1000; i++) if (gcra.take(`stranger ${i}`, 0).ok) strangers++
    assert.equal(gcra.size, 10)
    assert.equal(strangers, 9 + 2, 'nine places, then the two of the shared bucket')
    assert.equal(gcra.take('victim', 0).ok, false)
  })

  it('lets a key that was counted in the shared bucket start from what that bucket owes', () => {
    const gcra = createGcra({ limit: 1, periodMs: 1000, burst: 3, maxKeys: 1 })
    assert.equal(gcra.take('a', 0).ok, true)
    for (let i = 0; i < 3; i++) assert.equal(gcra.take('b', 0).ok, true)
    assert.equal(gcra.take('b', 0).ok, false)
    assert.equal(gcra.take('b', 1000).ok, true, 'a is forgotten, b has a place')
    assert.equal(gcra.take('b', 1000).ok, false, 'and no fresh burst')
  })

  it('forgets keys whose bucket is empty', () => {
    const gcra = createGcra({ ...settings, maxKeys: 2 })
    gcra.take('a', 0)
    gcra.take('b', 0)
    gcra.take('c', 60_000)
    assert.equal(gcra.size, 1)
  })
})
