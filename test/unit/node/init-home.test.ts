import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256 } from '../../../src/adapters/system/crypto.ts'
import { openHome } from '../../../src/node/home/open-home.ts'
import { initHome } from '../../../src/node/init-home.ts'
import { formatInvite } from '../../../src/wire/invite.ts'
import { decodePem } from '../../../src/wire/x509/pem.ts'

const NOW = Date.now()

describe('founding a domain', () => {
  let base: string
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'hansa-init-'))
  })
  afterEach(() => rm(base, { recursive: true, force: true }))

  const north = (): Parameters<typeof initHome>[0] => ({ home: join(base, 'north'), domain: 'north.example', roles: ['ars', 'aca'], name: 'n1' })

  async function swarmInvite(changed: object = {}): Promise<string> {
    const home = await openHome((await initHome(north(), NOW)).home, {})
    const [root = new Uint8Array()] = decodePem('CERTIFICATE', await readFile(home.paths.aca.root, 'utf8'))
    return formatInvite({
      domain: 'north.example',
      swarmKey: home.swarmKey ?? '',
      bootstrap: ['/ip4/127.0.0.1/tcp/4001'],
      rootSha256: sha256(root),
      roots: [root],
      expiresAt: BigInt(NOW + 1000),
      ...changed
    })
  }

  it('gives a home whose authority is its own and whose key is the one named', async () => {
    const made = await initHome({ ...north(), config: { admin: { listen: '127.0.0.1:0' } } }, NOW)
    const home = await openHome(made.home, {})
    assert.equal(made.spiffeId, 'spiffe://north.example/aca/n1')
    assert.deepEqual(home.config.roles, ['aca', 'ars'])
    assert.deepEqual(home.config.admin.listen, { kind: 'tcp', host: '127.0.0.1', port: 0 })
    const issuing = new X509Certificate(await readFile(home.paths.aca.issuing))
    const root = new X509Certificate(await readFile(home.paths.aca.root))
    assert.ok(issuing.verify(root.publicKey))
    assert.ok(issuing.checkPrivateKey(createPrivateKey(await readFile(home.paths.aca.issuingKey))))
    assert.equal(made.root, `SHA256:${root.fingerprint256.replaceAll(':', '').toLowerCase()}`)
    assert.equal(createPublicKey(await readFile(home.paths.key)).asymmetricKeyType, 'ed25519')
  })

  it('joins the swarm of an invite and lists its root', async () => {
    const invite = await swarmInvite()
    const made = await initHome({ home: join(base, 'south'), domain: 'south.example', roles: ['aca'], name: 's1', swarmInvite: invite }, NOW)
    assert.equal(made.swarmOf, 'north.example')
    const [northern, southern] = [await openHome(join(base, 'north'), {}), await openHome(made.home, {})]
    assert.equal(southern.swarmKey, northern.swarmKey)
    assert.deepEqual(southern.config.swarm.bootstrap, ['/ip4/127.0.0.1/tcp/4001'])
    const [listed = ''] = southern.config.trust.domains['north.example']?.roots ?? []
    assert.equal(await readFile(southern.resolve(listed), 'utf8'), await readFile(northern.paths.aca.root, 'utf8'))
  })

  it('in a public swarm has no swarm key', async () => {
    const invite = await swarmInvite({ swarmKey: '' })
    const made = await initHome({ home: join(base, 'south'), domain: 'south.example', roles: ['aca'], name: 's1', swarmInvite: invite }, NOW)
    const home = await openHome(made.home, {})
    assert.deepEqual([home.config.swarm.key, home.swarmKey], ['public', undefined])
  })

  for (const [what, changed, domain, wanted] of [
    ['has ended', { expiresAt: BigInt(NOW - 1) }, 'south.example', { code: 'VOUCHER_INVALID', message: /ended/ }],
    ['shows another root than its fingerprint', { rootSha256: new Uint8Array(32) }, 'south.example', { code: 'VOUCHER_INVALID', message: /fingerprint/ }],
    ['is for a node', { voucher: 'v', roles: ['agent'] }, 'south.example', { code: 'VOUCHER_INVALID', message: /hansa join/ }],
    ['is of the same domain', {}, 'north.example', { code: 'INVALID_ARGUMENT', message: /another name/ }]
  ] as const)
    it(`refuses a swarm invite that ${what}, and makes nothing`, async () => {
      const invite = await swarmInvite(changed)
      await assert.rejects(initHome({ home: join(base, 'south'), domain, roles: ['aca'], name: 's1', swarmInvite: invite }, NOW), wanted)
      assert.deepEqual(await readdir(base), ['north'])
    })

  it('refuses a domain without an authority', async () => {
    await assert.rejects(initHome({ ...north(), roles: ['agw'] }, NOW), { code: 'INVALID_ARGUMENT', message: /must contain aca/ })
  })

  it('refuses impossible settings before it writes anything', async () => {
    await assert.rejects(initHome({ ...north(), config: { gateway: { heartbeat: 'often' } } }, NOW), { code: 'CONFIG_INVALID', message: /gateway\.heartbeat/ })
    assert.deepEqual(await readdir(base), [])
  })
})
