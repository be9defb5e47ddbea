import assert from 'node:assert/strict'
import { MAX_CERTIFICATE_BYTES, parseCertificate } from '../../../../src/wire/x509/certificate.ts'
import { element, sequence, small } from '../../../../src/wire/x509/der-writer.ts'
import { TAG } from '../../../../src/wire/x509/der.ts'
import { ext, key, mint, type Minted } from '../../../support/mint.ts'

const plain: Minted = { subject: 'a', issuer: 'a', key: key(1), signedBy: key(1), extensions: [ext.basic(true, 3), ext.usage(0x06, 1)] }
const refused = (der: Uint8Array, pattern: RegExp) => assert.throws(() => parseCertificate(der), { code: 'CERTIFICATE_INVALID', message: pattern })

describe('a certificate', () => {
  it('is read to plain facts', () => {
    const facts = parseCertificate(mint({ ...plain, serial: Uint8Array.of(0, 0x8f, 1) }))
    assert.equal(facts.serial, '8f01')
    assert.equal(facts.version, 3)
    assert.deepEqual(facts.basicConstraints, { ca: true, pathLength: 3 })
    assert.deepEqual(facts.keyUsage, ['keyCertSign', 'cRLSign'])
    assert.deepEqual(facts.spki, key(1).publicKey)
  })

  it('is refused with bytes after it, or cut at any byte', () => {
    const der = mint(plain)
    refused(Uint8Array.of(...der, 0), /bytes after the end/)
    for (let length = 0; length < der.length; length++) assert.throws(() => parseCertificate(der.subarray(0, length)), { code: 'CERTIFICATE_INVALID' })
  })

  it('with any byte changed is read or refused, never anything else', () => {
    const der = mint(plain)
    for (let at = 0; at < der.length; at++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const bad = der.slice()
        bad[at] = (bad[at] ?? 0) ^ flip
        try {
          parseCertificate(bad)
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'CERTIFICATE_INVALID')
        }
      }
    }
  })

  it('is refused with an extension that comes twice', () => {
    refused(mint({ ...plain, extensions: [ext.basic(true), ext.basic(true)] }), /twice/)
  })

  it('is refused with a serial number that is zero, or too long', () => {
    refused(mint({ ...plain, serial: Uint8Array.of(0) }), /zero/)
    refused(mint({ ...plain, serial: new Uint8Array(21).fill(1) }), /more than 20 bytes/)
  })

  it('is refused with a name that is no text, when it is read and not later', () => {
    const der = mint({ ...plain, subject: 'leaf' })
    const at = Buffer.from(der).indexOf('leaf')
    refused(der.with(at + 1, 0xfe), /not UTF-8/)
  })

  it('is refused above its bound, before it is read', () => {
    refused(new Uint8Array(MAX_CERTIFICATE_BYTES + 1), /bound/)
  })

  it('is refused with lengths that are indefinite or longer than they need be', () => {
    refused(Uint8Array.of(0x30, 0x80, 0, 0), /indefinite/)
    refused(Uint8Array.of(0x30, 0x81, 0x01, 0), /shortest/)
    refused(Uint8Array.of(0x30, 0x82, 0x00, 0x01, 0), /shortest/)
    refused(Uint8Array.of(0x3f, 0x01, 0), /several bytes/)
  })

  it('nested a thousand deep does not exhaust the stack', () => {
    let deep: Uint8Array = small(1)
    for (let i = 0; i < 1000; i++) deep = sequence(deep)
    assert.throws(() => parseCertificate(deep), { code: 'CERTIFICATE_INVALID' })
    refused(mint({ ...plain, extensions: [element(TAG.sequence, deep)] }), /not a certificate/)
  })

  it('with more names or extensions than anybody needs is refused', () => {
    refused(mint({ ...plain, extensions: [ext.uris(...Array.from({ length: 65 }, (_, i) => `spiffe://a.example/${i}`))] }), /more than 64/)
    refused(mint({ ...plain, extensions: Array.from({ length: 33 }, () => ext.basic(true)) }), /twice|more than 32/)
  })
})
