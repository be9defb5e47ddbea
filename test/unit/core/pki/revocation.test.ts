import assert from 'node:assert/strict'
import { createVerify } from '../../../../src/adapters/system/crypto.ts'
import { newer, verifyCrl } from '../../../../src/core/pki/revocation.ts'
import { parseCertificate } from '../../../../src/wire/x509/certificate.ts'
import { type CrlContents, parseCrl, writeCrl } from '../../../../src/wire/x509/crl.ts'
import { ext, key, mint, MINTED_AT, nameOf } from '../../../support/mint.ts'
import { testDomain } from '../../../support/pki.ts'

const HOUR = 3_600_000

describe('a revocation list', () => {
  async function setting() {
    const north = await testDomain('north.example', MINTED_AT)
    const issuer = parseCertificate(north.issuing)
    const contents: CrlContents = {
      issuer: issuer.subject,
      issuerKeyIdentifier: issuer.subjectKeyIdentifier ?? '',
      number: 1,
      thisUpdate: MINTED_AT,
      nextUpdate: MINTED_AT + HOUR,
      revoked: []
    }
    const judge = (change: Partial<CrlContents>, sign = north.sign) => {
      const verdict = verifyCrl(parseCrl(writeCrl({ ...contents, ...change }, sign)), issuer, MINTED_AT, createVerify())
      return verdict.ok ? 'ok' : verdict.reason
    }
    return { judge }
  }

  it('of the issuing CA is believed', async () => {
    assert.equal((await setting()).judge({}), 'ok')
  })

  it('past its nextUpdate is believed: what it revokes stays revoked', async () => {
    assert.equal((await setting()).judge({ thisUpdate: MINTED_AT - 2 * HOUR, nextUpdate: MINTED_AT - HOUR }), 'ok')
  })

  it('of another issuer, key or signer, or from the future, is refused', async () => {
    const { judge } = await setting()
    assert.equal(judge({ issuer: nameOf('somebody') }), 'issuer-mismatch')
    assert.equal(judge({ issuerKeyIdentifier: '00' }), 'key-identifier-mismatch')
    assert.equal(
      judge({}, (tbs) => key(9).sign(tbs)),
      'bad-signature'
    )
    assert.equal(judge({ thisUpdate: MINTED_AT + HOUR, nextUpdate: MINTED_AT + 2 * HOUR }), 'crl-dates')
    assert.equal(judge({ nextUpdate: MINTED_AT - HOUR }), 'crl-dates')
  })

  it('of a CA that may not sign lists is refused', () => {
    const ca = key(2)
    const issuer = parseCertificate(mint({ subject: 'ca', issuer: 'ca', key: ca, signedBy: ca, extensions: [ext.basic(true), ext.usage(0x04)] }))
    const crl = writeCrl(
      { issuer: issuer.subject, issuerKeyIdentifier: '', number: 1, thisUpdate: MINTED_AT, nextUpdate: MINTED_AT + HOUR, revoked: [] },
      (tbs) => ca.sign(tbs)
    )
    const verdict = verifyCrl({ ...parseCrl(crl), authorityKeyIdentifier: undefined }, issuer, MINTED_AT, createVerify())
    assert.ok(!verdict.ok)
    assert.equal(verdict.reason, 'crl-key-usage')
  })

  it('replaces one with a lower number only', () => {
    assert.equal(newer({ number: 2 }, { number: 1 }), true)
    assert.equal(newer({ number: 1 }, { number: 1 }), false)
    assert.equal(newer({ number: 1 }, { number: 2 }), false)
    assert.equal(newer({ number: 1 }, undefined), true)
  })
})
