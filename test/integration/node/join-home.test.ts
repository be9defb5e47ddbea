import assert from 'node:assert/strict'
import { randomBytes, X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSwarmNode, type SwarmNode } from '../../../src/adapters/libp2p/swarm-node.ts'
import { createTokenVerifier } from '../../../src/adapters/jose/token-verifier.ts'
import { createRpc } from '../../../src/adapters/rpc/create-rpc.ts'
import { openStore } from '../../../src/adapters/sqlite/store.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { createSigner, createVerify, digest, sha256 } from '../../../src/adapters/system/crypto.ts'
import { createLog } from '../../../src/adapters/system/log.ts'
import { DEFAULT_LIFETIMES } from '../../../src/core/pki/profile.ts'
import { openHome } from '../../../src/node/home/open-home.ts'
import { initHome } from '../../../src/node/init-home.ts'
import { joinHome } from '../../../src/node/join-home.ts'
import { issueOwn, issuerOf } from '../../../src/node/own-certificate.ts'
import { ownRoots } from '../../../src/node/trust-of-home.ts'
import { type Aca, aca } from '../../../src/roles/aca/aca.ts'
import { createAdmission } from '../../../src/roles/member/admission.ts'
import { createIdentities } from '../../../src/roles/member/identities.ts'
import { createRecords } from '../../../src/roles/member/records.ts'
import { member } from '../../../src/roles/member/member.ts'
import { formatInvite, parseInvite } from '../../../src/wire/invite.ts'

const DOMAIN = 'north.example'
const never = new AbortController().signal

