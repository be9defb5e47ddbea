import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import { createAuthority, serialNumber } from '../../../../src/adapters/x509/authority.ts'
import { loadIssuer } from '../../../../src/adapters/x509/load-issuer.ts'
import { createVerify } from '../../../../src/adapters/system/crypto.ts'
import { verifyIssuers } from '../../../../src/core/pki/chain.ts'
import { parseCertificate } from '../../../../src/wire/x509/certificate.ts'
import { makeCsr } from '../../../../src/wire/x509/csr.ts'
import { writeCrl } from '../../../../src/wire/x509/crl.ts'
import { OIDS } from '../../../../src/wire/x509/oids.ts'
import { encodePem } from '../../../../src/wire/x509/pem.ts'
import { testDomain } from '../../../support/pki.ts'

const NOW = Date.UTC(2026, 0, 1)
const POINTERS = { crl: 'http://ca.north.example/aca/crl/0.crl', ocsp: 'http://ca.north.example/aca/ocsp', issuer: 'http://ca.north.example/aca/ca/0.cer' }
const openssl = spawnSync('openssl', ['version']).status === 0

const contents = (key: KeyObject) => ({
  serial: serialNumber(),
  spiffeId: 'spiffe://north.example/agent/web',
  dnsNames: ['web.north.example'],
  roles: ['agent'] as const,
  scopes: [],
  publicKey: new Uint8Array(key.export({ type: 'spki', format: 'der' })),
  notBefore: NOW - 60_000,
  notAfter: NOW + 60_000,
  pointers: POINTERS
})

describe('the CA of a domain', () => {
  it('is founded with a root of path length 1 and an issuing CA bound to the domain', async () => {
    const { chain } = loadIssuer('north.example', createAuthority('north.example', NOW))
    const [issuing, root] = chain.map(parseCertificate)
    assert.ok(issuing && root)
    assert.deepEqual(root.basicConstraints, { ca: true, pathLength: 1 })
    assert.deepEqual(issuing.basicConstraints, { ca: true, pathLength: 0 })
    assert.deepEqual(
      issuing.nameConstraints?.permitted.map(({ form, value }) => `${form}:${value}`),
      ['uri:north.example', 'dns:north.example']
    )
    assert.deepEqual(
      issuing.nameConstraints.excluded.map(({ form }) => form),
      ['ip', 'ip']
    )
    assert.deepEqual(verifyIssuers([issuing, root], NOW, createVerify()), { ok: true })
  })

  it('is not loaded with a key that does not go with its certificate', async () => {
    const one = createAuthority('north.example', NOW)
    const other = createAuthority('north.example', NOW)
    assert.throws(() => loadIssuer('north.example', { ...one, issuingKey: other.issuingKey }), { code: 'KEY_MISSING' })
    assert.throws(() => loadIssuer('north.example', { ...one, issuingKey: 'nonsense' }), { code: 'KEY_MISSING' })
  })

  it('keeps a name with commas one name', async () => {
    const north = await testDomain('north.example', NOW)
    const [leaf] = (await north.leaf({ name: 'gw1' })).chain
    assert.ok(leaf)
    assert.equal(new X509Certificate(leaf).subject, 'CN=gw1\nO=north.example')
  })

  it('gives leaves the addresses of their CA, a serial of 128 bits and key identifiers that fit', async () => {
    const { issuer } = await testDomain('north.example', NOW)
    const [leaf, issuing] = [await issuer.issue(contents(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey)), issuer.chain[0]].map((der) =>
      parseCertificate(der ?? new Uint8Array())
    )
    assert.ok(leaf && issuing)
    assert.equal(leaf.serial.length, 32)
    assert.equal(leaf.authorityKeyIdentifier, issuing.subjectKeyIdentifier)
    const { infoAccess } = new X509Certificate(leaf.der)
    assert.equal(infoAccess?.trimEnd(), `OCSP - URI:${POINTERS.ocsp}\nCA Issuers - URI:${POINTERS.issuer}`)
    assert.ok(Buffer.from(leaf.der).includes(POINTERS.crl))
    assert.deepEqual(
      leaf.extensions.filter(({ critical }) => critical).map(({ oid }) => oid),
      [OIDS.basicConstraints, OIDS.keyUsage]
    )
  })

  it('lets the root and the issuing CA sign for their domain only, and the issuing CA sign OCSP answers', async () => {
    const { chain } = loadIssuer('north.example', createAuthority('north.example', NOW))
    const [issuing, root] = chain.map(parseCertificate)
    assert.deepEqual(root?.nameConstraints, issuing?.nameConstraints)
    assert.ok(issuing?.keyUsage?.includes('digitalSignature'))
    assert.deepEqual(root?.keyUsage, ['keyCertSign', 'cRLSign'])
  })

  it('makes what OpenSSL believes in strict mode: chains of Ed25519 and P-256 keys, request and the lists of issuing CA and root', async function () {
    if (!openssl) return this.skip()
    const dir = mkdtempSync(join(tmpdir(), 'hansa-x509-'))
    try {
      const now = Date.now()
      const north = await testDomain('north.example', now)
      const gateway = await north.leaf({ name: 'gw1', role: 'agw' })
      const revoked = await north.leaf({ name: 'bad' })
      const file = (name: string, label: string, der: Uint8Array) => {
        writeFileSync(join(dir, name), encodePem(label, der))
        return join(dir, name)
      }
      const issuing = parseCertificate(north.issuing)
      const rootList = north.issuer.rootLists[0]?.crl ?? new Uint8Array()
      const client = await north.issuer.issue({
        ...contents(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey),
        notBefore: now - 60_000,
        notAfter: now + 60_000
      })
      const serial = parseCertificate(revoked.chain[0] ?? new Uint8Array()).serial
      const list = writeCrl(
        {
          issuer: issuing.subject,
          issuerKeyIdentifier: issuing.subjectKeyIdentifier ?? '',
          number: 1,
          thisUpdate: now - 1000,
          nextUpdate: now + 3_600_000,
          revoked: [{ serial, at: now - 1000, reason: 'keyCompromise' }]
        },
        north.sign
      )
      const files = ['-CAfile', file('root.pem', 'CERTIFICATE', north.root), '-untrusted', file('issuing.pem', 'CERTIFICATE', north.issuing)]
      const verify = [
        'verify',
        '-x509_strict',
        '-crl_check_all',
        '-CRLfile',
        file('list.pem', 'X509 CRL', list),
        '-CRLfile',
        file('root-list.pem', 'X509 CRL', rootList),
        ...files
      ]
      const leaf = file('leaf.pem', 'CERTIFICATE', gateway.chain[0] ?? new Uint8Array())
      for (const subject of [leaf, file('client.pem', 'CERTIFICATE', client)])
        for (const purpose of ['sslclient', 'sslserver']) assert.match(execFileSync('openssl', [...verify, '-purpose', purpose, subject]).toString(), /OK/)
      const bad = spawnSync('openssl', [...verify, file('bad.pem', 'CERTIFICATE', revoked.chain[0] ?? new Uint8Array())])
      assert.match(bad.stderr.toString(), /certificate revoked/)
      assert.equal(spawnSync('openssl', ['req', '-verify', '-noout', '-in', file('csr.pem', 'CERTIFICATE REQUEST', makeCsr(gateway.signer))]).status, 0)
    } finally {
      rmSync(dir, { recursive: true })
    }
  })
})
