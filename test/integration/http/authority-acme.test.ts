import assert from 'node:assert/strict'
import { randomBytes, X509Certificate } from 'node:crypto'
import { createSigner } from '../../../src/adapters/system/crypto.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { decodePem } from '../../../src/wire/x509/pem.ts'
import { makeCsr } from '../../../src/wire/x509/csr.ts'
import { FakeAuthority } from '../../support/fake-authority.ts'
import { acmeKey, AcmeSigner, binding, jws, type Kind } from '../../support/acme-signer.ts'
import { type AuthorityServer, authorityServer } from '../../support/authority-server.ts'
import { ask } from '../../support/https-client.ts'
import { MemoryStore } from '../../support/memory-store.ts'
import { type TestDomain, testDomain } from '../../support/pki.ts'

const NAME = 'aca1.north.example'
const DNS = 'flight.north.example'
const order = { identifiers: [{ type: 'dns', value: DNS }] }

describe('ACME of an ACA (RFC 8555)', () => {
  let domain: TestDomain
  let authority: FakeAuthority
  let store: MemoryStore
  let server: AuthorityServer
  let client: AcmeSigner

  before(async () => {
    domain = await testDomain('north.example', Date.now())
  })
  beforeEach(async () => {
    authority = new FakeAuthority(domain, () => Date.now())
    for (const secret of ['one', 'two']) authority.vouchers.set(secret, { name: 'flight', roles: ['agent'], scopes: [], dnsNames: [DNS] })
    store = new MemoryStore()
    server = await authorityServer(domain, authority, { clock: systemClock, store })
    client = new AcmeSigner(server, NAME)
  })
  afterEach(() => server.stop())

  const problem = ({ json }: { readonly json: Record<string, unknown> }): string => String(json['type']).replace('urn:ietf:params:acme:error:', '')
  const csr = (): { signer: ReturnType<typeof createSigner>; csr: string } => {
    const signer = createSigner(new Uint8Array(randomBytes(32)))
    return { signer, csr: Buffer.from(makeCsr(signer)).toString('base64url') }
  }
  async function enrol(who = client): Promise<{ leaf: X509Certificate; url: string; pem: string }> {
    const made = await who.post('/acme/new-order', order)
    const done = await who.post(who.path(made.json['finalize']), { csr: csr().csr })
    assert.equal(done.json['status'], 'valid', done.body.toString())
    const pem = (await who.post(who.path(done.json['certificate']))).body.toString()
    return { leaf: new X509Certificate(pem), url: String(made.headers.location), pem }
  }
  const der = (leaf: X509Certificate): string => leaf.raw.toString('base64url')

  it('shows its directory, and a fresh nonce with every answer to a POST', async () => {
    const directory = JSON.parse((await ask(server, NAME, '/acme/directory')).body.toString()) as Record<string, unknown>
    assert.equal(directory['newOrder'], `${client.base}/acme/new-order`)
    assert.deepEqual(directory['meta'], { externalAccountRequired: true })
    const head = await ask(server, NAME, '/acme/new-nonce', { method: 'HEAD' })
    const get = await ask(server, NAME, '/acme/new-nonce')
    assert.deepEqual([head.status, get.status, head.headers['cache-control']], [200, 204, 'no-store'])
    assert.notEqual(head.headers['replay-nonce'], get.headers['replay-nonce'])
    assert.ok((await client.post('/acme/new-account', {})).headers['replay-nonce'])
    assert.equal((await fetch(`http://127.0.0.1:${server.port}/acme/directory`)).status, 403)
  })

  for (const kind of ['ES256', 'ES384', 'EdDSA', 'RS256'] satisfies Kind[])
    it(`takes accounts whose key signs with ${kind}, and finds them by their key`, async () => {
      client = new AcmeSigner(server, NAME, acmeKey(kind))
      await client.register('one')
      const found = await client.post('/acme/new-account', { onlyReturnExisting: true }, { jwk: client.key.jwk })
      assert.deepEqual([found.status, found.headers.location], [200, client.kid])
      const other = new AcmeSigner(server, NAME, acmeKey(kind))
      assert.equal(problem(await other.post('/acme/new-account', { onlyReturnExisting: true })), 'accountDoesNotExist')
    })

  it('gives a certificate within what the voucher says: the order is ready at birth, its authorizations are valid', async () => {
    await client.register('one')
    const made = await client.post('/acme/new-order', order)
    assert.deepEqual([made.status, made.json['status']], [201, 'ready'])
    const [authorization] = made.json['authorizations'] as string[]
    assert.equal((await client.post(client.path(authorization))).json['status'], 'valid')
    const request = csr()
    const done = await client.post(client.path(made.json['finalize']), { csr: request.csr })
    assert.equal(done.json['status'], 'valid')
    const chain = decodePem('CERTIFICATE', (await client.post(client.path(done.json['certificate']))).body.toString())
    assert.equal(chain.length, 2)
    const leaf = new X509Certificate(Buffer.from(chain[0] ?? []))
    assert.match(leaf.subjectAltName ?? '', /URI:spiffe:\/\/north\.example\/agent\/flight, DNS:flight\.north\.example/)
    assert.deepEqual(leaf.publicKey.export({ type: 'spki', format: 'der' }), Buffer.from(request.signer.publicKey))
    assert.deepEqual(authority.applied[0]?.applicant, { door: 'acme', account: await client.thumbprint })
    const listed = await client.post(`${client.path(client.kid)}/orders`)
    assert.deepEqual(listed.json['orders'], [made.headers.location])
    assert.equal(problem(await client.post(client.path(made.json['finalize']), { csr: request.csr })), 'orderNotReady')
  })

  it('remembers accounts, orders and certificates over a restart', async () => {
    await client.register('one')
    const { url, pem } = await enrol()
    const waiting = await client.post('/acme/new-order', order)
    const port = server.port
    await server.stop()
    server = await authorityServer(domain, authority, { clock: systemClock, store })
    const again = new AcmeSigner(server, NAME, client.key)
    again.kid = client.kid
    const found = await again.post(url.slice(`https://${NAME}:${port}`.length))
    assert.equal(found.json['status'], 'valid')
    assert.equal((await again.post(again.path(found.json['certificate']))).body.toString(), pem)
    assert.equal((await again.post(client.path(waiting.headers.location))).json['status'], 'ready')
  })

  it('lets an order wait for a person, and says when to ask again', async () => {
    await client.register('one')
    authority.pending = 'application-1'
    const made = await client.post('/acme/new-order', order)
    const url = client.path(made.headers.location)
    const waiting = await client.post(client.path(made.json['finalize']), { csr: csr().csr })
    assert.deepEqual([waiting.json['status'], waiting.headers['retry-after']], ['processing', '3'])
    assert.equal((await client.post(url)).json['status'], 'processing')
    const chain = await authority.sign(csr().signer.publicKey, { name: 'flight', roles: ['agent'], scopes: [], dnsNames: [DNS] }, [DNS])
    authority.outcomes.set('application-1', { state: 'issued', applicationId: 'application-1', verdicts: [], chain })
    assert.equal((await client.post(url)).json['status'], 'valid')
    authority.pending = 'application-2'
    const second = await client.post('/acme/new-order', order)
    await client.post(client.path(second.json['finalize']), { csr: csr().csr })
    authority.outcomes.set('application-2', { state: 'rejected', applicationId: 'application-2', verdicts: [], message: 'no such developer' })
    const refused = await client.post(client.path(second.headers.location))
    assert.equal(refused.json['status'], 'invalid')
    assert.match(JSON.stringify(refused.json['error']), /no such developer/)
  })

  it('changes contacts and keys, and deactivates: the old key opens nothing then', async () => {
    await client.register('one')
    const url = client.path(client.kid)
    assert.deepEqual((await client.post(url, { contact: ['mailto:new@north.example'] })).json['contact'], ['mailto:new@north.example'])
    const [before, next] = [client.key, acmeKey()]
    const at = `${client.base}/acme/key-change`
    const change = (payload: object, by = next): Promise<{ json: Record<string, unknown>; status: number }> =>
      client.post('/acme/key-change', jws(by, { jwk: by.jwk, url: at }, payload))
    assert.equal(problem(await change({ account: client.kid, oldKey: next.jwk })), 'malformed')
    assert.equal((await change({ account: client.kid, oldKey: before.jwk })).status, 200)
    assert.equal(problem(await client.post(url)), 'malformed')
    assert.equal(problem(await client.post('/acme/new-account', { onlyReturnExisting: true }, { jwk: before.jwk })), 'unauthorized')
    const bound = await client.thumbprint
    client.key = next
    await enrol()
    assert.equal(authority.applied.at(-1)?.applicant.account, bound)
    assert.equal((await client.post(url, { status: 'deactivated' })).json['status'], 'deactivated')
    assert.deepEqual([problem(await client.post(url)), problem(await client.post('/acme/new-order', order))], ['unauthorized', 'unauthorized'])
  })

  it('binds an account to another voucher when the first one was taken away, and not before', async () => {
    await client.register('one')
    const url = `${client.base}/acme/new-account`
    const bind = (): Promise<{ status: number }> =>
      client.post('/acme/new-account', { externalAccountBinding: binding('two', client.key.jwk, url) }, { jwk: client.key.jwk })
    assert.equal((await bind()).status, 200)
    assert.ok(authority.vouchers.has('two'))
    authority.accounts.clear()
    assert.equal(problem(await client.post('/acme/new-order', order)), 'unauthorized')
    assert.equal((await bind()).status, 200)
    await enrol()
  })

  it("revokes for the account that got a certificate and for the certificate's own key, and for nobody else", async () => {
    await client.register('one')
    const other = new AcmeSigner(server, NAME)
    await other.register('two')
    const { leaf } = await enrol()
    assert.equal(problem(await other.post('/acme/revoke-cert', { certificate: der(leaf) })), 'unauthorized')
    assert.equal(problem(await new AcmeSigner(server, NAME).post('/acme/revoke-cert', { certificate: der(leaf) })), 'unauthorized')
    assert.equal(problem(await client.post('/acme/revoke-cert', { certificate: der(leaf), reason: 6 })), 'badRevocationReason')
    assert.equal((await client.post('/acme/revoke-cert', { certificate: der(leaf), reason: 4 })).status, 200)
    assert.equal(authority.standing(leaf.serialNumber.toLowerCase().replace(/^0+/, '')).reason, 'superseded')
    assert.equal(problem(await client.post('/acme/revoke-cert', { certificate: der(leaf) })), 'alreadyRevoked')
    const own = acmeKey('EdDSA')
    const [bytes = new Uint8Array()] = await authority.sign(
      new Uint8Array(Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(own.jwk.x ?? '', 'base64url')])),
      { name: 'hotel', roles: ['agent'], scopes: [], dnsNames: [] },
      []
    )
    const holder = new AcmeSigner(server, NAME, own)
    assert.equal((await holder.post('/acme/revoke-cert', { certificate: Buffer.from(bytes).toString('base64url'), reason: 1 })).status, 200)
  })

  it('says when to renew (RFC 9773): after two thirds of a life, now after a revocation', async () => {
    await client.register('one')
    const { leaf } = await enrol()
    const serial = leaf.serialNumber.length % 2 === 0 ? leaf.serialNumber : `0${leaf.serialNumber}`
    // The bytes of the INTEGER, sign byte included.
    const digits = Buffer.from(Number.parseInt(serial.slice(0, 2), 16) >= 0x80 ? `00${serial}` : serial, 'hex')
    const { subjectKeyIdentifier = '' } = (await import('../../../src/wire/x509/certificate.ts')).parseCertificate(domain.issuing)
    const path = `/acme/renewal-info/${Buffer.from(subjectKeyIdentifier, 'hex').toString('base64url')}.${digits.toString('base64url')}`
    const window = async (): Promise<{ start: string; end: string }> =>
      (JSON.parse((await ask(server, NAME, path)).body.toString()) as { suggestedWindow: { start: string; end: string } }).suggestedWindow
    const { start, end } = await window()
    const [from, to] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)]
    assert.ok(Date.parse(start) >= from + (to - from) / 2 && Date.parse(end) < to && start < end)
    await client.post('/acme/revoke-cert', { certificate: der(leaf) })
    assert.ok(Date.parse((await window()).end) <= Date.now())
    assert.equal((await ask(server, NAME, '/acme/renewal-info/AAAA.AAAA')).status, 404)
  })

  describe('refuses', () => {
    it('an account without a voucher, with one that is not open, with another key, or bound for another', async () => {
      const url = `${client.base}/acme/new-account`
      const make = async (eab?: unknown): Promise<string> => problem(await client.post('/acme/new-account', { externalAccountBinding: eab }))
      assert.equal(await make(), 'externalAccountRequired')
      assert.equal(await make(binding('unknown', client.key.jwk, url)), 'unauthorized')
      assert.equal(await make({ ...binding('one', client.key.jwk, url), signature: Buffer.alloc(32).toString('base64url') }), 'unauthorized')
      assert.equal(await make(binding('one', acmeKey().jwk, url)), 'unauthorized')
      assert.equal(await make(binding('one', client.key.jwk, `${url}x`)), 'unauthorized')
      await client.register('one')
      const second = new AcmeSigner(server, NAME)
      await assert.rejects(second.register('one'), /voucher/)
    })

    it('a request twice, or with a nonce that is not ours', async () => {
      await client.register('one')
      const url = `${client.base}/acme/new-order`
      const body = jws(client.key, { nonce: await client.nonce(), url, kid: client.kid }, order)
      assert.equal((await client.send('/acme/new-order', body)).status, 201)
      const replayed = await client.send('/acme/new-order', body)
      assert.equal(problem(replayed), 'badNonce')
      assert.ok(replayed.headers['replay-nonce'])
      for (const nonce of ['', 'x'.repeat(46), 7]) assert.equal(problem(await client.post('/acme/new-order', order, { nonce })), 'badNonce')
    })

    it('what was signed for another URL, by another key, by another algorithm, or not at all', async () => {
      await client.register('one')
      assert.equal(problem(await client.post('/acme/new-order', order, { url: `${client.base}/acme/other` })), 'unauthorized')
      const bad = await client.post('/acme/new-order', order, { alg: 'none' })
      assert.equal(problem(bad), 'badSignatureAlgorithm')
      assert.deepEqual(bad.json['algorithms'], ['ES256', 'ES384', 'EdDSA', 'RS256'])
      for (const alg of ['HS256', 'ES512', 'EdDSA']) assert.equal(problem(await client.post('/acme/new-order', order, { alg })), 'badSignatureAlgorithm')
      const signed = jws(client.key, { nonce: await client.nonce(), url: `${client.base}/acme/new-order`, kid: client.kid }, order)
      assert.equal(problem(await client.send('/acme/new-order', { ...signed, payload: Buffer.from('{}').toString('base64url') })), 'malformed')
      assert.equal(problem(await client.send('/acme/new-order', { ...signed, header: {} })), 'malformed')
      assert.equal(problem(await client.post('/acme/new-order', order, { crit: ['x'], x: 1 })), 'malformed')
      assert.equal(problem(await client.post('/acme/new-order', order, { kid: `${client.base}/acme/account/${'A'.repeat(22)}` })), 'accountDoesNotExist')
    })

    it('weak keys, secret keys and keys that are none', async () => {
      const weak = new AcmeSigner(server, NAME, acmeKey('RS256', 1024))
      assert.equal(problem(await weak.post('/acme/new-account', {})), 'badPublicKey')
      const key = client.key
      for (const jwk of [
        { ...key.jwk, x: Buffer.alloc(32, 1).toString('base64url') },
        { ...key.jwk, crv: 'secp256k1' },
        { kty: 'oct', crv: 'P-256' }
      ])
        assert.equal(problem(await client.post('/acme/new-account', {}, { jwk })), 'badPublicKey')
      assert.equal(problem(await client.post('/acme/new-account', {}, { jwk: key.privateKey.export({ format: 'jwk' }) })), 'malformed')
    })

    it('names beyond the voucher, other kinds of names, and a CSR that asks for others than its order', async () => {
      await client.register('one')
      const ask = async (...identifiers: unknown[]): Promise<string> => problem(await client.post('/acme/new-order', { identifiers }))
      assert.equal(await ask({ type: 'dns', value: 'hotel.north.example' }), 'rejectedIdentifier')
      assert.equal(await ask({ type: 'dns', value: `*.${DNS}` }), 'rejectedIdentifier')
      assert.equal(await ask({ type: 'ip', value: '127.0.0.1' }), 'unsupportedIdentifier')
      assert.equal(await ask(), 'malformed')
      const made = await client.post('/acme/new-order', order)
      const finalize = client.path(made.json['finalize'])
      assert.equal(problem(await client.post(finalize, { csr: 'AAAA' })), 'badCSR')
      assert.equal(problem(await client.post(finalize, {})), 'malformed')
      // The order is still there for a better one.
      assert.equal((await client.post(finalize, { csr: csr().csr })).json['status'], 'valid')
    })

    it('what belongs to another account', async () => {
      await client.register('one')
      const { url } = await enrol()
      const other = new AcmeSigner(server, NAME)
      await other.register('two')
      const paths = [client.path(url), client.path(url).replace('order', 'certificate'), client.path(client.kid), `${client.path(client.kid)}/orders`]
      for (const path of paths) assert.equal(problem(await other.post(path)), 'unauthorized', path)
    })

    it('bodies of another type, too large, or no JSON', async () => {
      assert.equal((await client.send('/acme/new-account', {}, 'application/json')).status, 415)
      assert.equal((await client.send('/acme/new-account', { payload: 'A'.repeat(70_000) })).status, 413)
      for (const body of ['', '[]', '{', '{"protected":1}']) assert.equal(problem(await client.send('/acme/new-account', body)), 'malformed')
    })

    it('strangers who ask for whatever without end: each has a key', async () => {
      await client.register('one')
      const stranger = new AcmeSigner(server, NAME)
      const answers = new Set<string>()
      for (let i = 0; i < 121; i++) answers.add(problem(await stranger.post(i % 2 === 0 ? '/acme/new-order' : '/acme/revoke-cert', {})))
      assert.ok(answers.has('rateLimited'))
      assert.equal((await client.post('/acme/new-order', order)).status, 201, 'accounts are served all the same')
    })

    it('who asks for too many accounts at once, and says when to come back', async () => {
      const answers = await Promise.all(Array.from({ length: 61 }, () => client.send('/acme/new-account', '{}')))
      const last = answers.find(({ status }) => status === 429)
      assert.ok(last)
      assert.equal(problem(last), 'rateLimited')
      assert.ok(Number(last.headers['retry-after']) > 0)
    })
  })
})
