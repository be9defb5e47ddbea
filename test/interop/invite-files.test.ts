import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HansaProcesses, type NodeProcess } from '../support/hansa-process.ts'
import { canHaveHosts, type Ran, runWithHost } from './foreign-tools.ts'
import { isInstalled } from './mosquitto.ts'

/** A newcomer gets a file from `hansa invite`, and does what stands in it, letter by letter. */
describe('what hansa invite prints for certbot, lego and curl works as it is printed', function () {
  this.timeout(90_000)
  let all: HansaProcesses
  let hub: NodeProcess

  before(async function () {
    if (!canHaveHosts()) {
      console.log('skipped: the right to mount a hosts file is missing')
      this.skip()
    }
    all = new HansaProcesses()
    hub = await all.node(await all.init('hub', { domain: 'north.example' }))
  })
  after(() => all?.end())

  function needs(test: Mocha.Context, ...programs: string[]): void {
    const missing = programs.find((program) => !isInstalled(program))
    if (missing === undefined) return
    console.log(`skipped: ${missing} is missing`)
    test.skip()
  }

  /** A folder with the file, and the commands in it. */
  async function invited(name: string, file: string, ...options: string[]): Promise<{ dir: string; commands: string[] }> {
    const dir = all.path(name)
    mkdirSync(dir)
    const text = await all.text('invite', '--home', hub.home, '--name', name, ...options)
    writeFileSync(join(dir, file), text)
    return { dir, commands: [...text.matchAll(/^# {3}(.*)$/gm)].map(([, command = '']) => command) }
  }
  const inShell = (dir: string, command: string): Promise<Ran> => runWithHost(dir, 'hub.north.example', 'sh', ['-c', `cd '${dir}' && ${command}`])
  async function paste(dir: string, command = ''): Promise<string> {
    const { code, out, error } = await inShell(dir, command)
    assert.equal(code, 0, `${command}\n${error}\n${out}`)
    return out
  }
  function certificateIn(...path: string[]): X509Certificate {
    const certificate = new X509Certificate(readFileSync(join(...path)))
    assert.ok(certificate.subjectAltName?.includes(`URI:spiffe://north.example/agent/`), certificate.subjectAltName)
    return certificate
  }

  it('roots: the command fetches them, they are those of ca roots --pem, and the check is not passed by others', async function () {
    needs(this, 'curl', 'sha256sum')
    const { dir, commands } = await invited('rooted', 'est.conf', '--est')
    assert.match(await paste(dir, commands[0]), /roots[.]pem: OK/)
    const roots = readFileSync(join(dir, 'roots.pem'), 'utf8')
    assert.equal(await all.text('ca', 'roots', '--pem', '--home', hub.home), roots)
    // One root more is another file, although its first certificate is the right one.
    const [, check = ''] = commands[0]?.split(' && ') ?? []
    writeFileSync(join(dir, 'roots.pem'), roots + roots)
    assert.notEqual((await inShell(dir, check)).code, 0)
  })

  it('certbot', async function () {
    needs(this, 'certbot', 'curl', 'sha256sum')
    const { dir, commands } = await invited('web', 'certbot.ini', '--dns', 'web.north.example', '--acme')
    const [roots, first, again] = commands
    // It would take the machine's own folders, which are not ours.
    const own = ' --non-interactive --no-random-sleep-on-renew --config-dir config --work-dir work --logs-dir logs'
    await paste(dir, roots)
    await paste(dir, first + own)
    const { serialNumber } = certificateIn(dir, 'config/live/web.north.example/cert.pem')
    await paste(dir, again + own)
    assert.notEqual(certificateIn(dir, 'config/live/web.north.example/cert.pem').serialNumber, serialNumber)
  })

  it('lego', async function () {
    needs(this, 'lego', 'curl', 'sha256sum')
    const { dir, commands } = await invited('lego', 'certbot.ini', '--dns', 'lego.north.example', '--acme')
    await paste(dir, commands[0])
    await paste(dir, commands.at(-1))
    certificateIn(dir, '.lego/certificates/lego.north.example.crt')
  })

  it('curl and openssl', async function () {
    needs(this, 'curl', 'openssl', 'sha256sum')
    const { dir, commands } = await invited('lathe', 'est.conf', '--est')
    for (const command of commands) await paste(dir, command)
    assert.equal(certificateIn(dir, 'lathe.pem').publicKey.asymmetricKeyType, 'ed25519')
  })

  it('curl says why it got nothing', async function () {
    needs(this, 'curl', 'openssl', 'sha256sum')
    const { dir, commands } = await invited('taken', 'est.conf', '--est')
    const [roots, key, request, ask] = commands
    for (const command of [roots, key, request, ask, key, request]) await paste(dir, command)
    const { out, error } = await inShell(dir, ask ?? '')
    assert.match(error, /401/)
    assert.match(out, /voucher/)
    assert.ok(existsSync(join(dir, 'answer.b64')))
  })
})
