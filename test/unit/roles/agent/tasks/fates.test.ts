import assert from 'node:assert/strict'
import { fateOf } from '../../../../../src/roles/agent/tasks/fates.ts'
import { passing } from '../../../../../src/roles/agent/tasks/passing.ts'
import { type ErrorCode, ERRORS, HansaError } from '../../../../../src/schema/errors.ts'

const AGENT = 'spiffe://south.example/agent/hotel'
const GATEWAY = 'spiffe://south.example/agw/gw'

const fate = (code: ErrorCode, at: string | undefined, agent = AGENT) => fateOf(new HansaError(code, 'x', at === undefined ? {} : { at }), agent)
const CODES = Object.keys(ERRORS) as ErrorCode[]

describe('what errors prove about a message', () => {
  it('every code has a fate, whoever says it', () => {
    for (const code of CODES)
      for (const at of [undefined, GATEWAY, AGENT]) assert.ok(['undelivered', 'failed', 'refused', 'unknown'].includes(fate(code, at)), code)
  })

  it('what is said before the agent has it proves that it never had it', () => {
    const never: ErrorCode[] = [
      'NO_ROUTE',
      'AGENT_NOT_FOUND',
      'PERMISSION_DENIED',
      'RATE_LIMITED',
      'TOO_MANY_CALLS',
      'UNKNOWN_DOMAIN',
      'OVERLOADED',
      'AGENT_UNREACHABLE',
      'INBOX_FULL',
      'HOP_LIMIT',
      'LOOP'
    ]
    for (const code of never) assert.equal(fate(code, GATEWAY), 'undelivered', code)
  })

  it("the agent's own node may say the same in the midst of the work: nobody knows", () => {
    for (const code of ['AGENT_UNREACHABLE', 'OVERLOADED', 'PEER_UNREACHABLE'] as const) assert.equal(fate(code, AGENT), 'unknown', code)
    // An agent that asks another one and cannot reach it has failed itself.
    assert.equal(fate('NO_ROUTE', AGENT), 'failed')
  })

  it('a connection that breaks, time that runs out, an answer that cannot be read: nobody knows', () => {
    for (const code of ['CONNECTION_LOST', 'DEADLINE_EXCEEDED', 'CANCELED', 'INVALID_AGENT_RESPONSE', 'MALFORMED', 'INTERNAL', 'OUTCOME_UNKNOWN'] as const)
      for (const at of [undefined, GATEWAY, AGENT]) assert.equal(fate(code, at), 'unknown', code)
  })

  it('where the node of the agent is not known, nothing is proved that it might have said itself', () => {
    for (const code of CODES) if (fate(code, GATEWAY, '') === 'undelivered') assert.equal(fate(code, AGENT), 'undelivered', code)
  })

  it("what the agent's own work met elsewhere is a failure of the agent, wherever it arose; nobody else may say so", () => {
    const met = (code: ErrorCode, through: string, agent = AGENT) => fateOf(new HansaError(code, 'x', { at: GATEWAY, through }), agent)
    for (const code of CODES) assert.deepEqual([met(code, AGENT), met(code, AGENT, '')], ['failed', 'failed'], code)
    assert.equal(met('RATE_LIMITED', 'spiffe://south.example/agent/other'), 'undelivered')
  })

  it('only what may pass by itself is tried again', () => {
    assert.deepEqual(CODES.filter((code) => passing(new HansaError(code, 'x')) === 'busy').sort(), ['OVERLOADED', 'RATE_LIMITED', 'TOO_MANY_CALLS'])
    for (const code of CODES) if (['failed', 'refused'].includes(fate(code, GATEWAY))) assert.equal(passing(new HansaError(code, 'x')), 'never', code)
  })
})
