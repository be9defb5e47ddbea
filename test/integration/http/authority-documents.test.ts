import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { parseCertificate } from '../../../src/wire/x509/certificate.ts'
import { writeCrl } from '../../../src/wire/x509/crl.ts'
import { bits, element, oid, sequence } from '../../../src/wire/x509/der-writer.ts'
import { TAG } from '../../../src/wire/x509/der.ts'
import { OIDS } from '../../../src/wire/x509/oids.ts'
import { FakeAuthority } from '../../support/fake-authority.ts'
import { type AuthorityServer, authorityServer } from '../../support/authority-server.ts'
import { ask } from '../../support/https-client.ts'
import { MemoryStore } from '../../support/memory-store.ts'
import { type TestDomain, testDomain } from '../../support/pki.ts'

const HOUR = 3_600_000

describe('documents and OCSP of an ACA over HTTP', () => {
  let domain: TestDomain
  let authority: FakeAuthority
  let server: AuthorityServer
  let base: string

  before(async () => {
    domain = await testDomain('north.example', Date.now())
  })
  beforeEach(async () => {
    authority = new FakeAuthority(domain, () => Date.now())
    authority.list = listOf(domain.issuing, HOUR)
    server = await authorityServer(domain, authority, { clock: systemClock, store: new MemoryStore() })
    base = `http://127.0.0.1:${server.port}`
  })
  afterEach(() => server.stop())

  function listOf(issuer: Uint8Array, lifeMs: number): Uint8Array<ArrayBuffer> {
    const { subject, subjectKeyIdentifier = '' } = parseCertificate(issuer)
    const now = Date.now()
    const contents = { issuer: subject, issuerKeyIdentifier: subjectKeyIdentifier, number: 1, thisUpdate: now, nextUpdate: now + lifeMs, revoked: [] }
    return new Uint8Array(writeCrl(contents, (tbs) => domain.sign(tbs)))
  }
  const keyOf = (certificate: Uint8Array): string => createHash('sha256').update(parseCertificate(certificate).spki).digest('hex').slice(0, 16)
  const bytes = async (path: string): Promise<Buffer> => Buffer.from(await (await fetch(base + path)).arrayBuffer())

  it('publishes roots, CAs and lists, each under the key of its CA too', async () => {
    assert.deepEqual(new X509Certificate(await bytes('/aca/roots.pem')).raw, Buffer.from(domain.root))
    const [issuing, root] = [keyOf(domain.issuing), keyOf(domain.root)]
    for (const path of ['/aca/crl', `/aca/crl/${issuing}.crl`]) assert.deepEqual(await bytes(path), Buffer.from(authority.list))
    assert.match(String(await bytes('/aca/crl.pem')), /^-----BEGIN X509 CRL-----/)
    for (const path of ['/aca/issuing.cer', `/aca/ca/${issuing}.cer`]) assert.deepEqual(await bytes(path), Buffer.from(domain.issuing))
    assert.deepEqual(await bytes(`/aca/ca/${root}.cer`), Buffer.from(domain.root))
    for (const path of ['/aca/root.crl', `/aca/crl/${root}.crl`, '/aca/crl/0000000000000000.crl', '/aca/ca/x.cer'])
      assert.equal((await fetch(base + path)).status, 404)
    authority.rootList = listOf(domain.root, 24 * HOUR)
    for (const path of ['/aca/root.crl', `/aca/crl/${root}.crl`]) assert.deepEqual(await bytes(path), Buffer.from(authority.rootList))
    const overTls = await ask(server, 'aca1.north.example', '/aca/crl')
    assert.deepEqual([overTls.headers['content-type'], overTls.body], ['application/pkix-crl', Buffer.from(authority.list)])
  })

  it('lets caches keep a list for minutes and never beyond its end; who has it gets 304 until there is another', async () => {
    const first = await fetch(`${base}/aca/crl`)
    assert.equal(first.headers.get('cache-control'), 'public, max-age=300, no-transform, must-revalidate')
    const etag = first.headers.get('etag') ?? ''
    const again = (): Promise<Response> => fetch(`${base}/aca/crl`, { headers: { 'if-none-match': etag } })
    assert.equal((await again()).status, 304)
    authority.list = listOf(domain.issuing, 60_000)
    const second = await again()
    assert.equal(second.status, 200)
    const left = Number(/max-age=(\d+)/.exec(second.headers.get('cache-control') ?? '')?.[1])
    assert.ok(left >= 0 && left <= 60, String(left))
    assert.equal((await fetch(`${base}/aca/crl`, { method: 'HEAD' })).status, 200)
  })

  describe('OCSP', () => {
    // Bytes whose base64 has a slash and a plus in it.
    const request = Buffer.from([0x30, 0x03, 0xff, 0xef, 0xbe])
    const time = (ms: number): Uint8Array => element(TAG.generalizedTime, Buffer.from(`${new Date(ms).toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`))
    function answer(now: number, { nonce = false } = {}): Uint8Array<ArrayBuffer> {
      const single = sequence(sequence(), element(TAG.context(0)), time(now), element(TAG.contextConstructed(0), time(now + HOUR)))
      const extra = nonce ? [element(TAG.contextConstructed(1), sequence())] : []
      const data = sequence(element(TAG.contextConstructed(2), element(TAG.octetString)), time(now), sequence(single), ...extra)
      const basic = sequence(data, sequence(oid(OIDS.ed25519)), bits(Uint8Array.of(1)))
      const wrapped = sequence(oid('1.3.6.1.5.5.7.48.1.1'), element(TAG.octetString, basic))
      return new Uint8Array(sequence(element(TAG.enumerated, Uint8Array.of(0)), element(TAG.contextConstructed(0), wrapped)))
    }
    const post = (body: Buffer<ArrayBuffer>, type = 'application/ocsp-request'): Promise<Response> =>
      fetch(`${base}/aca/ocsp`, { method: 'POST', body, headers: { 'content-type': type } })

    it('takes requests by POST, and by GET in the path, percent-encoded or not', async () => {
      authority.answer = answer(Date.now())
      const posted = await post(request)
      assert.deepEqual([posted.status, posted.headers.get('content-type')], [200, 'application/ocsp-response'])
      assert.deepEqual(Buffer.from(await posted.arrayBuffer()), Buffer.from(authority.answer))
      const text = request.toString('base64')
      assert.match(text, /[/]/)
      for (const path of [text, encodeURIComponent(text)]) assert.equal((await fetch(`${base}/aca/ocsp/${path}`)).status, 200)
      assert.deepEqual(authority.asked, Array(3).fill(new Uint8Array(request)))
    })

    it('lets caches keep an answer to GET, but none of an error and none that repeats a nonce (RFC 5019)', async () => {
      const now = Date.now()
      const url = `${base}/aca/ocsp/${encodeURIComponent(request.toString('base64'))}`
      authority.answer = answer(now)
      const kept = await fetch(url)
      assert.match(kept.headers.get('cache-control') ?? '', /^public, max-age=300/)
      assert.equal(kept.headers.get('expires'), new Date(Math.floor((now + HOUR) / 1000) * 1000).toUTCString())
      assert.equal((await fetch(url, { headers: { 'if-none-match': kept.headers.get('etag') ?? '' } })).status, 304)
      for (const other of [answer(now, { nonce: true }), new Uint8Array([0x30, 0x03, 0x0a, 0x01, 0x01])]) {
        authority.answer = other
        assert.equal((await fetch(url)).headers.get('cache-control'), 'no-store')
      }
    })

    it('refuses other content types, bodies that are too large and paths that are not base64', async () => {
      assert.equal((await post(request, 'text/plain')).status, 400)
      assert.equal((await post(Buffer.alloc(20_000))).status, 413)
      for (const path of ['!!!!', '%zz', 'MAA', 'A'.repeat(5_000)]) assert.ok((await fetch(`${base}/aca/ocsp/${path}`)).status >= 400, path)
      assert.deepEqual(authority.asked, [])
    })
  })
})
