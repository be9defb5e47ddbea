import assert from 'node:assert/strict'
import { parseOcspRequest } from '../../../../src/wire/x509/ocsp-request.ts'
import { element, extension, sequence, small } from '../../../../src/wire/x509/der-writer.ts'
import { TAG } from '../../../../src/wire/x509/der.ts'
import { OIDS } from '../../../../src/wire/x509/oids.ts'
import { testDomain, type TestDomain } from '../../../support/pki.ts'
import { certId, ocspRequest } from '../../../support/ocsp.ts'

describe('an OCSP request', () => {
  let domain: TestDomain
  const serial = Uint8Array.of(0x7f, 1)
  before(async () => {
    domain = await testDomain('north.example')
  })
  const id = (by?: Parameters<typeof certId>[2]) => certId(domain.issuing, serial, by)

  it('is read with each of the hashes, its nonce and all that it asks about', () => {
    const nonce = Uint8Array.of(1, 2, 3)
    const read = parseOcspRequest(ocspRequest([id('sha1'), id('sha256'), id('sha384'), id('sha512')], nonce))
    assert.deepEqual(
      read.certificates.map(({ hash, serial }) => [hash, serial]),
      ['sha1', 'sha256', 'sha384', 'sha512'].map((hash) => [hash, '7f01'])
    )
    assert.deepEqual(read.nonce, nonce)
    assert.equal(parseOcspRequest(ocspRequest([id()])).nonce, undefined)
  })

  it('about no certificate, about 17, or with a nonce of no or 33 bytes is refused', () => {
    for (const [wrong, message] of [
      [ocspRequest([]), /no certificate/],
      [ocspRequest(Array.from({ length: 17 }, () => id())), /more than 16/],
      [ocspRequest([id()], new Uint8Array()), /nonce of 0/],
      [ocspRequest([id()], new Uint8Array(33)), /nonce of 33/]
    ] as const)
      assert.throws(() => parseOcspRequest(wrong), { code: 'MALFORMED', message })
  })

  it('with bytes after it, cut, too long or about serial zero is refused', () => {
    const good = ocspRequest([id()])
    assert.throws(() => parseOcspRequest(Uint8Array.of(...good, 0)), { code: 'MALFORMED' })
    assert.throws(() => parseOcspRequest(good.subarray(0, -1)), { code: 'MALFORMED' })
    assert.throws(() => parseOcspRequest(new Uint8Array(17_000)), { code: 'MALFORMED' })
    assert.throws(() => parseOcspRequest(ocspRequest([certId(domain.issuing, Uint8Array.of(0))])), { code: 'MALFORMED', message: /zero/ })
  })

  it('with a critical extension that we do not know is refused, with another that is not critical read', () => {
    const critical = extension('1.2.3.4', true, small(1))
    assert.throws(() => parseOcspRequest(ocspRequest([id()], undefined, [critical])), { code: 'MALFORMED', message: /1[.]2[.]3[.]4/ })
    assert.equal(parseOcspRequest(ocspRequest([id()], undefined, [extension('1.2.3.4', false, small(1))])).certificates.length, 1)
    const inOne = sequence(sequence(sequence(sequence(id(), element(TAG.contextConstructed(0), sequence(critical))))))
    assert.throws(() => parseOcspRequest(inOne), { code: 'MALFORMED' })
    assert.equal(OIDS.ocspNonce, '1.3.6.1.5.5.7.48.1.2')
  })

  it('with a version that is written out is read, another version is refused', () => {
    const versioned = (version: number) => sequence(sequence(element(TAG.contextConstructed(0), small(version)), sequence(sequence(id()))))
    assert.equal(parseOcspRequest(versioned(0)).certificates.length, 1)
    assert.throws(() => parseOcspRequest(versioned(1)), { code: 'MALFORMED', message: /version/ })
  })
})