describe('joining a domain over real libp2p', function () {
  this.timeout(30_000)
  let base: string
  let swarm: SwarmNode
  let authority: Aca
  let stop: () => Promise<void>
  let invite: Parameters<typeof formatInvite>[0]

  before(async () => {
    base = await mkdtemp(join(tmpdir(), 'hansa-join-'))
    const made = await initHome({ home: join(base, 'north'), domain: DOMAIN, roles: ['aca'], name: 'ca1' })
    const home = await openHome(made.home, {})
    const log = createLog({ level: 'silent', format: 'json' })
    const signer = createSigner(home.seed)
    const store = openStore(':memory:')
    const verify = createVerify()
    const roots = await ownRoots(home)
    const chain = await issueOwn(home, signer, systemClock, DEFAULT_LIFETIMES)
    const identities = createIdentities({ domain: DOMAIN, signer, clock: systemClock, verify, sha256, store, chain, roots })
    swarm = await createSwarmNode({
      privateKey: home.seed,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      swarmKey: Buffer.from(home.swarmKey ?? ''),
      dht: 'server',
      recordRules: {},
      log
    })
    const { network, pubsub } = swarm
    const rpc = createRpc({ network, identities, admission: createAdmission(systemClock), clock: systemClock, log })
    const self = member({ domain: DOMAIN, bootstrap: [] }).create({
      clock: systemClock,
      log,
      rpc,
      network,
      pubsub,
      signer,
      identities,
      records: createRecords({ identities, signer, verify }),
      sha256,
      random: () => 0.5,
      onChain: async () => {}
    })
    authority = aca().create({
      clock: systemClock,
      log,
      rpc,
      pubsub,
      store,
      issuer: await issuerOf(home),
      verify,
      sha256,
      digest,
      records: createRecords({ identities, signer, verify }),
      random: (size) => new Uint8Array(randomBytes(size)),
      chain: () => identities.chain(),
      onCrl: () => {},
      tokens: createTokenVerifier({ issuers: new Map(), authorities: new Map() }),
      eabKey: () => new Uint8Array(32)
    })
    await swarm.start()
    await rpc.start()
    await self.start()
    await authority.start()
    stop = async () => {
      await authority.stop()
      await self.stop()
      await rpc.stop()
      await swarm.stop()
      store.close()
    }
    const [root = new Uint8Array()] = roots
    invite = {
      domain: DOMAIN,
      swarmKey: home.swarmKey ?? '',
      bootstrap: swarm.network.addresses(),
      rootSha256: sha256(root),
      roots: [root],
      expiresAt: BigInt(Date.now() + 60_000)
    }
  })
  after(async () => {
    await stop()
    await rm(base, { recursive: true, force: true })
  })

  async function inviteFor(name: string, changed: object = {}): Promise<string> {
    const { voucher } = await authority.createVoucher({ name, roles: ['agent'], ttlMs: 60_000, uses: 1, replace: false })
    return formatInvite({ ...invite, name, roles: ['agent'], voucher, ...changed })
  }

  it('gives a home with a certificate for its own key, and the domain in it', async () => {
    const joined = await joinHome({ home: join(base, 'flight'), invite: await inviteFor('flight'), signal: never })
    assert.equal(joined.spiffeId, `spiffe://${DOMAIN}/agent/flight`)
    const home = await openHome(joined.home, {})
    assert.deepEqual([home.config.domain, home.config.name, home.config.roles], [DOMAIN, 'flight', ['agent']])
    assert.deepEqual(home.config.swarm.bootstrap, invite.bootstrap)
    assert.equal(home.swarmKey, invite.swarmKey)
    assert.equal(createSigner(home.seed).peer, joined.peer)
    const leaf = new X509Certificate(home.chainPem ?? '')
    assert.match(leaf.subjectAltName ?? '', new RegExp(`URI:spiffe://${DOMAIN}/agent/flight`))
    assert.deepEqual(
      (await ownRoots(home)).map((root) => Buffer.compare(root, invite.roots?.[0] ?? new Uint8Array())),
      [0]
    )
  })

  it('refuses an invite that was used, and leaves nothing behind', async () => {
    const text = await inviteFor('once')
    await joinHome({ home: join(base, 'once'), invite: text, signal: never })
    await assert.rejects(joinHome({ home: join(base, 'twice'), invite: text, signal: never }), { code: 'VOUCHER_INVALID', message: /used/ })
    assert.ok(!(await readdir(base)).some((name) => name.includes('twice')))
  })

  it('gives the voucher to nobody who does not show the root of the invite', async () => {
    const other = await initHome({ home: join(base, 'elsewhere'), domain: DOMAIN, roles: ['aca'], name: 'ca1' })
    const [root = new Uint8Array()] = await ownRoots(await openHome(other.home, {}))
    const text = await inviteFor('careful', { rootSha256: sha256(root), roots: [root] })
    await assert.rejects(joinHome({ home: join(base, 'careful'), invite: text, signal: never }), { code: 'UNKNOWN_DOMAIN' })
    const asked = parseInvite(text).voucher
    // Had it been given away, it would be used up now.
    const honest = formatInvite({ ...invite, name: 'careful', roles: ['agent'], voucher: asked })
    assert.equal((await joinHome({ home: join(base, 'careful'), invite: honest, signal: never })).spiffeId, `spiffe://${DOMAIN}/agent/careful`)
  })

  it('does not use an invite up when the home cannot be made', async () => {
    const text = await inviteFor('late')
    await assert.rejects(joinHome({ home: join(base, 'north'), invite: text, signal: never }), { code: 'HOME_EXISTS' })
    assert.equal((await joinHome({ home: join(base, 'late'), invite: text, signal: never })).spiffeId, `spiffe://${DOMAIN}/agent/late`)
  })

  it('says that nobody answers at the addresses of the invite', async () => {
    const text = await inviteFor('lonely', { bootstrap: ['/ip4/127.0.0.1/tcp/1'] })
    await assert.rejects(joinHome({ home: join(base, 'lonely'), invite: text, signal: never }), { code: 'PEER_UNREACHABLE' })
  })

  it('ends when it is told to, and leaves nothing behind', async () => {
    const text = await inviteFor('hasty')
    await assert.rejects(joinHome({ home: join(base, 'hasty'), invite: text, signal: AbortSignal.abort() }))
    assert.ok(!(await readdir(base)).includes('hasty'))
  })
})
