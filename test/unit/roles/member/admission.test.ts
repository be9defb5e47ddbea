import assert from 'node:assert/strict'
import type { Role } from '../../../../src/core/ids/role.ts'
import type { Caller } from '../../../../src/ports/rpc.ts'
import { createAdmission, DEFAULT_ADMISSION } from '../../../../src/roles/member/admission.ts'
import { methods } from '../../../../src/wire/methods.ts'
import { FakeClock } from '../../../support/fake-clock.ts'

function caller(name: string, role: Role = 'agent'): Caller {
  const identity = {
    peer: name,
    spiffeId: `spiffe://north.example/${role}/${name}`,
    domain: 'north.example',
    name,
    roles: [role],
    serial: '1',
    notAfter: 0,
    own: true
  }
  return { peer: name, identity }
}

describe('admission', () => {
  it('lets an agent discover 60 times a minute and says how long to wait then', async () => {
    const clock = new FakeClock()
    const admission = createAdmission(clock)
    const ask = () => admission.admit(methods.discover, caller('a'))()
    for (let i = 0; i < 60; i++) ask()
    assert.throws(
      ask,
      (error: { code?: string; metadata?: Record<string, string> }) => error.code === 'RATE_LIMITED' && error.metadata?.['retryAfterMs'] === '1000'
    )
    admission.admit(methods.discover, caller('b'))()
    await clock.advance(1000)
    ask()
    assert.throws(ask, { code: 'RATE_LIMITED' })
  })

  it('counts each class of calls for itself', () => {
    const admission = createAdmission(new FakeClock())
    for (let i = 0; i < 60; i++) admission.admit(methods.discover, caller('a'))()
    admission.admit(methods.heartbeat, caller('a'))()
  })

  it('lets a gateway ask for all of its agents', () => {
    const admission = createAdmission(new FakeClock())
    for (let i = 0; i < 6000; i++) admission.admit(methods.discover, caller('gw', 'agw'))()
    assert.throws(() => admission.admit(methods.discover, caller('gw', 'agw')), { code: 'RATE_LIMITED' })
  })

  it('bounds strangers together, however many keys they make, and members still get in', () => {
    const admission = createAdmission(new FakeClock())
    let admitted = 0
    assert.throws(
      () => {
        for (let i = 0; i < 1000; i++, admitted++) admission.admit(methods.apply, { peer: `stranger-${i}` })()
      },
      { code: 'RATE_LIMITED' }
    )
    assert.equal(admitted, 300)
    admission.admit(methods.renew, caller('a'))()
  })

  it('bounds the calls that are open at a time; one that ends makes room, once', () => {
    const admission = createAdmission(new FakeClock(), { ...DEFAULT_ADMISSION, maxCallsPerCaller: 2, maxCalls: 3 })
    const leave = admission.admit(methods.call, caller('a'))
    admission.admit(methods.call, caller('a'))
    assert.throws(() => admission.admit(methods.call, caller('a')), { code: 'TOO_MANY_CALLS' })
    leave()
    leave()
    admission.admit(methods.call, caller('a'))
    assert.throws(() => admission.admit(methods.call, caller('a')), { code: 'TOO_MANY_CALLS' })
    admission.admit(methods.call, caller('b'))
    assert.throws(() => admission.admit(methods.call, caller('b')), { code: 'OVERLOADED' })
  })
})
