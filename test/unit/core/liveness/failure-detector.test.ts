import assert from 'node:assert/strict'
import { FailureDetector } from '../../../../src/core/liveness/failure-detector.ts'
import { HeartbeatSchedule } from '../../../../src/core/liveness/heartbeat-schedule.ts'
import { redialDelay } from '../../../../src/core/liveness/redial.ts'

describe('core/liveness', () => {
  it('says offline after the third missed heartbeat, once, and not a moment before', () => {
    const detector = new FailureDetector(30_000, 3)
    assert.deepEqual(detector.heard('a', 0), { id: 'a', to: 'online' })
    assert.deepEqual(detector.tick(90_000), [])
    assert.deepEqual(detector.tick(90_001), [{ id: 'a', to: 'offline' }])
    assert.deepEqual(detector.tick(200_000), [])
    assert.equal(detector.health('a'), 'offline')
  })

  it('says online again when somebody offline is heard, and nothing when somebody online is', () => {
    const detector = new FailureDetector(10, 2)
    detector.heard('a', 0)
    assert.equal(detector.heard('a', 5), undefined)
    detector.tick(100)
    assert.deepEqual(detector.heard('a', 101), { id: 'a', to: 'online' })
  })

  it('takes a better sign than silence, once', () => {
    const detector = new FailureDetector(10, 2)
    assert.equal(detector.suspect('a'), undefined)
    detector.heard('a', 0)
    assert.deepEqual(detector.suspect('a'), { id: 'a', to: 'offline' })
    assert.equal(detector.suspect('a'), undefined)
  })

  it('forgets', () => {
    const detector = new FailureDetector(10, 2)
    detector.heard('a', 0)
    detector.forget('a')
    assert.deepEqual(detector.tick(1_000), [])
    assert.equal(detector.silence('a', 1_000), undefined)
  })

  it('spreads first heartbeats over half an interval and repeats each after one', () => {
    const schedule = new HeartbeatSchedule(1_000)
    const ids = Array.from({ length: 50 }, (_, index) => `gateway-${index}`)
    for (const id of ids) schedule.open(id, 0)
    assert.deepEqual(schedule.due(499), [])
    const early = schedule.due(750)
    assert.ok(early.length > 5 && early.length < 45, `${early.length} of 50 in the first half`)
    assert.equal(schedule.due(1_000).length, 50 - early.length)
    assert.deepEqual(schedule.due(1_749), [])
    assert.deepEqual(schedule.due(1_750).sort(), early.sort())
    schedule.close(early[0] ?? '')
    assert.equal(schedule.due(10_000).length, 49)
  })

  it('redials with doubling pauses of at most a minute, never in step with others', () => {
    const delays = Array.from({ length: 30 }, (_, attempt) => redialDelay(attempt, 'a'))
    for (const [attempt, delay] of delays.entries()) {
      const full = Math.min(60_000, 1_000 * 2 ** attempt)
      assert.ok(delay <= full && delay >= full * 0.75, `attempt ${attempt}: ${delay}`)
    }
    assert.notEqual(redialDelay(5, 'a'), redialDelay(5, 'b'))
  })
})
