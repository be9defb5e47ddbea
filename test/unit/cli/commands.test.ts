import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NodeOperations } from '../../../src/admin/operations.ts'
import { type AdminServer, createAdminServer } from '../../../src/admin/server.ts'
import type { AgentSummary } from '../../../src/admin/types.ts'
import { seedToPem } from '../../../src/adapters/system/crypto.ts'
import { createHome } from '../../../src/node/home/create-home.ts'
import { generateSeed } from '../../../src/node/home/node-key.ts'
import { readAdminToken } from '../../../src/node/home/admin-token.ts'
import { type HomeLock, lockHome } from '../../../src/node/home/home-lock.ts'
import { writeRunFile } from '../../../src/node/home/run-file.ts'
import type { Log } from '../../../src/ports/log.ts'
import { HansaError } from '../../../src/schema/errors.ts'
import { nodeOperations } from '../../support/admin-operations.ts'
import { type CliRun, runCli } from '../../support/cli.ts'

const agent: AgentSummary = {
  handle: 'flight@north.example',
  resourceId: 'urn:air:north.example:agent:flight',
  spiffeId: 'spiffe://north.example/agent/flight',
  domain: 'north.example',
  name: 'Flight \u001b[2Jdesk',
  description: '',
  capabilities: ['travel/flight-booking'],
  languages: ['en'],
  protocols: ['a2a-jsonrpc'],
  streaming: true,
  skills: [{ id: 'book', capabilities: ['travel/flight-booking'], inputs: ['destination'], outputs: ['flight-confirmation'] }],
  extensions: ['urn:hansa:facts'],
  status: 'online',
  sequence: 1,
  issuedAt: 0,
  expiresAt: 1000,
  ars: 'spiffe://north.example/aca/node1',
  address: { gateway: true, spiffeId: 'spiffe://north.example/agw/gw1', peer: 'p', addresses: ['/ip4/192.0.2.1/tcp/4001'], url: 'http://192.0.2.1:7400/x' }
}

