import assert from 'node:assert/strict'
import { AgentStatus, StatusFilter } from '../../src/schema/generated/hansa/v1/directory_pb.ts'
import { methods } from '../../src/wire/methods.ts'
import { foundWorld, type World } from '../support/draft-world.ts'
import { until } from '../support/until.ts'

describe('draft 2.3 Agent Registration Server', () => {
  let world: World
  before(async () => (world = await foundWorld()))
  after(() => world.net.stop())

  it('upon passed verification generates a unique resource ID and records the agent in the Agent Database', async () => {
    const { net, south } = world
    const hotel = await net.agent(south, 'hotel', { capabilities: ['travel/hotel-booking'], languages: ['en', 'sv'], description: 'Books rooms' })
    const visa = await net.agent(south, 'visa', { capabilities: ['travel/visa'] })
    const [first, second] = [hotel, visa].map(({ node }) => node.agent?.state().registered?.record)
    assert.equal(first?.resourceId, 'urn:air:south.example:agent:hotel')
    assert.notEqual(first?.resourceId, second?.resourceId)
    const { record } = await south.founder.swarm.resolve('hotel')
    assert.deepEqual(
      [record.capabilities, record.languages, record.protocols, record.description],
      [['travel/hotel-booking'], ['en', 'sv'], ['libp2p'], 'Books rooms']
    )
  })

  it('registers nobody whose verification fails: only agents of its own domain', async () => {
    const { north, southGateway } = world
    const request = { description: { payload: new Uint8Array(), signature: new Uint8Array(), chain: [], type: '' } }
    const ars = { peer: north.founder.network.peer, addresses: north.founder.network.addresses() }
    await assert.rejects(southGateway.rpc.call(ars, methods.register, request), { code: 'PERMISSION_DENIED' })
    assert.equal(north.founder.ars?.list().length, 0)
  })

  it('manages the full life of a profile: update when the information of an agent changes', async () => {
    const { net, south } = world
    const { node } = await net.agent(south, 'growing', { capabilities: ['travel/taxi'] })
    const before = node.agent?.state().registered?.record.sequence ?? 0n
    await node.member.renew()
    const record = await until('a newer record', async () => {
      const { record } = await south.founder.swarm.resolve('growing')
      return record.sequence > before && record
    })
    assert.deepEqual(record.capabilities, ['travel/taxi'])
  })

  it('manages the full life of a profile: delete when an agent is discarded', async () => {
    const { net, south } = world
    const { node, handle } = await net.agent(south, 'discarded', { capabilities: ['travel/boat'] })
    await until('it is found', async () => (await south.founder.swarm.find({ capabilities: ['travel/boat'] })).agents[0]?.record.handle === handle)
    await node.agent?.deregister()
    assert.deepEqual((await south.founder.swarm.find({ capabilities: ['travel/boat'], status: StatusFilter.ANY })).agents, [])
    await assert.rejects(south.founder.swarm.resolve(handle), { code: 'AGENT_NOT_FOUND' })
  })

  it('filters out matching target agents for a capability request and returns them, from its own database and that of other servers', async () => {
    const { net, north, south } = world
    await net.agent(north, 'flight', { capabilities: ['travel/flight-booking'], languages: ['zh'] })
    await net.agent(south, 'train', { capabilities: ['travel/train'], languages: ['zh'] })
    const asker = await net.agent(north, 'asker', { capabilities: ['ask'] })
    const found = await until('both', async () => {
      const { agents } = await asker.node.swarm.find({ capabilities: ['travel'], language: 'zh', status: StatusFilter.ONLINE })
      return agents.length === 2 && agents
    })
    assert.deepEqual(found.map(({ record }) => record.handle).sort(), ['flight@north.example', 'train@south.example'])
    assert.ok(found.every(({ status }) => status === AgentStatus.ONLINE))
    assert.deepEqual((await asker.node.swarm.find({ capabilities: ['travel'], language: 'fi' })).agents, [])
  })

  it('can be integrated in the gateway: one node with both roles serves both', async () => {
    const { north } = world
    const hub = north.founder
    assert.ok(hub.ars !== undefined && hub.agw !== undefined)
    assert.ok((await hub.swarm.find({ capabilities: ['ask'] })).agents.length === 1)
    assert.ok(hub.agw.attachments().some(({ handle }) => handle === 'asker@north.example'))
  })
})
