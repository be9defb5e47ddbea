import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
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

  it('a question about another CA is not answered, and what is no question is malformed', () => {
    const request = openssl.path('foreign.der')
    openssl.run('ocsp', '-issuer', roots, '-serial', '5', '-reqout', request)
    const answer = openssl.file('foreign-answer.der', setting.book.ocsp.answer(readFileSync(request)))
    assert.match(openssl.say('ocsp', '-respin', answer, '-resp_text', '-noverify'), /unauthorized/)
    const nothing = openssl.file('nothing-answer.der', setting.book.ocsp.answer(Uint8Array.of(1, 2, 3)))
    assert.match(openssl.say('ocsp', '-respin', nothing, '-resp_text', '-noverify'), /malformedrequest/i)
  })
})
