import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createSigner, seedToPem } from '../../../src/adapters/system/crypto.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { parseCertificate } from '../../../src/wire/x509/certificate.ts'
import { makeCsr } from '../../../src/wire/x509/csr.ts'
import { element, extension, oid, sequence, small, bits } from '../../../src/wire/x509/der-writer.ts'
import { TAG } from '../../../src/wire/x509/der.ts'
import { OIDS } from '../../../src/wire/x509/oids.ts'
import { encodePem } from '../../../src/wire/x509/pem.ts'
import type { Signer } from '../../../src/ports/signer.ts'
import { FakeAuthority } from '../../support/fake-authority.ts'
import { type AuthorityServer, authorityServer } from '../../support/authority-server.ts'
import { type Answer, ask, type Sent } from '../../support/https-client.ts'
import { MemoryStore } from '../../support/memory-store.ts'
import { ext, nameOf } from '../../support/mint.ts'
import { type TestDomain, testDomain } from '../../support/pki.ts'

const NAME = 'aca1.north.example'
const EST = '/.well-known/est'

describe('EST of an ACA (RFC 7030)', () => {
  let domain: TestDomain
  let authority: FakeAuthority
  let store: MemoryStore
  let server: AuthorityServer

  before(async () => {
    domain = await testDomain('north.example', Date.now())
  })
  beforeEach(async () => {
    authority = new FakeAuthority(domain, () => Date.now())
    authority.vouchers.set('secret-1', { name: 'flight', roles: ['agent'], scopes: [], dnsNames: [] })
    store = new MemoryStore()
    server = await authorityServer(domain, authority, { clock: systemClock, store })
  })
  afterEach(() => server.stop())

  const fresh = (): { seed: Uint8Array; signer: Signer } => {
    const seed = new Uint8Array(randomBytes(32))
    return { seed, signer: createSigner(seed) }
  }
  const basic = (voucher: string): string => `Basic ${Buffer.from(`anybody:${voucher}`).toString('base64')}`
  const get = (op: string): Promise<Answer> => ask(server, NAME, `${EST}/${op}`)
  const post = (op: string, body: string | Uint8Array, { headers = {}, ...more }: Sent = {}): Promise<Answer> => {
    return ask(server, NAME, `${EST}/${op}`, { method: 'POST', body, headers: { 'content-type': 'application/pkcs10', ...headers }, ...more })
  }
  const base64 = (der: Uint8Array): string =>
    (
      Buffer.from(der)
        .toString('base64')
        .match(/.{1,76}/g) ?? []
    ).join('\r\n')

  /** Certificates in a certs-only answer, as OpenSSL reads them. */
  function certificatesIn({ body, status }: Answer): string[] {
    assert.equal(status, 200, body.toString())
    const der = Buffer.from(body.toString(), 'base64')
    const text = execFileSync('openssl', ['pkcs7', '-inform', 'DER', '-print_certs'], { input: der }).toString()
    return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  }
  const derOf = (pem: string): Uint8Array => new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64'))

  it('shows all CAs, and asks for nothing in a CSR', async () => {
    const cacerts = await get('cacerts')
    assert.match(String(cacerts.headers['content-type']), /^application\/pkcs7-mime/)
    const found = certificatesIn(cacerts).map((pem) => Buffer.from(derOf(pem)).toString('hex'))
    assert.deepEqual(found.sort(), [domain.issuing, domain.root].map((der) => Buffer.from(der).toString('hex')).sort())
    const attributes = await get('csrattrs')
    assert.deepEqual([attributes.status, attributes.headers['content-type'], attributes.body.toString()], [200, 'application/csrattrs', 'MAA=\r\n'])
  })

  it('enrols with a voucher as password or as Bearer token, once', async () => {
    const { signer } = fresh()
    const csr = base64(makeCsr(signer))
    const [leaf = '', ...more] = certificatesIn(await post('simpleenroll', csr, { headers: { authorization: basic('secret-1') } }))
    assert.equal(more.length, 0)
    assert.deepEqual(Buffer.from(parseCertificate(derOf(leaf)).spki), Buffer.from(signer.publicKey))
    assert.deepEqual(authority.applied[0]?.applicant, { door: 'est' })
    const again = await post('simpleenroll', csr, { headers: { authorization: basic('secret-1') } })
    assert.equal(again.status, 401)
    assert.match(String(again.headers['www-authenticate']), /^Basic realm=/)
    authority.vouchers.set('secret-2', { name: 'hotel', roles: ['agent'], scopes: [], dnsNames: [] })
    assert.equal((await post('simpleenroll', csr, { headers: { authorization: 'Bearer secret-2' } })).status, 200)
  })

  it('tells who must wait for a person when to ask again; the same request is not a second application, also after a restart', async () => {
    authority.pending = 'application-1'
    const csr = base64(makeCsr(fresh().signer))
    const headers = { authorization: basic('secret-1') }
    const first = await post('simpleenroll', csr, { headers })
    assert.deepEqual([first.status, first.headers['retry-after'], first.body.toString()], [202, '3', 'a person decides\n'])
    await server.stop()
    server = await authorityServer(domain, authority, { clock: systemClock, store })
    assert.equal((await post('simpleenroll', csr, { headers })).status, 202)
    assert.equal(authority.applied.length, 1)
    const chain = await authority.sign(fresh().signer.publicKey, { name: 'flight', roles: ['agent'], scopes: [], dnsNames: [] }, [])
    authority.outcomes.set('application-1', { state: 'issued', applicationId: 'application-1', verdicts: [], chain })
    // An answer that was lost is given again.
    for (let i = 0; i < 2; i++) assert.equal(certificatesIn(await post('simpleenroll', csr, { headers })).length, 1)
    assert.equal(authority.applied.length, 1)
    authority.outcomes.set('application-1', { state: 'rejected', applicationId: 'application-1', verdicts: [], message: 'no such developer' })
    const rejected = await post('simpleenroll', csr, { headers })
    assert.deepEqual([rejected.status, rejected.body.toString()], [403, 'no such developer\n'])
  })

  it('renews with the certificate of the TLS handshake, whose names the request must have or leave out', async () => {
    const { seed, signer } = fresh()
    const [leaf = new Uint8Array()] = await authority.sign(signer.publicKey, { name: 'flight', roles: ['agent'], scopes: [], dnsNames: [] }, [])
    // Clients send the leaf alone.
    const shown = { cert: encodePem('CERTIFICATE', leaf), key: seedToPem(seed) }
    const { subject } = parseCertificate(leaf)
    const request = (name: Uint8Array, ...extensions: Uint8Array[]): string => {
      const asked = sequence(oid('1.2.840.113549.1.9.14'), element(TAG.set, sequence(...extensions)))
      const info = sequence(small(0), name, signer.publicKey, element(TAG.contextConstructed(0), ...(extensions.length === 0 ? [] : [asked])))
      return base64(sequence(info, sequence(oid(OIDS.ed25519)), bits(signer.sign(info))))
    }
    const same = ext.uris('spiffe://north.example/agent/flight')
    for (const csr of [request(sequence()), request(subject), request(subject, same), request(sequence(), same, extension('2.5.29.99', false, small(1)))])
      assert.equal(certificatesIn(await post('simplereenroll', csr, shown)).length, 1)
    for (const csr of [request(nameOf('hotel')), request(subject, ext.uris('spiffe://north.example/agent/hotel'))])
      assert.equal((await post('simplereenroll', csr, shown)).status, 403)
    assert.equal((await post('simplereenroll', request(subject))).status, 401)
  })

  describe('refuses in words', () => {
    const words: [string, string | Uint8Array, Sent, number, RegExp][] = [
      ['nobody', 'MAA=', {}, 401, /voucher is wanted/],
      ['a header that it cannot read', 'MAA=', { headers: { authorization: 'Digest x' } }, 401, /no voucher/],
      ['garbage', 'MIIB!!!!', { headers: { authorization: basic('secret-1') } }, 400, /not base64/],
      ['bytes that are no CSR', 'AAAA', { headers: { authorization: basic('secret-1') } }, 400, /certification request/],
      ['another content type', 'MAA=', { headers: { 'content-type': 'text/plain', authorization: basic('secret-1') } }, 415, /application\/pkcs10/],
      ['a body without end', 'A'.repeat(20_000), { headers: { authorization: basic('secret-1') } }, 413, /bytes/]
    ]
    for (const [what, body, sent, status, text] of words)
      it(what, async () => {
        const answer = await post('simpleenroll', body, sent)
        assert.equal(answer.status, status)
        assert.match(answer.body.toString(), text)
        assert.match(String(answer.headers['content-type']), /^text\/plain/)
      })

    it('whoever comes without TLS', async () => {
      const answer = await fetch(`http://127.0.0.1:${server.port}${EST}/cacerts`)
      assert.equal(answer.status, 403)
      assert.match(await answer.text(), /TLS only/)
    })

    it('everybody where the operator has switched it off', async () => {
      await server.stop()
      server = await authorityServer(domain, authority, { clock: systemClock, store, est: false })
      assert.equal((await get('cacerts')).status, 404)
      assert.equal((await ask(server, NAME, '/acme/directory')).status, 200)
    })
  })
})
