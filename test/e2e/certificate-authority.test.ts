import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { ServedAgent } from '../../src/cli/demo/agents/serve-agent.ts'
import { documents, HansaProcesses, type NodeProcess } from '../support/hansa-process.ts'
import { sdkAgents } from '../support/sdk-agent.ts'
import { until } from '../support/until.ts'

interface Application {
  readonly ref: string
  readonly keyId: string
  readonly approvals: readonly unknown[]
  readonly state: string
}

describe('the certificate authority by hand (draft 3.1)', function () {
  this.timeout(120_000)
  let all: HansaProcesses
  let hub: NodeProcess
  let card: ServedAgent
  const atHub = (...args: string[]): string[] => [...args, '--home', hub.home]

  before(async () => {
    all = new HansaProcesses()
    card = await sdkAgents.counter()
    const keys = ['alice', 'bob'].map((name) => all.path(`${name}.key`))
    for (const [index, name] of ['alice', 'bob'].entries()) await all.text('ca', 'approver', 'new', name, '--out', keys[index] ?? '')
    const approvers = { alice: `${keys[0]}.pub`, bob: `${keys[1]}.pub` }
    hub = await all.node(await all.init('hub', { domain: 'north.example', config: { ca: { policy: { approvers } } } as never }))
  })
  after(async () => {
    await card.close()
    await all.end()
  })

  const pending = async (key: string): Promise<Application | undefined> => {
    const [{ applications }] = (await all.json<{ applications: Application[] }>(...atHub('ca', 'pending'))) as [{ applications: Application[] }]
    return applications.find(({ keyId }) => key === `SHA256:${keyId}`)
  }

  /** Applies with materials only; gives what the operator finds it by. */
  async function applied(home: string, ...materials: string[]): Promise<Application> {
    const way = all.path('way-in.txt')
    writeFileSync(way, await all.text(...atHub('invite', '--open', '--role', 'agent,agw')))
    const { code, stderr } = await all.run(['join', way, '--home', home, '--json', ...materials])
    const [{ error }] = documents<{ error: { code: string; metadata: { key: string } } }>(stderr) as [{ error: { code: string; metadata: { key: string } } }]
    assert.deepEqual([code, error.code], [1, 'APPLICATION_PENDING'], stderr)
    const found = await pending(error.metadata.key)
    assert.ok(found !== undefined)
    return found
  }

  it('an approver has a private key for its eyes only, and a public one for the config', () => {
    assert.equal(statSync(all.path('alice.key')).mode & 0o777, 0o600)
    assert.match(readFileSync(all.path('alice.key.pub'), 'utf8'), /BEGIN PUBLIC KEY/)
  })

  it('an application with materials waits, shows its evidence, and the same command goes on with it once it is approved', async () => {
    const home = all.path('flight')
    const { ref } = await applied(home, '--name', 'flight', '--role', 'agent', '--organisation', 'Flights Ltd', '--developer', 'Ann', '--skill', 'booking')
    assert.ok(existsSync(join(home, 'joining.json')) && !existsSync(join(home, 'config.yaml')))
    const shown = await all.text(...atHub('ca', 'pending', ref))
    assert.match(shown, /^organisation Flights Ltd$/m)
    assert.match(shown, /^recorded +developer: /m)
    assert.match(shown, /^approvals +0 of 1/m)
    const waiting = all.start(['join', '--home', home, '--wait', '--json'])
    const stranger = await all.run(atHub('ca', 'approve', ref))
    assert.match(stranger.stderr, /PERMISSION_DENIED/)
    await all.text(...atHub('ca', 'approve', ref, '--key', all.path('alice.key'), '--scope', 'travel'))
    const { code, stdout, stderr } = await waiting.ended
    assert.equal(code, 0, stderr)
    assert.equal(documents<{ spiffeId: string }>(stdout)[0]?.spiffeId, 'spiffe://north.example/agent/flight')
    assert.ok(!existsSync(join(home, 'joining.json')))
    assert.match(await all.text(...atHub('ca', 'show', 'flight')), /^scopes +travel$/m)
  })

  it('a gateway needs two different approvers', async () => {
    const { ref } = await applied(all.path('gw2'), '--name', 'gw2', '--role', 'agw')
    const approve = (who: string): Promise<string> => all.text(...atHub('ca', 'approve', ref, '--key', all.path(`${who}.key`), '--as', who))
    assert.match(await approve('alice'), /1 of 2 approvals/)
    assert.match(await approve('alice'), /1 of 2 approvals/)
    assert.match(await approve('bob'), /^issued /)
    assert.match(await all.text('join', '--home', all.path('gw2')), /joined as spiffe:\/\/north\.example\/agw\/gw2/)
  })

  it('a rejected applicant is told why, and keeps its key', async () => {
    const home = all.path('evil')
    const { ref, keyId } = await applied(home, '--name', 'evil')
    await all.text(...atHub('ca', 'reject', ref, '--why', 'nobody knows it', '--key', all.path('bob.key')))
    const { code, stderr } = await all.run(['join', '--home', home])
    assert.equal(code, 1)
    assert.match(stderr, /nobody knows it.*\(APPLICATION_REJECTED\)/)
    const [prepared] = await all.json<{ key: string }>('join', '--prepare', '--home', home)
    assert.equal(prepared?.key, `SHA256:${keyId}`)
  })

  it('an invite for a prepared key is good for that key alone', async () => {
    const home = all.path('bound')
    const [prepared] = await all.json<{ key: string; nonce: string }>('join', '--prepare', '--home', home)
    assert.match(prepared?.nonce ?? '', /^[A-Za-z0-9_-]{43}$/)
    const invite = all.path('bound.txt')
    writeFileSync(invite, await all.text(...atHub('invite', '--name', 'bound', '--bind', prepared?.key ?? '')))
    const thief = await all.run(['join', invite, '--home', all.path('thief')])
    assert.equal(thief.code, 1)
    assert.match(await all.text('join', invite, '--home', home), /joined as spiffe:\/\/north\.example\/agent\/bound/)
  })

  it('invites for certbot and curl are files that those programs read', async () => {
    const acme = await all.text(...atHub('invite', '--name', 'web', '--dns', 'web.north.example', '--acme'))
    // No certificate has an IP address: what is called is the name of the node.
    assert.match(acme, /^server = https:\/\/hub[.]north[.]example:\d+\/acme\/directory\neab-kid = [0-9a-f]{64}\neab-hmac-key = [A-Za-z0-9_-]+$/m)
    const est = await all.text(...atHub('invite', '--name', 'web2', '--est'))
    assert.match(est, /^url = "https:\/\/hub[.]north[.]example:\d+\/[.]well-known\/est\/simpleenroll"\nuser = "web2:[0-9a-f]{64}"$/m)
  })

  it('a rekeyed node starts with the new key, and has the old certificate revoked', async () => {
    const home = await all.join(hub, ['agw'], 'gw3')
    const before = await all.node(home)
    await until('gw3 knows the ACA', async () => (await before.admin.call('doctor', {})).checks.some(({ check, ok }) => check === 'directory' && ok))
    const old = await before.admin.call('ownCertificate', {})
    const { certificate, replaces } = await before.admin.call('rekey', {})
    assert.equal(replaces, old.certificate.serial)
    assert.equal((await before.admin.call('ownCertificate', {})).certificate.serial, old.certificate.serial)
    assert.equal((await all.kill(before, 'SIGTERM')).code, 0)
    const after = await all.node(home)
    assert.equal(after.run.peer, certificate.peer)
    assert.notEqual(after.run.peer, before.run.peer)
    const [leaf] = await until('the old one is revoked', async () => {
      const { certificates } = await hub.admin.call('certificate', { certificate: replaces })
      return certificates[0]?.state === 'revoked' && certificates
    })
    assert.equal(leaf?.reason, 'superseded')
    assert.equal((await after.admin.call('ownCertificateStatus', {})).state, 'good')
    await all.kill(after, 'SIGTERM')
  })

  describe('a holder whose certificate is taken away', () => {
    const FLIGHT = 'flight@north.example'
    let agent: NodeProcess
    const callIt = () => all.run(atHub('call', FLIGHT, 'hello', '--timeout', '5s', '--json'))
    const refused = (why: string): Promise<unknown> => until(why, async () => (await callIt()).code !== 0, 60_000)
    const answers = (why: string): Promise<unknown> => until(why, async () => (await callIt()).code === 0, 60_000)

    before(async () => {
      agent = await all.agent(all.path('flight'), card.card, '--capability', 'travel/flight-booking')
      await answers('the agent answers')
    })
    after(() => all.kill(agent, 'SIGTERM'))

    it('is refused while it is on hold, and accepted again, without a restart, when that is lifted', async () => {
      assert.match(await all.text(...atHub('ca', 'revoke', FLIGHT, '--reason', 'certificateHold')), /^in CRL \d+$/m)
      await refused('a call is refused')
      const status = await all.run(['cert', 'status', '--home', agent.home])
      assert.equal(status.code, 1)
      assert.match(`${status.stdout}${status.stderr}`, /certificateHold|CERTIFICATE_REVOKED/)
      assert.match(await all.text(...atHub('ca', 'crl')), /certificateHold/)
      assert.match(await all.text(...atHub('ca', 'release', FLIGHT)), /^off the list since CRL \d+$/m)
      await answers('the agent answers again')
      assert.equal((await all.run(['cert', 'status', '--home', agent.home])).code, 0)
    })

    it('is refused for good when all of its organisation is revoked, and nobody else is', async () => {
      const [done] = await all.json<{ revoked: { spiffeId: string }[] }>(...atHub('ca', 'revoke', '--org', 'Flights Ltd', '--reason', 'affiliationChanged'))
      assert.deepEqual([...new Set(done?.revoked.map(({ spiffeId }) => spiffeId))], ['spiffe://north.example/agent/flight'])
      await refused('a call is refused')
      const lifted = await all.run(atHub('ca', 'release', FLIGHT))
      assert.equal(lifted.code, 1, lifted.stdout)
      assert.match(await all.text(...atHub('ca', 'show', 'hub')), /^state +good/m)
    })
  })

  it('TLS clients get the certificate that they can check: P-256, or Ed25519', async function () {
    const [root] = (await hub.admin.call('roots', {})).domains
    writeFileSync(all.path('root.pem'), root?.roots[0]?.pem ?? '')
    const { host } = new URL(hub.run.ingress ?? '')
    const connect = (sigalgs: string) =>
      spawnSync('openssl', ['s_client', '-connect', host, '-CAfile', all.path('root.pem'), '-verify_return_error', '-sigalgs', sigalgs], {
        input: '',
        encoding: 'utf8'
      })
    if (spawnSync('openssl', ['version']).status !== 0) return this.skip()
    const p256 = await until(
      'the P-256 certificate',
      () => {
        const { status, stdout } = connect('ECDSA+SHA256')
        return status === 0 && stdout
      },
      20_000
    )
    assert.match(p256, /Verify return code: 0/)
    assert.match(p256, /id-ecPublicKey|prime256v1|Server public key is 256 bit/)
    const ed25519 = connect('ed25519')
    assert.equal(ed25519.status, 0, ed25519.stderr)
    assert.match(ed25519.stdout, /Peer signature type: ed25519/i)
  })

  // The last: the log is not whole afterwards.
  describe('the log of decisions', () => {
    it('is whole, until a byte of what was written is changed behind its back', async () => {
      assert.match(await all.text(...atHub('ca', 'audit', '--verify')), /^whole: \d+ entries, head [0-9a-f]{64}$/m)
      const events = await all.text(...atHub('ca', 'audit', '--limit', '100'))
      for (const event of ['applied', 'approved', 'issued', 'revoked', 'released']) assert.match(events, new RegExp(`\\b${event}\\b`))
      assert.equal((await all.kill(hub, 'SIGTERM')).code, 0)
      const number = changeOneByte(join(hub.home, 'data'))
      hub = await all.node(hub.home)
      const { code, stdout } = await all.run(atHub('ca', 'audit', '--verify'))
      assert.equal(code, 1)
      assert.match(stdout, new RegExp(`^AUDIT_BROKEN at entry ${number}: `))
    })
  })
})

/** The third entry of the log gets another subject of the same length; its number. */
function changeOneByte(data: string): number {
  const db = new DatabaseSync(join(data, 'node.db'))
  try {
    const row = db.prepare("SELECT key, value FROM entries WHERE tab = 'aca.audit' ORDER BY key LIMIT 1 OFFSET 2").get()
    const value = Buffer.from(row?.['value'] as Uint8Array)
    const at = value.indexOf('"subject":"') + '"subject":"'.length
    value[at] = value[at] === 0x78 ? 0x79 : 0x78
    assert.equal(db.prepare("UPDATE entries SET value = ? WHERE tab = 'aca.audit' AND key = ?").run(value, row?.['key'] as string).changes, 1)
    return Number(row?.['key'])
  } finally {
    db.close()
  }
}
