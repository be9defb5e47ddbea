import assert from 'node:assert/strict'
import { mock } from 'node:test'
import { systemClock } from '../../../../src/adapters/system/clock.ts'

const DAY = 86_400_000

describe('system clock', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
  afterEach(() => mock.timers.reset())

  it('calls once after the time, and not after it was cancelled', () => {
    let calls = 0
    systemClock.after(100, () => calls++)
    systemClock.after(100, () => (calls += 10))()
    mock.timers.tick(99)
    assert.equal(calls, 0)
    mock.timers.tick(1)
    mock.timers.tick(1000)
    assert.equal(calls, 1)
  })

  it('waits longer than a timer of Node.js can (24.8 days), instead of firing at once', () => {
    let called = false
    systemClock.after(60 * DAY, () => (called = true))
    for (let day = 0; day < 59; day++) mock.timers.tick(DAY)
    assert.equal(called, false)
    // Two days: the mocked timers count a follow-up from the end of the tick in which it was made.
    mock.timers.tick(2 * DAY)
    assert.equal(called, true)
  })

  it('can be cancelled in the middle of a long wait', () => {
    let called = false
    const cancel = systemClock.after(60 * DAY, () => (called = true))
    for (let day = 0; day < 40; day++) mock.timers.tick(DAY)
    cancel()
    for (let day = 0; day < 40; day++) mock.timers.tick(DAY)
    assert.equal(called, false)
  })

  it('repeats until it is stopped, also from within', () => {
    let calls = 0
    const stop = systemClock.every(10, () => {
      if (++calls === 3) stop()
    })
    for (let tick = 0; tick < 10; tick++) mock.timers.tick(10)
    assert.equal(calls, 3)
  })
})
