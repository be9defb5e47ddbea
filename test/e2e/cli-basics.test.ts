import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { version } from '../../src/node/version.ts'

const BIN = resolve(import.meta.dirname, '../../bin/hansa.js')
const OLD_NODES = ['/usr/bin/node', '/usr/local/bin/node', process.env['HANSA_TEST_OLD_NODE'] ?? '']

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function hansa(argv: readonly string[], given: { readonly input?: string; readonly node?: string } = {}): Ended {
  const { status, stdout, stderr } = spawnSync(given.node ?? process.execPath, [BIN, ...argv], { encoding: 'utf8', input: given.input ?? '' })
  return { code: status, stdout, stderr }
}

/** A Node.js on this machine that is older than Hansa needs. */
function oldNode(): string | undefined {
  return OLD_NODES.find((path) => {
    if (path === '' || !existsSync(path)) return false
    const [major = 0, minor = 0] = spawnSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout.split('.').map(Number)
    return major < 24 || (major === 24 && minor < 21)
  })
}

describe('the binary', function () {
  this.timeout(60_000)
  let base: string
  before(() => {
    base = mkdtempSync(join(tmpdir(), 'hansa-e2e-'))
  })
  after(() => rmSync(base, { recursive: true, force: true }))

  it('tells its version and its commands', () => {
    assert.deepEqual(hansa(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' })
    assert.match(hansa(['--help']).stdout, /^Usage: hansa/)
  })

  it('under a Node.js that is too old says so in one sentence and exits 1', function () {
    const node = oldNode()
    if (node === undefined) this.skip()
    const { code, stdout, stderr } = hansa(['status'], { node })
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, /^hansa: Node 24\.21 or newer is needed, this is \d+\.\d+\.\d+\.\n$/)
  })

  it('founds a domain whose keys nobody else can read, and not twice', () => {
    const home = join(base, 'north')
    const made = hansa(['init', '--domain', 'north.example', '--home', home, '--json'])
    assert.equal(made.code, 0, made.stderr)
    const result = JSON.parse(made.stdout) as { spiffeId: string; root: string; peer: string }
    assert.equal(result.spiffeId, 'spiffe://north.example/aca/node1')
    assert.match(result.root, /^SHA256:[0-9a-f]{64}$/)
    assert.match(result.peer, /^12D3Koo/)
    for (const file of ['node.key', 'admin.token', 'swarm.key', 'aca/root.key', 'aca/issuing.key'])
      assert.equal(statSync(join(home, file)).mode & 0o777, 0o600, file)

    const again = hansa(['init', '--domain', 'north.example', '--home', home])
    assert.equal(again.code, 1)
    assert.match(again.stderr, /^hansa: .* is there already and not empty \(HOME_EXISTS\)\n {2}Choose another --home\.\n$/)
  })

  it('prints no secret when it makes them', () => {
    const home = join(base, 'quiet')
    const { stdout, stderr } = hansa(['init', '--domain', 'quiet.example', '--home', home])
    for (const file of ['node.key', 'admin.token', 'swarm.key', 'aca/issuing.key']) {
      const secret = readFileSync(join(home, file), 'utf8')
        .split('\n')
        // Not the frames of PEM and of swarm keys. One dash alone may well begin a token.
        .filter((line) => line.length > 20 && !line.startsWith('-----') && !line.startsWith('/key/'))
      assert.ok(secret.length > 0, file)
      for (const line of secret) assert.ok(!(stdout + stderr).includes(line), file)
    }
  })

  it('refuses a wrong config at start, with file, line and key', () => {
    const home = join(base, 'broken')
    cpSync(join(base, 'north'), home, { recursive: true })
    const file = join(home, 'config.yaml')
    writeFileSync(file, `${readFileSync(file, 'utf8')}gateway:\n  heartbeat: 30\n`)
    const line = readFileSync(file, 'utf8').split('\n').indexOf('  heartbeat: 30') + 1
    const check = hansa(['config', 'check', '--home', home])
    assert.equal(check.code, 1)
    assert.ok(check.stdout.startsWith(`${file}:${line}:14: gateway.heartbeat: expected a duration`), check.stdout)
    const up = hansa(['up', '--home', home])
    assert.equal(up.code, 1)
    assert.match(up.stderr, /config\.yaml:\d+:14: gateway\.heartbeat: .* \(CONFIG_INVALID\)/)
  })

  it('doctor finds the key that others can read', () => {
    const home = join(base, 'open')
    cpSync(join(base, 'north'), home, { recursive: true })
    spawnSync('chmod', ['644', join(home, 'node.key')])
    const { code, stdout } = hansa(['doctor', '--home', home])
    assert.equal(code, 1)
    assert.match(stdout, /FAIL key: the node's key may be read or changed by other users: .* has mode 0644/)
    assert.equal(hansa(['up', '--home', home]).code, 1)
  })

  it('says what is missing when there is no home, and no node', () => {
    const nowhere = join(base, 'nowhere')
    assert.match(hansa(['up', '--home', nowhere]).stderr, /\(HOME_MISSING\)/)
    const status = hansa(['status', '--home', join(base, 'north'), '--json'])
    assert.equal(status.code, 1)
    assert.equal((JSON.parse(status.stderr) as { error: { code: string } }).error.code, 'NODE_NOT_RUNNING')
  })

  it('exits 2 for wrong usage', () => {
    assert.equal(hansa(['nonsense']).code, 2)
    assert.equal(hansa(['init']).code, 2)
  })

  it('refuses an invite that is none, without showing it', () => {
    const { code, stderr } = hansa(['join', '-', '--home', join(base, 'joined')], { input: 'hansa-invite:c2VjcmV0LXZvdWNoZXI\n' })
    assert.equal(code, 1)
    assert.match(stderr, /\(VOUCHER_INVALID\)/)
    assert.ok(!stderr.includes('c2VjcmV0LXZvdWNoZXI'))
    assert.ok(!existsSync(join(base, 'joined')))
  })
})
