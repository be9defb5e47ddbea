import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { X509Certificate } from 'node:crypto'
import { ACA_HOST, type AuthorityWorld, authorityWorld } from '../support/authority-world.ts'
import { type Ran, runTool } from './foreign-tools.ts'
import { isInstalled } from './mosquitto.ts'

/** A machine with openssl and curl and no Hansa: it enrols, checks and asks as the manuals of others say. */
describe('openssl and curl against a running ACA', function () {
  this.timeout(60_000)
  let world: AuthorityWorld

  before(async function () {
    for (const program of ['openssl', 'curl'])
      if (!isInstalled(program)) {
        console.log(`skipped: ${program} is missing`)
        this.skip()
      }
    world = await authorityWorld()
  })
  after(() => world?.stop())

  const openssl = (...args: string[]): Promise<Ran> => runTool('openssl', args)
  async function ok(ran: Promise<Ran>): Promise<string> {
    const { code, out, error } = await ran
    assert.equal(code, 0, `${error}\n${out}`)
    return out + error
  }
  const curl = (url: string, ...more: string[]): Promise<Ran> =>
    runTool('curl', ['-sS', '--max-time', '20', '--cacert', world.roots, '--resolve', `${ACA_HOST}:${world.port}:127.0.0.1`, ...more, url])
  /** Status of the answer, and what it says. */
  async function status(url: string, ...more: string[]): Promise<{ status: number; body: string; headers: string }> {
    const head = world.file('head')
    const { code, out, error } = await curl(url, '--dump-header', head, '--write-out', '\n%{http_code}', ...more)
    assert.equal(code, 0, error)
    const at = out.lastIndexOf('\n')
    return { status: Number(out.slice(at + 1)), body: out.slice(0, at), headers: await readFile(head, 'utf8') }
  }

  async function keyAndCsr(name: string, kind: 'ed25519' | 'p256', subject = '/'): Promise<{ key: string; csr: string }> {
    const [key, csr, text] = [world.file(`${name}.key`), world.file(`${name}.csr`), world.file(`${name}.b64`)]
    const algorithm = kind === 'ed25519' ? ['-algorithm', 'ed25519'] : ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']
    await ok(openssl('genpkey', ...algorithm, '-out', key))
    await ok(openssl('req', '-new', '-key', key, '-subj', subject, '-outform', 'DER', '-out', csr))
    await ok(openssl('base64', '-in', csr, '-out', text))
    return { key, csr: text }
  }

  const est = (op: string): string => `${world.secure}/.well-known/est/${op}`
  const sending = (csr: string): string[] => ['--header', 'content-type: application/pkcs10', '--data-binary', `@${csr}`]

  /** Writes the certificate of a certs-only answer into a file. */
  async function certificate(body: string, name: string): Promise<string> {
    const [der, pem] = [world.file(`${name}.p7`), world.file(`${name}.pem`)]
    await writeFile(der, Buffer.from(body, 'base64'))
    await ok(openssl('pkcs7', '-inform', 'DER', '-in', der, '-print_certs', '-out', pem))
    return pem
  }

  async function enrol(name: string, kind: 'ed25519' | 'p256' = 'ed25519'): Promise<{ key: string; csr: string; pem: string; voucher: string }> {
    const { voucher } = await world.voucher(name)
    const { key, csr } = await keyAndCsr(name, kind)
    const answer = await status(est('simpleenroll'), '--user', `any:${voucher}`, ...sending(csr))
    assert.equal(answer.status, 200, answer.body)
    return { key, csr, pem: await certificate(answer.body, name), voucher }
  }
  const serialOf = async (pem: string): Promise<string> => new X509Certificate(await readFile(pem)).serialNumber.toLowerCase()

  describe('EST with curl', () => {
    it('fetches the CAs, which are those of the domain', async () => {
      const { status: code, body } = await status(est('cacerts'))
      assert.equal(code, 200)
      const all = await certificate(body, 'cacerts')
      assert.equal((await readFile(all, 'utf8')).match(/BEGIN CERTIFICATE/g)?.length, 2)
      assert.match(await ok(openssl('verify', '-CAfile', world.roots, '-untrusted', all, all)), /OK/)
    })

    for (const kind of ['ed25519', 'p256'] as const)
      it(`enrols a key of kind ${kind} with a voucher, which is good once`, async () => {
        const { csr, pem, voucher } = await enrol(`est-${kind}`, kind)
        const other = await keyAndCsr(`est-${kind}-thief`, kind)
        assert.match(await ok(openssl('x509', '-in', pem, '-noout', '-text')), new RegExp(`URI:spiffe://north\\.example/agent/est-${kind}`))
        // The same request again is the same application, whose answer may have been lost.
        assert.equal((await status(est('simpleenroll'), '--user', `any:${voucher}`, ...sending(csr))).status, 200)
        const replayed = await status(est('simpleenroll'), '--user', `any:${voucher}`, ...sending(other.csr))
        assert.equal(replayed.status, 401)
        assert.match(replayed.headers, /^www-authenticate: Basic/im)
      })

    it('enrols again with the certificate that it has, by mutual TLS, and not under another name', async () => {
      const { key, csr, pem } = await enrol('est-again')
      const shown = ['--cert', pem, '--key', key]
      const again = await status(est('simplereenroll'), ...shown, ...sending(csr))
      assert.equal(again.status, 200, again.body)
      assert.notEqual(await serialOf(await certificate(again.body, 'est-again-2')), await serialOf(pem))
      const other = await keyAndCsr('est-other', 'ed25519', '/CN=somebody-else')
      assert.equal((await status(est('simplereenroll'), ...shown, ...sending(other.csr))).status, 400)
      assert.equal((await status(est('simplereenroll'), ...sending(csr))).status, 401)
    })

    it('waits with 202 where policy wants more than a voucher, and has its certificate by the same request after the approval', async () => {
      const strict = await authorityWorld({ HANSA_CA_POLICY_REQUIRE: 'voucher,document' })
      try {
        const { voucher } = await strict.voucher('est-waits')
        const { csr } = await keyAndCsr('est-waits', 'ed25519')
        const asks = ['--cacert', strict.roots, '--resolve', `${ACA_HOST}:${strict.port}:127.0.0.1`, '--user', `any:${voucher}`, ...sending(csr)]
        const enrolling = (): ReturnType<typeof status> => status(`${strict.secure}/.well-known/est/simpleenroll`, ...asks)
        const first = await enrolling()
        assert.equal(first.status, 202, first.body)
        assert.match(first.headers, /^retry-after: \d+/im)
        const [waiting, ...more] = strict.node.aca?.pending() ?? []
        assert.ok(waiting !== undefined && more.length === 0)
        assert.equal((await enrolling()).status, 202)
        assert.equal(strict.node.aca?.pending().length, 1)
        await strict.node.aca?.approve(waiting.ref, {})
        const issued = await enrolling()
        assert.equal(issued.status, 200, issued.body)
        const text = await ok(openssl('x509', '-in', await certificate(issued.body, 'est-waits'), '-noout', '-text'))
        assert.match(text, /URI:spiffe:\/\/north\.example\/agent\/est-waits/)
      } finally {
        await strict.stop()
      }
    })

    it('is refused with garbage, another content type and without TLS', async () => {
      const { voucher } = await world.voucher('est-garbage')
      const user = ['--user', `any:${voucher}`]
      await writeFile(world.file('garbage'), Buffer.from('this is no request').toString('base64'))
      assert.equal((await status(est('simpleenroll'), ...user, ...sending(world.file('garbage')))).status, 400)
      assert.equal((await status(est('simpleenroll'), ...user, '--data-binary', 'x')).status, 415)
      assert.equal((await status(`${world.plain}/.well-known/est/cacerts`)).status, 403)
    })
  })

  async function fetched(path: string, name: string): Promise<string> {
    await ok(curl(world.plain + path, '--fail', '--output', world.file(name)))
    return world.file(name)
  }
  /** Lists of the issuing CA and of the root, in one PEM file. */
  async function lists(): Promise<string> {
    const file = world.file('lists.pem')
    const pem = await Promise.all(
      ['/aca/crl', '/aca/root.crl'].map(async (path, at) => ok(openssl('crl', '-inform', 'DER', '-in', await fetched(path, `list-${at}`))))
    )
    await writeFile(file, pem.join(''))
    return file
  }
  async function issuing(): Promise<string> {
    const pem = world.file('issuing.pem')
    await ok(openssl('x509', '-inform', 'DER', '-in', await fetched('/aca/issuing.cer', 'issuing.cer'), '-out', pem))
    return pem
  }

  describe('openssl', () => {
    it('verifies what was issued, strictly and by the lists of every CA, until it is revoked', async () => {
      for (const kind of ['ed25519', 'p256'] as const) {
        const { pem } = await enrol(`verify-${kind}`, kind)
        const check = async (): Promise<Ran> =>
          openssl(
            'verify',
            '-x509_strict',
            '-crl_check_all',
            '-purpose',
            'sslclient',
            '-CAfile',
            world.roots,
            '-untrusted',
            await issuing(),
            '-CRLfile',
            await lists(),
            pem
          )
        assert.match(await ok(check()), /OK/)
        await world.node.aca?.revoke(`verify-${kind}@north.example`, 'superseded')
        const { code, error } = await check()
        assert.notEqual(code, 0)
        assert.match(error, /certificate revoked/)
      }
    })

    it('verifies the revocation list by the issuing CA', async () => {
      const chain = world.file('chain.pem')
      await writeFile(chain, (await readFile(await issuing(), 'utf8')) + (await readFile(world.roots, 'utf8')))
      assert.match(await ok(openssl('crl', '-in', await fetched('/aca/crl.pem', 'crl.pem'), '-CAfile', chain, '-noout', '-nextupdate')), /verify OK/)
    })

    it('reads where list, OCSP and issuer are from the certificate, and finds them there', async () => {
      const { pem } = await enrol('pointers')
      const text = await ok(openssl('x509', '-in', pem, '-noout', '-text'))
      const urls = [...text.matchAll(/URI:(http:\S+)/g)].map(([, url = '']) => url)
      assert.equal(urls.length, 3, text)
      for (const url of urls.filter((each) => !each.endsWith('/ocsp'))) await ok(curl(url, '--fail', '--output', world.file('pointed')))
    })

    describe('ocsp', () => {
      const ask = async (pem: string, ...more: string[]): Promise<string> => {
        const common = ['-issuer', await issuing(), '-CAfile', world.roots, ...more]
        return ok(openssl('ocsp', ...common, '-cert', pem, '-url', `${world.plain}/aca/ocsp`))
      }

      it('says good, revoked with its reason, and unknown, for names by SHA-1 and SHA-256, with nonce and without', async () => {
        const good = await enrol('ocsp-good')
        const bad = await enrol('ocsp-bad')
        await world.node.aca?.revoke('ocsp-bad@north.example', 'keyCompromise')
        for (const hash of [['-sha1'], ['-sha256']])
          for (const nonce of [[], ['-no_nonce']]) {
            const answer = await ask(good.pem, ...hash, ...nonce)
            assert.match(answer, /Response verify OK/)
            assert.match(answer, /good\.pem: good/)
            assert.doesNotMatch(answer, /WARNING: no nonce/)
            assert.match(await ask(bad.pem, ...hash, ...nonce), /revoked[^]*Reason: keyCompromise/)
          }
        const unknown = await ok(openssl('ocsp', '-issuer', await issuing(), '-serial', '0x1234', '-CAfile', world.roots, '-url', `${world.plain}/aca/ocsp`))
        assert.match(unknown, /unknown/)
      })

      it('says so over GET, too', async () => {
        const { pem } = await enrol('ocsp-get')
        const [request, answer] = [world.file('ocsp.req'), world.file('ocsp.ans')]
        await ok(openssl('ocsp', '-issuer', await issuing(), '-cert', pem, '-no_nonce', '-reqout', request))
        const path = encodeURIComponent((await readFile(request)).toString('base64'))
        await ok(curl(`${world.plain}/aca/ocsp/${path}`, '--fail', '--output', answer))
        assert.match(await ok(openssl('ocsp', '-issuer', await issuing(), '-cert', pem, '-CAfile', world.roots, '-respin', answer)), /ocsp-get\.pem: good/)
      })
    })
  })
})
