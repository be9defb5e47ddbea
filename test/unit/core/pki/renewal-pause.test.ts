import assert from 'node:assert/strict'
import { renewalPause } from '../../../../src/core/pki/renewal.ts'

describe('pauses between tries to renew', () => {
  const DAY = 86_400_000

  it('double up to five minutes', () => {
    assert.deepEqual(
      [1, 2, 3, 7, 50].map((failures) => renewalPause(failures, 1, DAY)),
      [5_000, 10_000, 20_000, 300_000, 300_000]
    )
  })

  it('are spread, so that a domain does not come at once', () => {
    assert.equal(renewalPause(3, 0, DAY), 10_000)
    assert.ok(renewalPause(3, 0.5, DAY) > 10_000)
  })

  it('do not sleep a short life away', () => {
    assert.equal(renewalPause(7, 1, 8_000), 2_000)
    assert.equal(renewalPause(7, 1, 1), 1_000)
  })

  it('go on when there is nothing left, or nothing yet', () => {
    assert.equal(renewalPause(1, 1, 0), 5_000)
  })
})
