import assert from 'node:assert/strict'
import { join } from 'node:path'
import { createHandlerClient } from '../../../src/adapters/inprocess-agent/handler-client.ts'
import { createNode } from '../../../src/node/create-node.ts'
import type { HansaNode } from '../../../src/node/hansa-node.ts'
import { joinHome } from '../../../src/node/join-home.ts'
import { createTestnet, type TestAgent, type TestDomain, type Testnet } from '../../../src/node/testnet.ts'
import { until } from '../../support/until.ts'

const ENV = { HANSA_SWARM_LISTEN: '/ip4/127.0.0.1/tcp/0', HANSA_LOG_LEVEL: 'silent', HANSA_METRICS_PROCESS: 'false' }

describe("an operator's deregistration on real nodes (draft 3.2.2)", () => {
  let net: Testnet
  let north: TestDomain
  let flight: TestAgent
  let back: HansaNode | undefined
  before(async () => {
    net = await createTestnet()
    north = await net.domain('north.example', [
      { name: 'hub', roles: ['aca', 'ars'] },
      { name: 'gw', roles: ['agw'] }
    ])
    flight = await net.agent(north, 'flight', { capabilities: ['travel'] })
  })
  after(async () => {
    await back?.stop()
    await net.stop()
  })

  const attached = () => north.node('gw').agw?.attachments() ?? []
  const find = async () => (await flight.node.swarm.find({ capabilities: ['travel'] }, {})).agents.length

  it('an agent asks its gateway, which asks the ARS', async () => {
    await until('it finds itself', async () => (await find()) === 1)
    const { via, asked } = await flight.node.swarm.find({ capabilities: ['travel'] }, {})
    assert.deepEqual([via, asked[0]?.ars], ['spiffe://north.example/agw/gw', 'spiffe://north.example/aca/hub'])
  })

  it('ends the registration and the attachment at once, and the agent does not come back by itself', async () => {
    await north.founder.desk.deregister('flight')
    await until('the gateway lets it go', () => attached().length === 0, 2_000)
    await until('it knows why', () => flight.node.agent?.state().problem?.code === 'PERMISSION_DENIED', 20_000)
    assert.match(flight.node.agent?.state().problem?.message ?? '', /operator of north\.example deregistered flight@north\.example/)
    assert.deepEqual([attached().length, await find(), flight.node.agent?.state().attached], [0, 0, undefined])
  }).timeout(30_000)

  it('is taken back by a new invite, with another key', async () => {
    const { invite } = await north.founder.desk.invite({ roles: ['agent'], name: 'flight', ttlMs: 60_000, uses: 1, replace: true })
    const home = join(net.dir, 'flight again')
    await joinHome({ home, invite, signal: AbortSignal.timeout(10_000) })
    const client = createHandlerClient(() => 'back', { card: { name: 'flight', description: 'again' } })
    back = await createNode({ home, env: ENV, agent: { client, config: { capabilities: ['travel'] } } })
    await back.start()
    await back.agent?.ready(AbortSignal.timeout(10_000))
    const [agent] = attached()
    assert.equal(agent?.peer, back.network.peer)
  }).timeout(30_000)
})
