import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { ServedAgent } from '../../src/cli/demo/agents/serve-agent.ts'
import { documents, HansaProcesses, type NodeProcess } from '../support/hansa-process.ts'
import { sdkAgents } from '../support/sdk-agent.ts'
import { until } from '../support/until.ts'

const HOTEL = 'hotel@south.example'
const NORTH_GW = 'spiffe://north.example/aca/hub'
const SOUTH_GW = 'spiffe://south.example/aca/hub'

interface Hit {
  readonly handle: string
  readonly status: string
  readonly address: { readonly gateway: boolean; readonly spiffeId: string }
}

/** The commands of the README's section, in its order; each test goes on where the one before it ended. */
describe('two domains by hand, as the README says', function () {
  this.timeout(30_000)
  this.bail(true)
  let hansa: HansaProcesses
  let card: ServedAgent
  let north: NodeProcess
  let south: NodeProcess
  let agent: NodeProcess
  let NORTH: string
  let SOUTH: string

  before(async () => {
    hansa = new HansaProcesses()
    NORTH = hansa.path('north')
    SOUTH = hansa.path('south')
    card = await sdkAgents.counter()
  })
  after(async () => {
    await card.close()
    await hansa.end()
  })

  it('is what the README shows', () => {
    const readme = readFileSync(resolve(import.meta.dirname, '../../README.md'), 'utf8')
    const section = /## Two domains by hand\n([^]*?)\n## /.exec(readme)?.[1] ?? ''
    const commands = [...section.matchAll(/hansa (init|invite|up|join|agent run|gw connect|gw trace|find|call)\b/g)].map(([, name]) => name)
    const order = ['init', 'up', 'invite', 'init', 'up', 'invite', 'join', 'agent run', 'gw connect', 'find', 'call', 'call', 'gw trace']
    assert.deepEqual(commands, order)
  })

  it('init founds the first domain', async () => {
    const said = await hansa.text('init', '--home', NORTH, '--domain', 'north.example', '--roles', 'aca,ars,agw', '--name', 'hub')
    const lines = said.trimEnd().split('\n')
    assert.equal(lines[0], `made ${NORTH}: ${NORTH_GW}`)
    assert.match(lines[1] ?? '', /^root SHA256:[0-9a-f]{64}$/)
    assert.match(lines[2] ?? '', /its key lies open in the home and should not stay there/)
    assert.equal(lines[3], `start it: hansa up --home ${NORTH}`)
  })

  it('up says where it listens', async () => {
    north = await hansa.node(NORTH)
    await until('four lines', () => north.stdout().trimEnd().split('\n').length === 4)
    assert.match(
      north.stdout(),
      /^up spiffe:\/\/north\.example\/aca\/hub\nswarm {4}\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3Koo\w+\ningress {2}http:\/\/127\.0\.0\.1:\d+\nadmin {4}http:\/\/127\.0\.0\.1:\d+\n$/
    )
    assert.equal(north.stderr().includes('"level":50'), false, north.stderr())
  })

  it('invite --swarm and init --swarm found the second domain in the same swarm', async () => {
    const invite = hansa.path('swarm.invite')
    const { stdout, stderr, code } = await hansa.run(['invite', '--home', NORTH, '--swarm'])
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^hansa-invite:\S+\n$/)
    assert.match(stderr, /^good until \d{4}-\d\d-\d\dT\S+; whoever has it can found a domain here: hansa init --swarm\n$/)
    writeFileSync(invite, stdout, { mode: 0o600 })
    const [made] = await hansa.json('init', '--home', SOUTH, '--domain', 'south.example', '--roles', 'aca,ars,agw', '--name', 'hub', '--swarm', invite)
    assert.equal(made?.['spiffeId'], SOUTH_GW)
    assert.equal(made['swarmOf'], 'north.example')
    south = await hansa.node(SOUTH)
  })

  it('invite | join makes the home of an agent, agent run puts it on the swarm', async () => {
    const home = hansa.path('hotel')
    const invite = await hansa.text('invite', '--home', SOUTH, '--role', 'agent', '--name', 'hotel')
    const joined = await hansa.run(['join', '--home', home, '-'], { input: invite })
    assert.equal(joined.code, 0, joined.stderr)
    assert.match(
      joined.stdout,
      /^joined as spiffe:\/\/south\.example\/agent\/hotel \(agent\), certificate until \d{4}-\d\d-\d\dT.*\nput your agent on the swarm: hansa agent run --home \S+ --card URL\n$/
    )
    // On one machine with its gateway, and with other agents, it must not want the default ports.
    const config = readFileSync(join(home, 'config.yaml'), 'utf8')
    assert.match(config, /listen:\n {4}- \/ip4\/0\.0\.0\.0\/tcp\/0\n/)
    assert.match(config, /listen: 127\.0\.0\.1:0\n/)
    agent = await hansa.agent(home, card.card, '--capability', 'travel/hotel', '--language', 'en')
    assert.match(agent.stdout(), new RegExp(`online ${HOTEL} at ${SOUTH_GW}: hansa call ${HOTEL} 'hello'\\n`))
  })

  it('before the gateways know each other, a call is refused with its code', async () => {
    const { code, stderr } = await hansa.run(['call', '--home', NORTH, HOTEL, 'a twin room'])
    assert.equal(code, 1)
    assert.match(stderr, /^hansa: .+ \((NO_ROUTE|AGENT_NOT_FOUND|UNKNOWN_DOMAIN)\)\n {2}.+\n$/)
  })

  it('ca roots, status and gw connect interconnect the two', async () => {
    const [roots] = await hansa.json<{ domains: { own: boolean; roots: { sha256: string }[] }[] }>('ca', 'roots', '--home', SOUTH)
    const [status] = await hansa.json<{ addresses: string[] }>('status', '--home', SOUTH)
    const root = roots?.domains.find(({ own }) => own)?.roots[0]?.sha256 ?? ''
    const address = status?.addresses[0] ?? ''
    const said = await hansa.text('gw', 'connect', '--home', NORTH, address, '--root', root)
    assert.match(said, /^connected spiffe:\/\/south\.example\/aca\/hub, \d+ agents; south\.example is listed now\n$/)
    const neighbors = await hansa.text('gw', 'neighbors', '--home', SOUTH)
    assert.match(neighbors, new RegExp(`${NORTH_GW} +running`))
  })

  it('find shows it from the other domain, with the address of its gateway', async () => {
    await until('found', async () => (await north.admin.call('find', { capabilities: ['travel'] })).hits.length === 1)
    const [found] = await hansa.json<{ hits: Hit[]; complete: boolean }>('find', '--home', NORTH, '--capability', 'travel')
    assert.deepEqual(
      found?.hits.map(({ handle, status, address }) => [handle, status, address.gateway, address.spiffeId]),
      [[HOTEL, 'online', true, SOUTH_GW]]
    )
    assert.equal(found.complete, true)
    const text = await hansa.text('find', '--home', NORTH, '--capability', 'travel')
    assert.match(text, /^AGENT +STATUS +CAPABILITIES +LANGUAGES +VIA +DESCRIPTION\n/)
    assert.match(text, /hotel@south\.example +online +.*travel\/hotel.* +en +spiffe:\/\/south\.example\/aca\/hub/)
    assert.match(text, /the answer is complete\n$/)
  })

  it('call prints the answer and the way it took', async () => {
    const text = await hansa.text('call', '--home', NORTH, HOTEL, '2')
    assert.match(text, /^0 \n1 \n/)
    assert.match(text, /hotel@south\.example in [\d.]+ m?s via spiffe:\/\/north.*spiffe:\/\/south.*; encrypted hop by hop\n$/)
    const events = await hansa.json('call', '--home', NORTH, HOTEL, '2')
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['response', 'end']
    )
    assert.equal(events[0]?.['text'], '0 \n1 ')
  })

  it('call --stream prints pieces as they come', async () => {
    const events = await hansa.json<{ kind: string; text: string; state?: string; hops: { gateway: string }[] }>(
      'call',
      '--home',
      NORTH,
      HOTEL,
      '3',
      '--stream'
    )
    const texts = events.filter(({ kind, text }) => kind === 'response' && text !== '').map(({ text }) => text)
    assert.deepEqual(texts.slice(-3), ['0 ', '1 ', '2 '])
    assert.equal(events.findLast(({ kind }) => kind === 'response')?.state, 'TASK_STATE_COMPLETED')
    assert.deepEqual(
      events
        .at(-1)
        ?.hops.slice(0, 2)
        .map(({ gateway }) => gateway),
      [NORTH_GW, SOUTH_GW]
    )
  })

  it('resolve shows the signed record and what was verified', async () => {
    const [resolved] = await hansa.json<{ agent: { handle: string; ars: string }; verified: string[] }>('resolve', '--home', NORTH, HOTEL)
    assert.equal(resolved?.agent.handle, HOTEL)
    assert.equal(resolved.agent.ars, SOUTH_GW)
    assert.ok(resolved.verified.length >= 2, JSON.stringify(resolved.verified))
    const text = await hansa.text('resolve', '--home', NORTH, HOTEL)
    assert.match(text, /^agent +hotel@south\.example\n/)
    assert.match(text, /\nverified +/)
  })

  it('gw trace prints each hop with its time', async () => {
    const text = await hansa.text('gw', 'trace', '--home', NORTH, HOTEL)
    const hops = text.trimEnd().split('\n').slice(1, -1)
    assert.deepEqual(
      hops.slice(0, 2).map((line) => line.split(/ +/).slice(0, 2)),
      [
        ['1', NORTH_GW],
        ['2', SOUTH_GW]
      ]
    )
    for (const hop of hops) assert.match(hop, /[\d.]+ m?s$/)
  })

  it('the card of the agent is at the HTTP door of the first gateway', async () => {
    const response = await fetch(`${north.run.ingress}/agents/${HOTEL}/.well-known/agent-card.json`)
    assert.equal(response.status, 200)
    const body = (await response.json()) as { name: string; supportedInterfaces: { url: string }[] }
    assert.equal(body.name, 'Counter')
    const { host } = new URL(north.run.ingress ?? '')
    const mqtt = `mqtt://${host}/${HOTEL.split('@').reverse().join('/agent/')}`
    assert.ok(body.supportedInterfaces.every(({ url }) => url === host || url === mqtt || url.startsWith(`http://${host}/agents/`)))
    assert.ok([host, mqtt].every((one) => body.supportedInterfaces.some(({ url }) => url === one)))
  })

  it('SIGTERM ends each with exit code 0', async () => {
    for (const node of [agent, south, north]) {
      const { code, stderr } = await hansa.kill(node, 'SIGTERM')
      assert.equal(code, 0, stderr)
    }
    assert.equal(documents(agent.stderr()).filter(({ level }) => Number(level) >= 50).length, 0)
  })
})
