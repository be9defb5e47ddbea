import assert from 'node:assert/strict'
import fc from 'fast-check'
import { DerError } from '../../../../src/wire/x509/der.ts'
import { writeCertsOnly } from '../../../../src/wire/x509/certs-only.ts'
import { writeCrl } from '../../../../src/wire/x509/crl.ts'
import { readAnswerDates, readListDates } from '../../../../src/wire/x509/list-dates.ts'
import { key, MINTED_AT, nameOf } from '../../../support/mint.ts'

const list = writeCrl(
  { issuer: nameOf('ca'), issuerKeyIdentifier: 'ab', number: 1, thisUpdate: MINTED_AT, nextUpdate: MINTED_AT + 60_000, revoked: [] },
  (tbs) => key(1).sign(tbs)
)

describe('forms that foreign clients read and write', () => {
  it('a certs-only PKCS#7 has its certificates in the order of their bytes, as DER wants a set', () => {
    const [a, b] = [Uint8Array.of(0x30, 1, 1), Uint8Array.of(0x30, 1, 2)]
    assert.deepEqual(writeCertsOnly([b, a]), writeCertsOnly([a, b]))
    assert.equal(
      Buffer.from(writeCertsOnly([a])).toString('hex'),
      '3028' + '06092a864886f70d010702' + 'a01b' + '3019' + '020101' + '3100' + '300b06092a864886f70d010701' + 'a003300101' + '3100'
    )
  })

  it('dates of a list are read without its entries', () => {
    assert.deepEqual(readListDates(list), { thisUpdate: MINTED_AT, nextUpdate: MINTED_AT + 60_000 })
  })

  it('whatever was changed in them, they are read or refused', () => {
    const property = fc.property(fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 4 }), (changes) => {
      const changed = list.slice()
      for (const [at, value] of changes) changed[at % changed.length] = value
      for (const read of [readListDates, readAnswerDates]) {
        try {
          read(changed)
        } catch (thrown) {
          assert.ok(thrown instanceof DerError, String(thrown))
        }
      }
    })
    fc.assert(property, { numRuns: 2_000 })
  })
})
