import assert from 'node:assert/strict'
import { hasRoom, sharesOf } from '../../../../src/core/pki/queue-shares.ts'

describe('room in the queue of applications', () => {
  const stranger = { proven: false, nameless: false }

  it('is shared: so much for one applicant, for a door without names, and for all who have proved nothing', () => {
    const shares = sharesOf(1000)
    assert.deepEqual(shares, { each: 10, nameless: 250, unproven: 500, total: 1000 })
    assert.ok(hasRoom({ each: 9, unproven: 499, total: 999 }, stranger, shares))
    assert.ok(!hasRoom({ each: 10, unproven: 10, total: 10 }, stranger, shares))
    assert.ok(!hasRoom({ each: 0, unproven: 500, total: 500 }, stranger, shares))
    assert.ok(hasRoom({ each: 0, unproven: 500, total: 500 }, { ...stranger, proven: true }, shares))
    assert.ok(hasRoom({ each: 249, unproven: 249, total: 249 }, { ...stranger, nameless: true }, shares))
    assert.ok(!hasRoom({ each: 250, unproven: 250, total: 250 }, { ...stranger, nameless: true }, shares))
    assert.ok(!hasRoom({ each: 0, unproven: 0, total: 1000 }, { ...stranger, proven: true }, shares))
  })

  it('is never nothing: one may wait in the smallest queue', () => {
    assert.deepEqual(sharesOf(1), { each: 1, nameless: 1, unproven: 1, total: 1 })
  })
})
