import assert from 'node:assert/strict'
import { activatableAt, ANNOUNCE_MS, retiredUntil } from '../../../../src/core/pki/rollover.ts'

const DAY = 86_400_000

describe('rollover of a root', () => {
  it('goes on a day after the next root was first told of, not after it was made', () => {
    assert.equal(activatableAt({ phase: 'announced', at: 0 }), undefined)
    assert.equal(activatableAt({ phase: 'announced', at: 0, servedSince: 5 * DAY }), 5 * DAY + ANNOUNCE_MS)
  })
})

describe('an issuing CA that was replaced', () => {
  it('signs lists until a day after the last of its certificates has ended', () => {
    assert.equal(retiredUntil([3 * DAY, 9 * DAY, 5 * DAY], 2 * DAY, 700 * DAY), 10 * DAY)
    assert.equal(retiredUntil([], 2 * DAY, 700 * DAY), 3 * DAY)
  })

  it('and never longer than it is valid itself', () => {
    assert.equal(retiredUntil([9 * DAY], 2 * DAY, 4 * DAY), 4 * DAY)
  })
})
