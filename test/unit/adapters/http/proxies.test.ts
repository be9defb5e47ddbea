import assert from 'node:assert/strict'
import { createProxies } from '../../../../src/adapters/http/proxies.ts'

describe('proxies of the operator', () => {
  const proxies = createProxies(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32'])
  const read = (peer: string | undefined, headers: Record<string, string>) => proxies.read({ headers }, peer)

  it('are believed', () => {
    const headers = { 'x-forwarded-for': '198.51.100.4', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'GW.north.example' }
    const said = { address: '198.51.100.4', host: 'gw.north.example', base: 'https://gw.north.example' }
    for (const peer of ['10.1.2.3', '192.0.2.7', '2001:db8::1', '::ffff:10.1.2.3']) assert.deepEqual(read(peer, headers), said, peer)
  })

  it('are not believed when they are somebody else', () => {
    for (const peer of ['192.0.2.8', '11.0.0.1', '127.0.0.1', '::1', undefined, 'nonsense'])
      assert.equal(read(peer, { 'x-forwarded-for': '1.2.3.4' }), undefined, peer)
  })

  it('name the client before the first one that is not theirs: what stands further left may be invented', () => {
    assert.equal(read('10.0.0.1', { 'x-forwarded-for': '127.0.0.1, 198.51.100.4, 10.0.0.2' })?.address, '198.51.100.4')
    assert.equal(read('10.0.0.1', { 'x-forwarded-for': '10.0.0.3, 10.0.0.2' })?.address, '10.0.0.3')
    assert.equal(
      read('10.0.0.1', { 'x-forwarded-host': 'evil.example, gw.north.example', 'x-forwarded-proto': 'http, https' })?.base,
      'https://gw.north.example'
    )
  })

  it('may write ports, and the header of RFC 7239', () => {
    assert.equal(read('10.0.0.1', { 'x-forwarded-for': '198.51.100.4:1234' })?.address, '198.51.100.4')
    assert.equal(read('10.0.0.1', { 'x-forwarded-for': '[2001:dead::1]:99' })?.address, '2001:dead::1')
    const forwarded = 'for=127.0.0.1, for="[2001:dead::17]:4711";proto=HTTPS;host="gw.north.example:8443"'
    assert.deepEqual(read('10.0.0.1', { forwarded }), {
      ...{ address: '2001:dead::17', host: 'gw.north.example:8443', base: 'https://gw.north.example:8443' }
    })
  })

  it('say nothing of an address when they write none', () => {
    for (const text of ['', 'unknown', '_hidden', '1.2.3', 'localhost']) assert.equal(read('10.0.0.1', { 'x-forwarded-for': text })?.address, undefined, text)
    assert.deepEqual(read('10.0.0.1', {}), {})
  })

  it('lead to no base URL that is none', () => {
    for (const host of ['evil.example/x', 'a@b', 'a b', '', '..', 'x:y', 'a"b', 'a'.repeat(300)])
      assert.equal(read('10.0.0.1', { 'x-forwarded-host': host, 'x-forwarded-proto': 'https' })?.base, undefined, host)
    for (const proto of ['javascript', '', 'ftp'])
      assert.equal(read('10.0.0.1', { 'x-forwarded-host': 'a.example', 'x-forwarded-proto': proto })?.base, undefined)
  })

  it('are IP addresses or networks', () => {
    for (const entry of ['', 'gw.example', '10.0.0.0/33', '10.0.0.0/x', '10.0.0.0/8/8', '::1/129', '10.0.0.0/'])
      assert.throws(() => createProxies([entry]), { code: 'CONFIG_INVALID' }, entry)
  })
})
