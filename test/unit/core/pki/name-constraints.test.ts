import assert from 'node:assert/strict'
import { namesPermitted } from '../../../../src/core/pki/name-constraints.ts'
import type { NameFacts } from '../../../../src/core/pki/facts.ts'

const uri = (value: string): NameFacts => ({ form: 'uri', value })
const dns = (value: string): NameFacts => ({ form: 'dns', value })
const ip = (value: string): NameFacts => ({ form: 'ip', value })
const allows = (name: NameFacts, permitted: NameFacts[], excluded: NameFacts[] = []) => namesPermitted([name], { permitted, excluded })

describe('name constraints', () => {
  it('for URIs name one host exactly, or with a leading dot the hosts below it', () => {
    assert.equal(allows(uri('spiffe://north.example/agent/a'), [uri('north.example')]), true)
    assert.equal(allows(uri('spiffe://a.north.example/agent/a'), [uri('north.example')]), false)
    assert.equal(allows(uri('spiffe://a.north.example/agent/a'), [uri('.north.example')]), true)
    assert.equal(allows(uri('spiffe://north.example/agent/a'), [uri('.north.example')]), false)
    assert.equal(allows(uri('spiffe://evilnorth.example/agent/a'), [uri('.north.example')]), false)
  })

  it('for DNS names include all names below', () => {
    assert.equal(allows(dns('gw1.north.example'), [dns('north.example')]), true)
    assert.equal(allows(dns('evilnorth.example'), [dns('north.example')]), false)
    assert.equal(allows(dns('NORTH.example'), [dns('north.example')]), true)
  })

  it('exclude even what is permitted', () => {
    assert.equal(allows(dns('a.north.example'), [dns('north.example')], [dns('a.north.example')]), false)
    assert.equal(allows(ip('7f000001'), [], [ip('00000000' + '00000000')]), false)
    assert.equal(allows(ip('7f000001'), [], [ip('0a000000' + 'ff000000')]), true)
  })

  it('refuse what nobody can check', () => {
    assert.equal(allows({ form: 'other', value: '0xa4' }, []), false)
    assert.equal(allows(dns('north.example'), [{ form: 'other', value: '0xa4' }]), false)
    assert.equal(allows(uri('urn:x'), [uri('north.example')]), false)
    assert.equal(allows(uri('spiffe://user@north.example/a'), [uri('north.example')]), false)
  })
})
