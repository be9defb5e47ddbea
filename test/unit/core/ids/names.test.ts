import assert from 'node:assert/strict'
import { formatHandle, formatResourceId, parseAgent, parseHandle, parseResourceId } from '../../../../src/core/ids/agent-id.ts'
import { ancestors, covers, isCapability, parseCapability } from '../../../../src/core/ids/capability.ts'
import { isDomain, parseDomain, quote } from '../../../../src/core/ids/domain.ts'
import { isRole, sortRoles } from '../../../../src/core/ids/role.ts'
import { formatSpiffeId, isName, parseName, parseSpiffeId } from '../../../../src/core/ids/spiffe-id.ts'
import { HansaError } from '../../../../src/schema/errors.ts'

function refuses(fn: () => unknown): void {
  assert.throws(fn, (error) => error instanceof HansaError && error.code === 'INVALID_ARGUMENT')
}

describe('trust domains', () => {
  it('are lower-case names of two labels and more', () => {
    for (const good of ['north.example', 'a.b.c-d.example', 'xn--bcher-kva.example']) assert.equal(parseDomain(good), good)
  })
  it('refuses everything else by name', () => {
    const bad = [
      '',
      'north',
      'North.example',
      'north.example.',
      '.example',
      'a..b',
      '-a.example',
      'a-.example',
      '127.0.0.1',
      'a.b/c',
      'a b.c',
      'ä.example',
      'a'.repeat(64) + '.example',
      `${'a.'.repeat(130)}example`
    ]
    for (const text of bad) {
      assert.equal(isDomain(text), false, text)
      refuses(() => parseDomain(text))
    }
  })
  it('shows hostile text bounded and without control characters', () => {
    assert.equal(quote('a\u001b[2Jb'), '"a\\u001b[2Jb"')
    assert.ok(quote('x'.repeat(10_000)).length < 100)
  })
})

describe('SPIFFE IDs', () => {
  it('come back as they were', () => {
    const id = { domain: 'north.example', role: 'agw', name: 'gw1' } as const
    assert.equal(formatSpiffeId(id), 'spiffe://north.example/agw/gw1')
    assert.deepEqual(parseSpiffeId(formatSpiffeId(id)), id)
  })
  it('refuses userinfo, ports, queries, fragments, other roles, case and extra segments', () => {
    const bad = [
      'spiffe://u@north.example/agw/gw1',
      'spiffe://north.example:1/agw/gw1',
      'spiffe://north.example/agw/gw1?x',
      'spiffe://north.example/agw/gw1#x',
      'spiffe://north.example/king/gw1'
    ]
    bad.push(
      'SPIFFE://north.example/agw/gw1',
      'spiffe://north.example/agw/GW1',
      'spiffe://north.example/agw/gw1/x',
      'spiffe://north.example/agw/',
      'spiffe://north.example//gw1',
      'spiffe://10.0.0.1/agw/gw1',
      'https://north.example/agw/gw1',
      `spiffe://north.example/agw/${'a'.repeat(3000)}`
    )
    for (const text of bad) refuses(() => parseSpiffeId(text))
  })
  it('has names without dot segments', () => {
    assert.equal(parseName('flight.v2_x-1'), 'flight.v2_x-1')
    for (const text of ['', '.', '..', 'a..b', '.a', 'a.', 'A', 'a/b', 'a@b', 'a'.repeat(64)]) {
      assert.equal(isName(text), false, text)
      refuses(() => parseName(text))
    }
  })
})

describe('agents by name', () => {
  const flight = { domain: 'north.example', name: 'flight' }
  it('are the same by handle, resource ID and SPIFFE ID', () => {
    assert.equal(formatHandle(flight), 'flight@north.example')
    assert.equal(formatResourceId(flight), 'urn:air:north.example:agent:flight')
    for (const text of ['flight@north.example', 'urn:air:north.example:agent:flight', 'spiffe://north.example/agent/flight'])
      assert.deepEqual(parseAgent(text), flight)
  })
  it('may be short inside the own domain only', () => {
    assert.deepEqual(parseAgent('flight', 'north.example'), flight)
    refuses(() => parseAgent('flight'))
  })
  it('refuses what is no name', () => {
    for (const text of ['', '@', 'a@', '@b.c', 'a@b', 'a@b.c@d.e', 'A@b.c', 'a b@c.d']) refuses(() => parseHandle(text))
    for (const text of [
      'urn:air:north.example:agent:',
      'urn:air:north.example:tool:x',
      'urn:air:x:agent:y',
      'urn:air:north.example:agent:a:b',
      'URN:air:north.example:agent:a'
    ])
      refuses(() => parseResourceId(text))
  })
})

describe('capabilities', () => {
  it('cover themselves and what lies below', () => {
    assert.equal(covers('travel', 'travel/flight-booking'), true)
    assert.equal(covers('travel', 'travel'), true)
    assert.equal(covers('travel', 'traveling'), false)
    assert.equal(covers('travel/flight-booking', 'travel'), false)
  })
  it('have all their ancestors, most general first', () => {
    assert.deepEqual(ancestors('a/b/c'), ['a', 'a/b', 'a/b/c'])
  })
  it('refuses what is no path', () => {
    assert.equal(parseCapability('travel/flight-booking'), 'travel/flight-booking')
    for (const text of ['', '/', 'a/', '/a', 'a//b', 'A', 'a b', '../a', 'a/..', 'a/b/c/d/e/f/g/h/i', 'a'.repeat(201)]) {
      assert.equal(isCapability(text), false, text)
      refuses(() => parseCapability(text))
    }
  })
})

describe('roles', () => {
  it('are four, in one order, each once', () => {
    assert.deepEqual(sortRoles(['agent', 'aca', 'agent', 'agw']), ['aca', 'agw', 'agent'])
    assert.equal(isRole('king'), false)
  })
})
