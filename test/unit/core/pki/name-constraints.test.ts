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

  it('refuse what nobody can check, where it is constrained', () => {
    const other: NameFacts = { form: 'other', value: '0xa0' }
    assert.equal(allows(other, [other]), false)
    assert.equal(allows(other, [], [other]), false)
    assert.equal(allows(dns('north.example'), [other]), true)
    assert.equal(allows(other, [dns('north.example')]), true)
    assert.equal(allows(uri('urn:x'), [uri('north.example')]), false)
    assert.equal(allows(uri('urn:x'), [dns('north.example')]), true)
    assert.equal(allows({ form: 'directory', value: '?' }, [], [{ form: 'directory', value: '2.5.4.10=a\u0001' }]), false)
    assert.equal(allows({ form: 'directory', value: '2.5.4.10=b\u0001' }, [], [{ form: 'directory', value: '?' }]), false)
  })

  it('refuse URIs whose host is not in plain sight, permitted or excluded', () => {
    const tricks = [
      'user@north.example',
      'north.example@evil.example',
      'north.example:443',
      'north.example.',
      'nort%68.example',
      '127.0.0.1',
      '[::1]',
      '0x7f.1',
      ''
    ]
    for (const authority of [...tricks, 'north.example\\@evil.example', '2130706433']) {
      assert.equal(allows(uri(`spiffe://${authority}/a`), [uri('north.example')]), false, authority)
      assert.equal(allows(uri(`spiffe://${authority}/a`), [], [uri('evil.example')]), false, authority)
    }
    for (const rest of ['/a', '', '?north.example', '#north.example', '/north.example']) {
      assert.equal(allows(uri(`spiffe://NORTH.example${rest}`), [uri('north.EXAMPLE')]), true, rest)
      assert.equal(allows(uri(`spiffe://evil.example${rest}`), [uri('north.example')]), false, rest)
    }
  })

  it('count all that a wildcard may stand for', () => {
    assert.equal(allows(dns('*.north.example'), [dns('north.example')]), true)
    assert.equal(allows(dns('*.north.example'), [dns('a.north.example')]), false)
    assert.equal(allows(dns('*.north.example'), [], [dns('a.north.example')]), false)
    assert.equal(allows(dns('*.north.example'), [], [dns('a.b.north.example')]), true)
    assert.equal(allows(dns('a.*.example'), [dns('')]), false)
  })

  it('see an IPv4 address in the coat of an IPv6 one', () => {
    const mapped = ip('00000000000000000000ffff' + '0a000001')
    assert.equal(allows(mapped, [], [ip('0a000000' + 'ff000000')]), false)
    assert.equal(allows(mapped, [ip('0a000000' + 'ff000000')]), false)
  })

  it('are refused as a whole when a subtree is malformed', () => {
    const bad = [
      uri('https://north.example'),
      uri(''),
      uri('*.north.example'),
      dns('.north.example'),
      dns('*.north.example'),
      ip('0a0000'),
      ip('0a000000' + 'ff00ff00')
    ]
    for (const subtree of [...bad, { form: 'email' as const, value: 'a@b@c.example' }])
      assert.equal(allows(dns('a.example'), [dns('a.example')], [subtree]), false, subtree.value)
  })

  it('for mailboxes name one, a host, or the hosts below one', () => {
    const email = (value: string): NameFacts => ({ form: 'email', value })
    assert.equal(allows(email('ann@north.example'), [email('north.example')]), true)
    assert.equal(allows(email('ann@a.north.example'), [email('north.example')]), false)
    assert.equal(allows(email('ann@a.north.example'), [email('.north.example')]), true)
    assert.equal(allows(email('Ann@north.example'), [email('ann@north.example')]), false)
    assert.equal(allows(email('Ann@north.example'), [], [email('ann@north.example')]), false)
  })

  it('for directories name all that begin alike', () => {
    const directory = (value: string): NameFacts => ({ form: 'directory', value })
    assert.equal(allows(directory('2.5.4.10=a\u00012.5.4.3=b\u0001'), [directory('2.5.4.10=a\u0001')]), true)
    assert.equal(allows(directory('2.5.4.10=ab\u0001'), [directory('2.5.4.10=a\u0001')]), false)
    assert.equal(allows(directory('2.5.4.10=ab\u0001'), [], [directory('')]), false)
  })
})
