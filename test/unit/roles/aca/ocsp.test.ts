import assert from 'node:assert/strict'
import { createVerify } from '../../../../src/adapters/system/crypto.ts'
import { unhex } from '../../../../src/core/ids/hex.ts'
import { parseCertificate } from '../../../../src/wire/x509/certificate.ts'
import { testBook } from '../../../support/aca-book.ts'
import { testDomain } from '../../../support/pki.ts'
import { certId, ocspRequest, readOcsp } from '../../../support/ocsp.ts'

const GOOD = 0x80
const REVOKED = 0xa1
const UNKNOWN = 0x82

describe('OCSP (RFC 6960)', () => {
  it('tells of each certificate that is asked about, signed by the CA that issued them', async () => {
    const { book, domain, issue, clock } = await testBook()
    const [good, bad] = [(await issue('good')).issued, (await issue('bad')).issued]
    book.ledger.putCertificate({ ...bad, revokedAt: clock.now(), reason: 'certificateHold' })
    const ids = [good.serial, bad.serial, '1234'].map((serial) => certId(domain.issuing, unhex(serial) ?? new Uint8Array(), 'sha256'))
    const { status, states, tbs, signature } = readOcsp(book.ocsp.answer(ocspRequest(ids)))
    assert.deepEqual([status, states], [0, [GOOD, REVOKED, UNKNOWN]])
    assert.ok(tbs && signature && createVerify()(parseCertificate(domain.issuing).spki, tbs, signature))
  })

  it('knows nothing of what another CA has issued, also with a serial of ours', async () => {
    const { book, domain, issue } = await testBook()
    const { issued } = await issue('good')
    const other = await testDomain('south.example')
    const serial = unhex(issued.serial) ?? new Uint8Array()
    const foreign = certId(other.issuing, serial)
    assert.equal(readOcsp(book.ocsp.answer(ocspRequest([foreign]))).status, 6)
    assert.deepEqual(readOcsp(book.ocsp.answer(ocspRequest([certId(domain.issuing, serial), foreign]))).states, [GOOD, UNKNOWN])
  })

  it('answers what is no request, and an error of its own, without a signature', async () => {
    const { book } = await testBook()
    assert.equal(readOcsp(book.ocsp.answer(Uint8Array.of(0x30, 0))).status, 1)
    const { book: broken, domain } = await testBook({ issuer: { signers: [{ id: 'x', chain: [], sign: () => new Uint8Array() }] } })
    assert.equal(readOcsp(broken.ocsp.answer(ocspRequest([certId(domain.issuing, Uint8Array.of(5))]))).status, 2)
  })
})
