import assert from 'node:assert/strict'
import { type CrlContents, parseCrl, writeCrl } from '../../../../src/wire/x509/crl.ts'
import { key, MINTED_AT, nameOf } from '../../../support/mint.ts'

const contents: CrlContents = { issuer: nameOf('ca'), issuerKeyIdentifier: 'abcd', number: 7, thisUpdate: MINTED_AT, nextUpdate: MINTED_AT + 1000, revoked: [] }
const write = (change: Partial<CrlContents> = {}) => writeCrl({ ...contents, ...change }, (tbs) => key(1).sign(tbs))

describe('a revocation list', () => {
  it('is read as it was written', () => {
    const crl = parseCrl(write({ revoked: [{ serial: '8f01', at: MINTED_AT, reason: 'keyCompromise' }] }))
    assert.equal(crl.number, 7)
    assert.equal(crl.thisUpdate, MINTED_AT)
    assert.equal(crl.authorityKeyIdentifier, 'abcd')
    assert.deepEqual([...crl.revoked], [['8f01', { at: MINTED_AT, reason: 1 }]])
  })

  it('of nobody is read too', () => {
    assert.equal(parseCrl(write()).revoked.size, 0)
  })

  it('of 20,000 entries is written and read', () => {
    const revoked = Array.from({ length: 20_000 }, (_, i) => ({ serial: (i + 1).toString(16), at: MINTED_AT, reason: 'superseded' as const }))
    assert.equal(parseCrl(write({ revoked })).revoked.size, 20_000)
  })

  it('with bytes after it, cut, or with a serial twice is refused', () => {
    const der = write()
    assert.throws(() => parseCrl(Uint8Array.of(...der, 0)), { code: 'MALFORMED' })
    assert.throws(() => parseCrl(der.subarray(0, der.length - 1)), { code: 'MALFORMED' })
    const twice = [1, 2].map(() => ({ serial: '05', at: MINTED_AT, reason: 'superseded' as const }))
    assert.throws(() => parseCrl(write({ revoked: twice })), { code: 'MALFORMED', message: /twice/ })
  })
})
