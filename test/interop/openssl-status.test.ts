import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Revoking } from '../../src/roles/aca/revoking.ts'
import { encodePem } from '../../src/wire/x509/pem.ts'
import { testBook, type TestBook } from '../support/aca-book.ts'
import { type OpenSsl, openSsl } from './openssl.ts'

describe('status of certificates as openssl sees it', function () {
  this.timeout(30_000)
  let openssl: OpenSsl
  let setting: TestBook
  let ca: string
  let roots: string

  before(async function () {
    const found = openSsl()
    if (found === undefined) {
      console.log('      openssl is not installed: skipped')
      this.skip()
    }
    openssl = found
    setting = await testBook({ now: Date.now() })
    ca = openssl.file('ca.pem', encodePem('CERTIFICATE', setting.domain.issuing))
    roots = openssl.file('roots.pem', encodePem('CERTIFICATE', setting.domain.root))
  })
  after(() => openssl?.remove())

  async function holder(name: string): Promise<{ file: string; serial: string }> {
    const { issued, node } = await setting.issue(name)
    return { file: openssl.file(`${name}.pem`, encodePem('CERTIFICATE', node.chain[0] ?? new Uint8Array())), serial: issued.serial }
  }

  /** Asks as `openssl ocsp` does, and lets it judge the answer. */
  function ask(...about: string[]): string {
    const request = openssl.path('request.der')
    openssl.run('ocsp', '-issuer', ca, ...about, '-reqout', request)
    const answer = openssl.file('answer.der', setting.book.ocsp.answer(readFileSync(request)))
    // The request has its nonce already; without -no_nonce it would put another one in, and look for that.
    const asked = [...about.filter((each) => !each.endsWith('nonce')), '-no_nonce']
    return openssl.run('ocsp', '-issuer', ca, ...asked, '-reqin', request, '-respin', answer, '-CAfile', roots, '-verify_other', ca)
  }

  it('a certificate that stands is good, and the nonce comes back', async () => {
    const { file } = await holder('good')
    const said = ask('-cert', file, '-nonce')
    assert.match(said, /Response verify OK/)
    assert.match(said, /good.pem: good/)
    assert.doesNotMatch(said, /WARNING/)
    assert.match(ask('-sha256', '-cert', file), /good.pem: good/)
    assert.match(ask('-sha384', '-cert', file), /good.pem: good/)
    assert.match(ask('-sha512', '-cert', file), /good.pem: good/)
  })

  it('a revoked one is revoked with its reason, and one that was never issued is unknown', async () => {
    const { file, serial } = await holder('revoked')
    const issued = setting.book.ledger.certificate(serial)
    assert.ok(issued)
    setting.book.ledger.putCertificate({ ...issued, revokedAt: setting.clock.now(), reason: 'keyCompromise' })
    const said = ask('-cert', file, '-serial', '0x1234', '-no_nonce')
    assert.match(said, /Response verify OK/)
    assert.match(said, /revoked.pem: revoked/)
    assert.match(said, /Reason: keyCompromise/)
    assert.match(said, /0x1234: unknown/)
  })

  it('the revocation list is genuine, has number, reasons and dates, and openssl verify goes by it', async () => {
    const [good, bad, held] = [await holder('list-good'), await holder('list-bad'), await holder('list-held')]
    const revoking = new Revoking(setting.book)
    await revoking.revoke(bad.serial, 'unspecified')
    await revoking.revoke(held.serial, 'certificateHold')
    const list = () => openssl.file('list.pem', encodePem('X509 CRL', setting.book.crl.current().der))
    const text = openssl.run('crl', '-in', list(), '-CAfile', ca, '-noout', '-text')
    assert.match(text, /verify OK/)
    assert.match(text, new RegExp(`X509v3 CRL Number: \\s+${setting.book.crl.current().number}\\s`))
    assert.match(text, /Certificate Hold/)
    assert.equal(text.match(/Serial Number: /g)?.length, setting.book.crl.current().revoked.size)
    const verify = (file: string) => openssl.say('verify', '-x509_strict', '-crl_check', '-CRLfile', list(), '-CAfile', roots, '-untrusted', ca, file)
    assert.match(verify(good.file), /: OK/)
    assert.match(verify(bad.file), /certificate revoked/)
    assert.match(verify(held.file), /certificate revoked/)
    await revoking.release(held.serial)
    assert.match(verify(held.file), /: OK/)
  })

  it('an empty list, and one of 100,000 entries, are read by openssl', async () => {
    const many = await testBook({ now: Date.now() })
    const issuer = openssl.file('many-ca.pem', encodePem('CERTIFICATE', many.domain.issuing))
    const publish = async () => {
      many.book.crl.write(many.domain.issuer.signers.map(({ id }) => id))
      await many.book.ledger.commit()
      many.book.crl.announce()
      return openssl.run('crl', '-inform', 'DER', '-in', openssl.file('many.der', many.book.crl.current().der), '-CAfile', issuer, '-noout', '-text')
    }
    assert.match(await publish(), /No Revoked Certificates[^]*verify OK/)
    const { issued } = await many.issue('flight')
    for (let n = 0; n < 100_000; n++)
      many.book.ledger.putCertificate({ ...issued, serial: (0x4000_0000 + n).toString(16).repeat(4), revokedAt: many.clock.now(), reason: 'superseded' })
    const text = await publish()
    assert.match(text, /verify OK/)
    assert.equal(text.match(/Serial Number: /g)?.length, 100_000)
  }).timeout(120_000)

  it('a question about another CA is not answered, and what is no question is malformed', () => {
    const request = openssl.path('foreign.der')
    openssl.run('ocsp', '-issuer', roots, '-serial', '5', '-reqout', request)
    const answer = openssl.file('foreign-answer.der', setting.book.ocsp.answer(readFileSync(request)))
    assert.match(openssl.say('ocsp', '-respin', answer, '-resp_text', '-noverify'), /unauthorized/)
    const nothing = openssl.file('nothing-answer.der', setting.book.ocsp.answer(Uint8Array.of(1, 2, 3)))
    assert.match(openssl.say('ocsp', '-respin', nothing, '-resp_text', '-noverify'), /malformedrequest/i)
  })
})
