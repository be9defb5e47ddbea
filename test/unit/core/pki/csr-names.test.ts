// reflect-metadata must come first: @peculiar/x509 needs it while it loads.
import 'reflect-metadata'
import assert from 'node:assert/strict'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { namesAgree } from '../../../../src/core/pki/csr-names.ts'
import { makeCsr, parseCsr } from '../../../../src/wire/x509/csr.ts'
import { key } from '../../../support/mint.ts'

const names = {
  name: 'flight',
  domain: 'north.example',
  spiffeId: 'spiffe://north.example/agent/flight',
  organisation: 'Acme',
  dnsNames: ['flight.north.example']
}

async function csr(name: string, alternative: x509.JsonGeneralNames = []) {
  const keys = await webcrypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])
  const extensions = [...(alternative.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(alternative)]), new x509.BasicConstraintsExtension(true)]
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name,
    keys: keys as webcrypto.CryptoKeyPair,
    signingAlgorithm: { name: 'Ed25519' },
    extensions
  })
  return parseCsr(new Uint8Array(request.rawData))
}

describe('names in a request', () => {
  it('may be absent', () => {
    assert.equal(namesAgree(parseCsr(makeCsr(key(1))), names), undefined)
  })

  it('may be those that the certificate will have', async () => {
    for (const subject of ['CN=flight', 'CN=flight.north.example', 'CN=flight, O=north.example', 'CN=flight, O=Acme', 'CN=flight@north.example', ''])
      assert.equal(namesAgree(await csr(subject), names), undefined, subject)
    const alternative: x509.JsonGeneralNames = [
      { type: 'url', value: names.spiffeId },
      { type: 'dns', value: 'flight.north.example' }
    ]
    assert.equal(namesAgree(await csr('', alternative), names), undefined)
  })

  it('are refused when they are others: the applicant expects another certificate than it would get', async () => {
    for (const subject of ['CN=hotel', 'CN=flight, O=Other', 'CN=flight, OU=x', 'CN=flight, CN=hotel', 'CN=FLIGHT', 'C=DE'])
      assert.equal(namesAgree(await csr(subject), names)?.error.code, 'CSR_INVALID', subject)
    const others: x509.JsonGeneralNames = [
      { type: 'url', value: 'spiffe://north.example/aca/flight' },
      { type: 'dns', value: 'www.north.example' },
      { type: 'ip', value: '127.0.0.1' },
      { type: 'email', value: 'a@north.example' }
    ]
    for (const other of others) assert.equal(namesAgree(await csr('CN=flight', [other]), names)?.error.code, 'CSR_INVALID', other.value)
  })
})