describe('commands at a running node', () => {
  let home: string
  let server: AdminServer | undefined
  let lock: HomeLock | undefined
  const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }

  beforeEach(async () => {
    home = join(await mkdtemp(join(tmpdir(), 'hansa-cli-')), 'home')
    await createHome(home, { config: 'domain: north.example\nname: node1\nroles: [ars]\nswarm: { key: public }\n', key: seedToPem(generateSeed()) })
  })
  afterEach(async () => {
    await server?.stop()
    server = undefined
    lock?.release()
    await rm(join(home, '..'), { recursive: true, force: true })
  })

  async function serve(operations: Partial<NodeOperations>): Promise<(...argv: string[]) => Promise<CliRun>> {
    const { homePaths } = await import('../../../src/node/home/home-paths.ts')
    const paths = homePaths(home)
    server = createAdminServer({
      operations: nodeOperations(operations),
      metrics: { text: async () => '', contentType: 'text/plain' },
      token: await readAdminToken(paths),
      listen: { kind: 'tcp', host: '127.0.0.1', port: 0 },
      version: '0.1.0',
      log
    })
    await server.start()
    lock = lockHome(paths)
    await writeRunFile(paths, { pid: process.pid, startedAt: 0, version: '0.1.0', spiffeId: 's', peer: 'p', admin: server.address(), swarm: [] })
    return (...argv) => runCli([...argv, '--home', home])
  }

  it('find hands the criteria over and says who did not answer', async () => {
    let asked: object = {}
    const hansa = await serve({
      find: async (request) => {
        asked = request
        const error = { code: 'DEADLINE_EXCEEDED', message: 'too late', hint: '', metadata: {} }
        return {
          hits: [agent],
          asked: [
            { domain: 'north.example', ars: 'spiffe://north.example/aca/node1', hits: 1, ms: 2 },
            { domain: 'south.example', ars: 'spiffe://south.example/ars/s1', hits: 0, ms: 3000, error }
          ],
          complete: false
        }
      }
    })
    const { code, stdout } = await hansa(
      'find',
      'seat',
      '--capability',
      'travel',
      '--capability',
      'food',
      '--output',
      'visa',
      '--output',
      'seat',
      '--limit',
      '3',
      '--status',
      'any'
    )
    assert.equal(code, 0)
    assert.deepEqual(asked, { text: 'seat', capabilities: ['travel', 'food'], outputs: ['visa', 'seat'], limit: 3, status: 'any' })
    assert.match(stdout, /flight@north\.example +online +travel\/flight-booking +en +spiffe:\/\/north\.example\/agw\/gw1/)
    assert.match(stdout, /no answer from spiffe:\/\/south\.example\/ars\/s1: too late/)
    assert.match(stdout, /may be incomplete/)
    assert.ok(!stdout.includes('\u001b'))
  })

  it('call prints the stream as it comes, then the way it took', async () => {
    const hansa = await serve({
      async *call({ text, data, files }) {
        yield { kind: 'response', text: `${text} ${JSON.stringify(data)} ${files.length}`, response: {} }
        yield {
          kind: 'end',
          agent: agent.handle,
          ms: 12,
          hops: [{ gateway: 'spiffe://north.example/agw/gw1', ms: 3 }],
          encrypted: false,
          translated: false,
          translations: []
        }
      }
    })
    const file = join(home, '..', 'note.txt')
    await writeFile(file, 'x')
    const { code, stdout } = await hansa('call', 'flight', 'two seats', '--data', '{"n":2}', '--file', file)
    assert.equal(code, 0)
    assert.equal(stdout, 'two seats {"n":2} 1\nflight@north.example in 12 ms via spiffe://north.example/agw/gw1 (3.0 ms); encrypted hop by hop\n')
    const json = await hansa('call', 'flight', 'x', '--json')
    assert.deepEqual(
      json.stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { kind: string }).kind),
      ['response', 'end']
    )
  })

  it('call fails with the reason of the network, also in the middle, and with nothing to send', async () => {
    const hansa = await serve({
      async *call() {
        yield { kind: 'response', text: 'half', response: {} }
        throw new HansaError('CONNECTION_LOST', 'the gateway went away', { at: 'spiffe://south.example/agw/gw1' })
      }
    })
    const { code, stdout, stderr } = await hansa('call', 'flight', 'x', '--stream')
    assert.deepEqual([code, stdout], [1, 'half\n'])
    assert.match(stderr, /the gateway went away \(CONNECTION_LOST\)/)
    assert.match((await hansa('call', 'flight')).stderr, /nothing to send/)
  })

  it('invite prints the invite alone on standard output', async () => {
    const hansa = await serve({ invite: async ({ roles, uses }) => ({ invite: 'hansa-invite:abc', domain: 'north.example', expiresAt: 0, roles, uses }) })
    const { stdout, stderr } = await hansa('invite', '--role', 'agw', '--name', 'gw1')
    assert.equal(stdout, 'hansa-invite:abc\n')
    assert.match(stderr, /good until/)
  })

  it('doctor joins what the home and the node say, and fails when one check does', async () => {
    const hansa = await serve({ doctor: async () => ({ ok: false, checks: [{ check: 'clock', ok: false, detail: '3 s behind', hint: 'Run NTP.' }] }) })
    const { code, stdout } = await hansa('doctor')
    assert.equal(code, 1)
    assert.match(stdout, /^ok {3}key: /m)
    assert.match(stdout, /^FAIL clock: 3 s behind\n {7}Run NTP\.$/m)
  })

  it('tables of the gateway, the authority and the directory are printed', async () => {
    const certificate = {
      serial: 'ab',
      spiffeId: agent.spiffeId,
      roles: ['agent' as const],
      scopes: ['travel/flight-booking'],
      organisation: 'Flights Ltd',
      dnsNames: [],
      peer: 'p',
      key: 'Ed25519' as const,
      keyId: 'c0ffee',
      issuer: 'd00d',
      notBefore: 0,
      notAfter: 1000,
      state: 'revoked' as const,
      revokedAt: 5,
      reason: 'keyCompromise'
    }
    const neighbor = {
      gateway: 'spiffe://south.example/agw/g',
      domain: 'south.example',
      peer: 'p',
      status: 'running' as const,
      addresses: [],
      agents: 2,
      rttMs: 1.25,
      sinceMs: 5000
    }
    const hansa = await serve({
      agents: async () => ({ agents: [agent] }),
      resolve: async () => ({ agent, source: 'dht', verified: ['the chain leads to a listed root'] }),
      certificates: async () => ({ certificates: [certificate] }),
      revoke: async () => ({ revoked: [certificate], crlNumber: 4 }),
      crl: async () => ({
        domain: 'north.example',
        number: 4,
        thisUpdate: 0,
        nextUpdate: 1000,
        revoked: [{ serial: 'ab', revokedAt: 0, reason: 'superseded' }],
        pem: 'PEM\n'
      }),
      roots: async () => ({ domains: [{ domain: 'north.example', own: true, roots: [{ sha256: 'SHA256:aa', pem: 'x' }] }] }),
      neighbors: async () => ({ neighbors: [neighbor] }),
      connect: async () => ({ neighbor, listed: true }),
      disconnect: async () => ({ gateway: neighbor.gateway, agentsRemoved: 2 }),
      trace: async () => ({ agent: agent.handle, hops: [{ gateway: neighbor.gateway, ms: 2 }], ms: 5 }),
      routes: async () => ({
        routes: [{ handle: agent.handle, resourceId: agent.resourceId, gateway: neighbor.gateway, hops: 0, applicable: true, status: 'online' }]
      }),
      ownCertificate: async () => ({ certificate, issuer: 'north.example issuing', chainPem: 'PEM\n', renewAt: 500 }),
      ownCertificateStatus: async () => certificate,
      deregister: async () => ({ resourceId: agent.resourceId })
    })
    const shows = async (argv: string, wanted: RegExp, code = 0): Promise<void> => {
      const result = await hansa(...argv.split(' '))
      assert.equal(result.code, code, result.stderr)
      assert.match(result.stdout, wanted)
    }
    await shows('agent list', /flight@north\.example/)
    await shows('agent deregister flight', /deregistered urn:air:north\.example:agent:flight/)
    await shows('resolve flight', /skill +book: destination -> flight-confirmation\nextensions +urn:hansa:facts/)
    await shows('resolve flight', /verified +the chain leads to a listed root/)
    await shows('ca list', /ab +spiffe:\/\/north\.example\/agent\/flight +agent +revoked \(keyCompromise\)/)
    await shows('ca revoke flight --reason keyCompromise', /in CRL 4/)
    await shows('ca crl', /CRL 4 of north\.example[\s\S]*superseded/)
    await shows('ca crl --pem', /^PEM\n$/)
    await shows('ca roots', /north\.example \(own\) +SHA256:aa/)
    await shows('ca roots --pem', /^x\n$/)
    await shows('gw neighbors', /spiffe:\/\/south\.example\/agw\/g +running +1\.3 ms/)
    await shows('gw connect /ip4/192.0.2.1/tcp/1', /south\.example is listed now/)
    await shows('gw disconnect south.example', /2 agents removed/)
    await shows('gw routes', /flight@north\.example +online +yes .* local +0/)
    await shows('gw trace flight', /^1 +spiffe:\/\/south\.example\/agw\/g +2\.0 ms/m)
    await shows('cert show', /issuer +north\.example issuing/)
    await shows('cert show --pem', /^PEM\n$/)
    await shows('cert status', /state +revoked/, 1)
  })

  it('the desk of the authority shows evidence, decides, and says when its log was changed', async () => {
    const asked = { name: 'flight', roles: ['agent' as const], scopes: ['travel'], organisation: 'Flights Ltd', dnsNames: [] }
    const waiting = {
      ...{
        ref: '5f0c',
        state: 'pending' as const,
        door: 'libp2p' as const,
        at: 0,
        expiresAt: 1000,
        peer: 'p',
        keyId: 'c0ffee',
        asked,
        digest: 'd1',
        skills: []
      },
      documents: [{ title: 'licence.pdf', sha256: 'ab', authority: 'chamber' }],
      verdicts: [{ material: 'developer' as const, state: 'recorded' as const, detail: 'Ann \u001b[2J says so' }],
      approvals: [{ approver: 'alice', at: 0 }],
      approvalsNeeded: 2
    }
    const decisions: object[] = []
    const hansa = await serve({
      applications: async () => ({ applications: [waiting] }),
      application: async () => waiting,
      approve: async (request) => {
        decisions.push(request)
        return waiting
      },
      reject: async ({ why }) => ({ ...waiting, state: 'rejected', message: why }),
      revokeOrganisation: async ({ organisation }) => {
        decisions.push({ organisation })
        return { revoked: [], crlNumber: 7 }
      },
      release: async () => ({ released: [], crlNumber: 8 }),
      audit: async () => ({ entries: [{ number: 1, at: 0, event: 'issued', by: 'operator', subject: 's', details: { serial: 'ab' }, previous: '' }] }),
      auditVerify: async () => ({ ok: false, entries: 3, head: 'h', brokenAt: 2, why: 'entry 2 is not what entry 3 follows' }),
      voucher: async ({ name = '', dnsNames }) => {
        decisions.push({ dnsNames })
        return {
          id: 'kid',
          secret: 'sss',
          eabKey: 'kkk',
          name,
          domain: 'north.example',
          roles: ['agent'],
          uses: 1,
          expiresAt: 0,
          dnsNames,
          origin: 'https://hub.north.example:7400',
          roots: { url: 'http://hub.north.example:7400/aca/roots.pem', sha256: 'abab' }
        }
      }
    })
    assert.match((await hansa('ca', 'pending')).stdout, /5f0c .*flight +agent +Flights Ltd +- +1\/2/)
    const { stdout } = await hansa('ca', 'pending', '5f0c')
    assert.match(stdout, /^recorded +developer: Ann/m)
    assert.match(stdout, /^document +licence\.pdf, SHA256:ab, by chamber$/m)
    assert.ok(!stdout.includes('\u001b'))
    assert.match((await hansa('ca', 'approve', '5f0c', '--role', 'agw', '--role', 'agent', '--scope', 'a')).stdout, /1 of 2 approvals/)
    assert.deepEqual(decisions.pop(), { application: '5f0c', roles: ['agw', 'agent'], scopes: ['a'] })
    assert.match((await hansa('ca', 'reject', '5f0c', '--why', 'no')).stdout, /rejected 5f0c: no/)
    assert.match((await hansa('ca', 'revoke', '--org', 'Flights Ltd', '--reason', 'affiliationChanged')).stdout, /in CRL 7/)
    assert.deepEqual(decisions.pop(), { organisation: 'Flights Ltd' })
    assert.equal((await hansa('ca', 'revoke', 'x', '--org', 'Flights Ltd', '--reason', 'affiliationChanged')).code, 2)
    assert.match((await hansa('ca', 'release', 'x')).stdout, /since CRL 8/)
    assert.match((await hansa('ca', 'audit')).stdout, /^1 +\S+ +issued +operator +s +serial=ab$/m)
    const broken = await hansa('ca', 'audit', '--verify')
    assert.deepEqual([broken.code, broken.stdout], [1, 'AUDIT_BROKEN at entry 2: entry 2 is not what entry 3 follows\n'])
    const acme = await hansa('invite', '--name', 'web', '--dns', 'web.north.example', '--acme')
    assert.match(
      acme.stdout,
      /^server = https:\/\/hub[.]north[.]example:7400\/acme\/directory\neab-kid = kid\neab-hmac-key = kkk\ndomains = web[.]north[.]example$/m
    )
    assert.match(
      acme.stdout,
      /^# {3}curl -sS -o roots[.]pem http:\/\/hub[.]north[.]example:7400\/aca\/roots[.]pem && echo "abab {2}roots[.]pem" \| sha256sum --check$/m
    )
    assert.ok(!acme.stderr.includes('kkk'))
    // An agent has no DNS name of its own, and ACME gives certificates for nothing else.
    assert.equal((await hansa('invite', '--name', 'web', '--acme')).code, 2)
    const est = (await hansa('invite', '--name', 'web', '--est')).stdout
    assert.match(est, /^url = "https:\/\/hub[.]north[.]example:7400\/[.]well-known\/est\/simpleenroll"\nuser = "web:sss"\ncacert = "roots[.]pem"$/m)
    assert.equal((await hansa('invite', '--open', '--swarm')).code, 2)
  })

  it('call --inbox prints the receipt, receipt what became of it, gw inbox what waits', async () => {
    const id = 'inbox-0fJ3kq9XbVd2LrT5yWc8Zg.agw.gw1'
    const item = {
      ...{ id, agent: agent.handle, principal: 'spiffe://south.example/agent/n', messageId: 'm', state: 'waiting', attempts: 2, size: 120 },
      receivedAt: 0,
      expiresAt: 3_600_000,
      failure: { code: 'AGENT_UNREACHABLE', message: 'it sleeps', hint: '', metadata: {} }
    }
    const asked: unknown[] = []
    const hansa = await serve({
      async *call({ inbox }) {
        asked.push(inbox)
        yield { kind: 'response', text: 'The message waits.', response: {}, receipt: { id, state: 'waiting', expiresAt: 3_600_000 } }
        yield { kind: 'end', agent: agent.handle, ms: 1, hops: [], encrypted: false, translated: false, translations: [] }
      },
      receipt: async ({ cancel }) => ({ state: cancel ? 'TASK_STATE_CANCELED' : 'TASK_STATE_COMPLETED', text: 'done', task: { id } }),
      inbox: async ({ agent: of }) => ({ items: of === 'nobody' ? [] : [item] }),
      inboxDrop: async () => item
    })
    const sent = await hansa('call', 'flight', 'hello', '--inbox', '--ttl', '2h')
    assert.match(sent.stdout, /^waiting until 1970-01-01T01:00:00Z: The message waits\.\nreceipt inbox-0fJ3kq9XbVd2LrT5yWc8Zg\.agw\.gw1$/m)
    await hansa('call', 'flight', 'hello', '--inbox')
    await hansa('call', 'flight', 'hello')
    assert.deepEqual(asked, [{ ttlMs: 7_200_000 }, {}, undefined])
    assert.match((await hansa('receipt', 'flight', id)).stdout, /^TASK_STATE_COMPLETED\ndone$/m)
    assert.match((await hansa('receipt', 'flight', id, '--cancel')).stdout, /TASK_STATE_CANCELED/)
    assert.match((await hansa('gw', 'inbox')).stdout, /inbox-0f.* flight@north\.example .* waiting +2 +120 .* it sleeps \(AGENT_UNREACHABLE\)/)
    assert.doesNotMatch((await hansa('gw', 'inbox', 'nobody')).stdout, /inbox-0f/)
    assert.match((await hansa('gw', 'inbox-drop', id)).stdout, /^dropped inbox-0f/)
  })

  it('config check names every problem, and show the effective values', async () => {
    const { homePaths } = await import('../../../src/node/home/home-paths.ts')
    const hansa = (...argv: string[]): Promise<CliRun> => runCli([...argv, '--home', home], { env: { HANSA_LOG_LEVEL: 'debug' } })
    assert.match((await hansa('config', 'show')).stdout, /^log\.level +debug +HANSA_LOG_LEVEL$/m)
    assert.equal((await hansa('config', 'check')).code, 0)
    await writeFile(homePaths(home).config, 'domain: north.example\nname: N\nroles: [aca]\nodd: 1\n')
    const { code, stdout } = await hansa('config', 'check')
    assert.equal(code, 1)
    assert.match(stdout, /config\.yaml:2:7: name: expected/)
    assert.match(stdout, /config\.yaml:4:1: odd: unknown key/)
    assert.match((await hansa('config', 'show')).stderr, /config\.yaml:2:7: name: .*\(and 1 more\) \(CONFIG_INVALID\)/)
  })
})
