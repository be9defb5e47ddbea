import assert from 'node:assert/strict'
import { createAgentClient } from '../../src/node/agent-clients.ts'
import type { ServedAgent } from '../../src/cli/demo/agents/serve-agent.ts'
import { createNode } from '../../src/node/create-node.ts'
import type { HansaNode } from '../../src/node/hansa-node.ts'
import { foundDomains, type Founded } from '../support/domains.ts'
import { HansaProcesses, interconnect, type NodeProcess } from '../support/hansa-process.ts'
import { sdkAgents } from '../support/sdk-agent.ts'
import { until } from '../support/until.ts'

/** Settings of the nodes in this process: they dial, and listen on loopback. */
const CLIENT = { HANSA_SWARM_LISTEN: '/ip4/127.0.0.1/tcp/0', HANSA_LOG_LEVEL: 'silent' }
const AGENTS = 6

describe('kill -9 of the authority and directory while registrations are acknowledged', function () {
  this.timeout(60_000)
  let hansa: HansaProcesses
  let echo: ServedAgent
  const nodes: HansaNode[] = []

  before(async () => {
    hansa = new HansaProcesses()
    echo = await sdkAgents.echo()
  })
  after(async () => {
    await Promise.all(nodes.map((node) => node.stop()))
    await echo.close()
    await hansa.end()
  })

  it('loses no registration, certificate or revocation that was acknowledged', async () => {
    let hub = await hansa.node(await hansa.init('north', { domain: 'north.example', roles: ['aca', 'ars'] }))
    const homes: string[] = []
    for (let index = 0; index < AGENTS; index++) homes.push(await hansa.join(hub, ['agent'], `agent${index}`))
    const revokedHome = await hansa.join(hub, ['agent'], 'revoked')
    const { revoked } = await hub.admin.call('revoke', { certificate: 'revoked@north.example', reason: 'keyCompromise' })
    assert.ok(revokedHome !== '' && revoked.length === 1)

    // Agents register one after the other, then update for as long as anybody answers; each acknowledgement is noted with its sequence.
    const acknowledged = new Map<string, bigint>()
    for (const home of homes) {
      const node = await createNode({ home, env: CLIENT, agent: { client: await createAgentClient(echo.card), config: {} } })
      nodes.push(node)
      await node.start()
    }
    const watch = setInterval(() => {
      for (const node of nodes) {
        const record = node.agent?.state().registered?.record
        if (record !== undefined) acknowledged.set(record.handle, record.sequence)
      }
    }, 1)
    await until('half of them are registered', () => acknowledged.size >= AGENTS / 2, 20_000)
    await hansa.kill(hub, 'SIGKILL')
    clearInterval(watch)
    for (const node of nodes) {
      const record = node.agent?.state().registered?.record
      if (record !== undefined) acknowledged.set(record.handle, record.sequence)
    }
    await Promise.all(nodes.splice(0).map((node) => node.stop()))

    // Nobody is left who could register again: what is there now was on disk.
    hub = await hansa.node(hub.home)
    const { agents } = await hub.admin.call('agents', {})
    for (const [handle, sequence] of acknowledged) {
      const kept = agents.find((agent) => agent.handle === handle)
      assert.ok(kept !== undefined, `${handle} was acknowledged and is lost`)
      assert.ok(BigInt(kept.sequence) >= sequence, `${handle} has an older record than was acknowledged`)
    }
    const { certificates } = await hub.admin.call('certificates', {})
    for (let index = 0; index < AGENTS; index++)
      assert.ok(certificates.some(({ spiffeId, state }) => spiffeId === `spiffe://north.example/agent/agent${index}` && state === 'good'))
    const crl = await hub.admin.call('crl', {})
    assert.ok(crl.revoked.some(({ serial }) => serial === revoked[0]?.serial))
  })
})

describe('kill -9 of a gateway, and of the node beside an agent', function () {
  this.timeout(60_000)
  this.bail(true)
  let hansa: HansaProcesses
  let echo: ServedAgent
  let founded: { north: Founded; south: Founded }
  let north: NodeProcess
  let south: NodeProcess
  let sidecar: NodeProcess
  const ECHO = 'echo@south.example'

  before(async () => {
    hansa = new HansaProcesses()
    echo = await sdkAgents.echo()
    const [n, s] = await foundDomains(hansa, 'north.example', 'south.example')
    assert.ok(n !== undefined && s !== undefined)
    founded = { north: n, south: s }
    ;[north, south] = await Promise.all([hansa.node(n.home, ['up'], n.trust), hansa.node(s.home, ['up'], s.trust)])
    await interconnect(north, south)
    sidecar = await hansa.agent(await hansa.join(south, ['agent'], 'echo'), echo.card)
  })
  after(async () => {
    await echo.close()
    await hansa.end()
  })

  async function answer(text: string): Promise<string> {
    const [first] = await hansa.json<{ text: string }>('call', '--home', north.home, ECHO, text)
    return first?.text ?? ''
  }

  function routeIs(applicable: boolean): Promise<unknown> {
    return until(
      `the route is ${applicable ? '' : 'not '}applicable`,
      async () => (await north.admin.call('routes', {})).routes.some((route) => route.handle === ECHO && route.applicable === applicable),
      20_000
    )
  }

  it('the gateway: its agent attaches again by itself, its neighbour interconnects again, calls pass again', async () => {
    await routeIs(true)
    assert.equal(await answer('before'), 'before')
    await hansa.kill(south, 'SIGKILL')
    await routeIs(false)
    south = await hansa.node(founded.south.home, ['up'], { ...founded.south.trust, ...south.samePorts })
    await until('attached again', async () => (await south.admin.call('status', {})).attachedAgents === 1, 20_000)
    await routeIs(true)
    assert.equal(await answer('after'), 'after')
  })

  it('the node beside the agent: offline at the other side, and back when it is started again', async () => {
    const killed = performance.now()
    await hansa.kill(sidecar, 'SIGKILL')
    await until(
      'offline at north',
      async () => (await north.admin.call('routes', {})).routes.some(({ handle, status }) => handle === ECHO && status === 'offline'),
      10_000
    )
    assert.ok(performance.now() - killed < 10_000)
    const { code, stderr } = await hansa.run(['call', '--home', north.home, ECHO, 'anybody?'])
    assert.equal(code, 1)
    assert.match(stderr, /\(AGENT_UNREACHABLE\)/)
    sidecar = await hansa.agent(sidecar.home, echo.card)
    await routeIs(true)
    assert.equal(await answer('again'), 'again')
  })
})
