import assert from 'node:assert/strict'
import { parseListenAddress } from '../../../../src/node/config/listen-address.ts'
import { formatDuration, formatRate, parseDuration, parseRate } from '../../../../src/node/config/units.ts'

describe('durations, rates and addresses', () => {
  it('reads durations with a unit', () => {
    assert.deepEqual(['500ms', '30s', '5m', '24h', '90d'].map(parseDuration), [500, 30_000, 300_000, 86_400_000, 7_776_000_000])
  })

  for (const text of ['', '30', '30 s', '-1s', '1.5s', '1e3s', '1y', 's', '999999999999999d'])
    it(`refuses the duration ${JSON.stringify(text)}`, () => assert.equal(parseDuration(text), undefined))

  it('writes durations as they would be read', () => {
    for (const ms of [0, 1, 999, 1000, 90_000, 3_600_000, 86_400_000]) assert.equal(parseDuration(formatDuration(ms)), ms)
    assert.equal(formatDuration(90_000), '90s')
  })

  it('reads and writes rates', () => {
    assert.deepEqual(parseRate('60/min'), { limit: 60, periodMs: 60_000 })
    assert.equal(formatRate({ limit: 5, periodMs: 1000 }), '5/s')
    for (const text of ['60', '0/s', '60/day', '-1/s', '60/min ']) assert.equal(parseRate(text), undefined, text)
  })

  it('reads addresses of servers', () => {
    assert.deepEqual(parseListenAddress('[::1]:0'), { kind: 'tcp', host: '::1', port: 0 })
    assert.deepEqual(parseListenAddress('unix:/run/hansa.sock'), { kind: 'unix', path: '/run/hansa.sock' })
    for (const text of ['7401', ':7401', 'example.com:1', '::1:7401', '127.0.0.1:65536', '127.0.0.1', 'unix:', `unix:/${'x'.repeat(107)}`])
      assert.equal(parseListenAddress(text), undefined, text)
  })
})
