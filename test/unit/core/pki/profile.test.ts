import assert from 'node:assert/strict'
import { DEFAULT_LIFETIMES, leafProfile } from '../../../../src/core/pki/profile.ts'
import { key } from '../../../support/mint.ts'

const PUBLIC_KEY = key(1).publicKey
const NOW = Date.UTC(2030, 0, 1) + 536
const holder = { domain: 'north.example', name: 'flight', roles: ['agent'] } as const

describe('what stands in a leaf certificate', () => {
  it('has whole seconds, as certificates have: what the ledger remembers is what the holder shows', () => {
    const { notBefore, notAfter } = leafProfile(holder, PUBLIC_KEY, NOW, DEFAULT_LIFETIMES, Infinity)
    assert.deepEqual([notBefore % 1000, notAfter % 1000], [0, 0])
    assert.ok(notAfter <= NOW + DEFAULT_LIFETIMES.agent && notAfter > NOW + DEFAULT_LIFETIMES.agent - 1000)
  })

  it('never outlives its issuer', () => {
    assert.equal(leafProfile(holder, PUBLIC_KEY, NOW, DEFAULT_LIFETIMES, NOW - 536 + 5000).notAfter, NOW - 536 + 5000)
  })

  const dnsNameOf = (name: string, ...roles: ('aca' | 'ars' | 'agw' | 'agent')[]) =>
    leafProfile({ domain: 'north.example', name, roles }, PUBLIC_KEY, NOW, DEFAULT_LIFETIMES, Infinity).dnsNames[0]

  it('has a DNS name for those who serve TLS clients, and none for agents', () => {
    for (const role of ['aca', 'ars', 'agw'] as const) assert.equal(dnsNameOf('gw1', role), 'gw1.north.example')
    assert.equal(dnsNameOf('eu.gw-1', 'agw', 'agent'), 'eu.gw-1.north.example')
    assert.equal(dnsNameOf('flight', 'agent'), undefined)
  })

  it('has no DNS name where the name of the node cannot be part of one', () => {
    for (const name of ['gw_1', '-gw', 'gw-', 'a..b', '.gw', 'gw.', 'GW']) assert.equal(dnsNameOf(name, 'agw'), undefined, name)
  })
})
