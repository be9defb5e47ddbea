import assert from 'node:assert/strict'
import { republishAfter } from '../../../../src/core/dht/republish.ts'

const HOUR = 3_600_000

describe('core/dht: republish schedule', () => {
  it('repeats soon at first, while the closest peers are still being found, then once an interval', () => {
    const pauses = [1, 2, 3, 4, 5, 100].map((rounds) => republishAfter({ rounds, failures: 0 }, HOUR))
    assert.deepEqual(pauses, [5_000, 15_000, 60_000, 600_000, HOUR, HOUR])
  })

  it('tries again ever later, at most a minute, while nobody takes it', () => {
    const pauses = [1, 2, 3, 10, 1_000].map((failures) => republishAfter({ rounds: 0, failures }, HOUR))
    assert.deepEqual(pauses, [1_000, 2_000, 4_000, 60_000, 60_000])
  })

  it('never waits for longer than the interval', () => {
    assert.equal(republishAfter({ rounds: 4, failures: 0 }, 1_000), 1_000)
    assert.equal(republishAfter({ rounds: 0, failures: 9 }, 1_000), 1_000)
  })
})
