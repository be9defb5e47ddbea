import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { Agent } from 'node:https'
import acme from 'acme-client'
import { ACA_HOST, type AuthorityWorld, authorityWorld } from '../support/authority-world.ts'
import { canHaveHosts, type Ran, runTool, runWithHost } from './foreign-tools.ts'
import { isInstalled } from './mosquitto.ts'

/** Programs that get certificates of public authorities every day, told to ask an ACA instead; a voucher stands for their external account. */
describe('ACME clients against a running ACA', function () {
  this.timeout(90_000)
  let world: AuthorityWorld
  let directory: string

  before(async () => {
    world = await authorityWorld()
    directory = `${world.secure}/acme/directory`
  })
  after(() => world?.stop())

  function needs(test: Mocha.Context, program: string): void {
    const absent = [program, 'openssl', 'curl'].find((each) => !isInstalled(each))
    const missing = absent ?? (canHaveHosts() ? undefined : 'the right to mount a hosts file')
    if (missing === undefined) return
    console.log(`skipped: ${missing} is missing`)
    test.skip()
  }
  async function ok(ran: Promise<Ran>): Promise<string> {
    const { code, out, error } = await ran
    assert.equal(code, 0, `${error}\n${out}`)
    return out + error
  }
  async function ed25519Csr(name: string, form: 'DER' | 'PEM'): Promise<string> {
    const [key, csr] = [world.file(`${name}.key`), world.file(`${name}.csr`)]
    await ok(runTool('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', key]))
    const names = ['-subj', `/CN=${name}.north.example`, '-addext', `subjectAltName=DNS:${name}.north.example`]
    await ok(runTool('openssl', ['req', '-new', '-key', key, ...names, '-outform', form, '-out', csr]))
    return csr
  }
  const dnsOf = (name: string): { dnsNames: string[] } => ({ dnsNames: [`${name}.north.example`] })
  const ofName = (name: string, certificate: X509Certificate): void =>
    assert.match(certificate.subjectAltName ?? '', new RegExp(`URI:spiffe://north\\.example/agent/${name}.*DNS:${name}\\.north\\.example`))
  /** By what anybody can ask: the ledger of the ACA, its OCSP responder and its list, as openssl reads them. */
  async function standing(certificate: X509Certificate): Promise<{ ledger?: string; ocsp: string; listed: boolean }> {
    const { serialNumber } = certificate
    const [issuer, list] = [world.file('issuing.pem'), world.file('now.crl')]
    await ok(runTool('curl', ['-sS', '--fail', `${world.plain}/aca/issuing.cer`, '--output', `${issuer}.cer`]))
    await ok(runTool('openssl', ['x509', '-inform', 'DER', '-in', `${issuer}.cer`, '-out', issuer]))
    await ok(runTool('curl', ['-sS', '--fail', `${world.plain}/aca/crl`, '--output', list]))
    const text = await ok(runTool('openssl', ['crl', '-inform', 'DER', '-in', list, '-noout', '-text']))
    const asked = ['-issuer', issuer, '-serial', `0x${serialNumber}`, '-CAfile', world.roots, '-url', `${world.plain}/aca/ocsp`]
    const answer = await ok(runTool('openssl', ['ocsp', ...asked]))
    const ledger = world.node.aca?.show(serialNumber.toLowerCase().replace(/^0+/, ''))[0]?.state
    return {
      ...(ledger === undefined ? {} : { ledger }),
      ocsp: /^0x[0-9A-F]+: (\w+)$/m.exec(answer)?.[1] ?? answer,
      listed: text.includes(`Serial Number: ${serialNumber}`)
    }
  }
  const GOOD = { ledger: 'good', ocsp: 'good', listed: false }
  const REVOKED = { ledger: 'revoked', ocsp: 'revoked', listed: true }

  describe('certbot', () => {
    before(function () {
      needs(this, 'certbot')
    })

    function certbot(dir: string, ...args: string[]): Promise<Ran> {
      const places = ['config', 'work', 'logs'].flatMap((kind) => [`--${kind}-dir`, world.file(`${dir}/${kind}`)])
      const common = [...places, '--server', directory, '--non-interactive', '--no-random-sleep-on-renew']
      return runWithHost(world.dir, ACA_HOST, 'certbot', [...args, ...common], { REQUESTS_CA_BUNDLE: world.roots })
    }
    const account = async (name: string): Promise<string[]> => {
      const { id, eabKey } = await world.voucher(name, dnsOf(name))
      return ['--agree-tos', '--register-unsafely-without-email', '--eab-kid', id, `--eab-hmac-key=${eabKey}`]
    }

    it('enrols a key of its own kind, renews and revokes', async () => {
      await ok(certbot('own', 'certonly', '--standalone', ...(await account('bot')), '--key-type', 'ecdsa', '--domain', 'bot.north.example'))
      const live = world.file('own/config/live/bot.north.example/cert.pem')
      const first = new X509Certificate(await readFile(live))
      ofName('bot', first)
      await ok(certbot('own', 'renew', '--force-renewal'))
      const second = new X509Certificate(await readFile(live))
      assert.notEqual(second.serialNumber, first.serialNumber)
      assert.deepEqual(await standing(second), GOOD)
      await ok(certbot('own', 'revoke', '--cert-path', live, '--reason', 'keycompromise', '--no-delete-after-revoke'))
      assert.deepEqual(await standing(second), REVOKED)
    })

    it('enrols an Ed25519 key by a CSR of its operator', async () => {
      const csr = await ed25519Csr('botcsr', 'DER')
      const files = ['cert', 'chain', 'fullchain'].flatMap((kind) => [`--${kind}-path`, world.file(`botcsr-${kind}.pem`)])
      await ok(certbot('csr', 'certonly', '--standalone', ...(await account('botcsr')), '--csr', csr, ...files))
      const certificate = new X509Certificate(await readFile(world.file('botcsr-cert.pem')))
      ofName('botcsr', certificate)
      assert.equal(certificate.publicKey.asymmetricKeyType, 'ed25519')
    })

    it('is refused a name that its voucher does not give, and an account without a voucher', async () => {
      const wrong = await certbot('wrong', 'certonly', '--standalone', ...(await account('botwrong')), '--domain', 'other.north.example')
      assert.notEqual(wrong.code, 0)
      // Some versions stumble over their own exception; what they were told is in the log.
      assert.match(await readFile(world.file('wrong/logs/letsencrypt.log'), 'utf8'), /rejectedIdentifier/)
      const none = await certbot('none', 'register', '--agree-tos', '--register-unsafely-without-email')
      assert.notEqual(none.code, 0)
      assert.match(none.error, /external account/i)
    })
  })

  describe('lego', () => {
    before(function () {
      needs(this, 'lego')
    })

    async function lego(name: string, dir: string, ...args: string[]): Promise<Ran> {
      const common = ['--server', directory, '--path', world.file(dir), '--email', `${name}@north.example`, '--accept-tos', '--http', '--http.port', ':0']
      return runWithHost(world.dir, ACA_HOST, 'lego', [...common, ...args], { LEGO_CA_CERTIFICATES: world.roots })
    }
    const account = async (name: string): Promise<string[]> => {
      const { id, eabKey } = await world.voucher(name, dnsOf(name))
      return ['--eab', '--kid', id, `--hmac=${eabKey}`]
    }
    const found = async (dir: string, name: string): Promise<X509Certificate> =>
      new X509Certificate(await readFile(world.file(`${dir}/certificates/${name}.north.example.crt`)))

    it('enrols a key of its own kind, renews and revokes', async () => {
      const eab = await account('lego')
      await ok(lego('lego', 'lego', ...eab, '--key-type', 'ec256', '--domains', 'lego.north.example', 'run'))
      const first = await found('lego', 'lego')
      ofName('lego', first)
      // It wants to be told once more, and does not use it.
      await ok(lego('lego', 'lego', ...eab, '--key-type', 'ec256', '--domains', 'lego.north.example', 'renew', '--days', '90', '--no-random-sleep'))
      const second = await found('lego', 'lego')
      assert.notEqual(second.serialNumber, first.serialNumber)
      assert.deepEqual(await standing(second), GOOD)
      await ok(lego('lego', 'lego', ...eab, '--domains', 'lego.north.example', 'revoke', '--keep'))
      assert.deepEqual(await standing(second), REVOKED)
    })

    it('enrols an Ed25519 key by a CSR of its operator', async () => {
      const csr = await ed25519Csr('legocsr', 'PEM')
      await ok(lego('legocsr', 'legocsr', ...(await account('legocsr')), '--csr', csr, 'run'))
      assert.ok((await readdir(world.file('legocsr/certificates'))).includes('legocsr.north.example.crt'))
      ofName('legocsr', await found('legocsr', 'legocsr'))
    })
  })

  it('acme-client of npm enrols a key of its own kind', async () => {
    const { id, eabKey } = await world.voucher('npm', dnsOf('npm'))
    const ca = await readFile(world.roots)
    acme.axios.defaults.httpsAgent = new Agent({ ca, lookup: (_host, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) })
    const client = new acme.Client({
      directoryUrl: directory,
      accountKey: await acme.crypto.createPrivateEcdsaKey(),
      externalAccountBinding: { kid: id, hmacKey: eabKey }
    })
    const [, csr] = await acme.crypto.createCsr({ altNames: ['npm.north.example'] }, await acme.crypto.createPrivateEcdsaKey())
    const refuse = (): Promise<never> => Promise.reject(new Error('there are no challenges'))
    const pem = await client.auto({ csr, termsOfServiceAgreed: true, challengeCreateFn: refuse, challengeRemoveFn: refuse })
    ofName('npm', new X509Certificate(pem))
  })
})
