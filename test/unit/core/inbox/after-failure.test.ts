import assert from 'node:assert/strict'
import { afterFailure, mayWait } from '../../../../src/core/inbox/after-failure.ts'
import { type ErrorCode, HansaError } from '../../../../src/schema/errors.ts'
import { expiryOf, MAX_TTL_MS } from '../../../../src/core/inbox/inbox-bounds.ts'

const AGENT = 'a@south.example'
const error = (code: ErrorCode) => new HansaError(code, 'x')

describe('what becomes of a message whose delivery failed', () => {
  it('is tried again for ever while it does not get to the agent, with pauses that grow to a minute', () => {
    const delays = [1, 2, 3, 8, 9, 100].map((failures) => {
      const next = afterFailure(error('AGENT_UNREACHABLE'), 1_000, failures, AGENT)
      assert.equal(next.kind, 'again')
      return next.kind === 'again' ? next.delayMs : 0
    })
    assert.ok((delays[0] ?? 0) >= 187 && (delays[0] ?? 0) <= 250)
    assert.ok(
      delays.every((delay, index) => index === 0 || (delay > (delays[index - 1] ?? 0) * 0.7 && delay <= 60_000)),
      String(delays)
    )
    assert.ok((delays.at(-1) ?? 0) >= 45_000)
  })

  it('is over after twenty deliveries that the agent did not answer', () => {
    assert.equal(afterFailure(error('CONNECTION_LOST'), 19, 1, AGENT).kind, 'again')
    assert.equal(afterFailure(error('CONNECTION_LOST'), 20, 1, AGENT).kind, 'over')
    assert.equal(afterFailure(error('DEADLINE_EXCEEDED'), 20, 1, AGENT).kind, 'over')
  })

  for (const code of [
    'PERMISSION_DENIED',
    'UNKNOWN_DOMAIN',
    'AGENT_FAILED',
    'OUTCOME_UNKNOWN',
    'CONTENT_TYPE_NOT_SUPPORTED',
    'TRANSLATION_UNAVAILABLE'
  ] as const)
    it(`is over at once after ${code}`, () => assert.equal(afterFailure(error(code), 1, 1, AGENT).kind, 'over'))

  it('is over at once when the agent has had it, and its own work met such an error elsewhere', () => {
    const met = error('AGENT_UNREACHABLE').passedOn('spiffe://south.example/agent/a')
    assert.deepEqual([afterFailure(met, 1, 1, AGENT).kind, mayWait(met)], ['over', false])
  })

  it('waits only when nobody said no', () => {
    assert.deepEqual(
      (['AGENT_UNREACHABLE', 'NO_ROUTE', 'CONNECTION_LOST', 'PERMISSION_DENIED', 'AGENT_FAILED', 'CANCELED'] as const).map((code) => mayWait(error(code))),
      [true, true, true, false, false, false]
    )
  })
})

describe('when a message expires', () => {
  it('as its sender asked, within what the gateway and the network allow', () => {
    assert.equal(expiryOf(0, 1_000, 5), 1_005)
    assert.equal(expiryOf(200, 1_000, 5), 205)
    assert.equal(expiryOf(2_000, 1_000, 5), 1_005)
    assert.equal(expiryOf(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 5), 5 + MAX_TTL_MS)
  })
})
