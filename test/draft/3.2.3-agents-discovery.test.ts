import assert from 'node:assert/strict'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { HansaNode } from '../../src/node/hansa-node.ts'
import { createHandlerClient } from '../../src/adapters/inprocess-agent/handler-client.ts'
import { type DiscoverRequestSchema, StatusFilter } from '../../src/schema/generated/hansa/v1/directory_pb.ts'
import { foundWorld, type World } from '../support/draft-world.ts'
import { until } from '../support/until.ts'

describe('draft 3.2.3 Agents Discovery', () => {
  let world: World
  let asker: HansaNode
  let asleep = false
  before(async () => {
    world = await foundWorld()
    const { net, north, south } = world
    const sleeper = createHandlerClient(() => 'zzz', { card: { name: 'Sleeper', description: 'Sleeps at times' } })
    const [made] = await Promise.all([
      net.agent(north, 'asker', { capabilities: ['ask'] }),
      net.agent(north, 'flight', { capabilities: ['travel/flight-booking'], languages: ['en', 'zh-Hans'], description: 'Books flights to Lisbon' }),
      net.agent(south, 'hotel', { capabilities: ['travel/hotel-booking'], languages: ['en'], description: 'Books rooms' }),
      net.agent(south, 'visa', { capabilities: ['travel/visa'], languages: ['zh-Hans'], description: 'Arranges visas' }),
      net.agent(south, 'sleeper', { capabilities: ['rest'], client: { ...bound(sleeper), probe: async () => !asleep } })
    ])
    asker = made.node
    await until('all are online', async () => (await find({}, asker)).length === 5)
  })
  after(() => world.net.stop())

  async function find(request: MessageInitShape<typeof DiscoverRequestSchema>, from = asker): Promise<string[]> {
    const { agents } = await from.swarm.find(request)
    return agents.map(({ record }) => record.handle).sort()
  }

  it('filters matching target agents by the capabilities and other requirements of the request', async () => {
    assert.deepEqual(await find({ capabilities: ['travel'] }), ['flight@north.example', 'hotel@south.example', 'visa@south.example'])
    assert.deepEqual(await find({ capabilities: ['travel/hotel-booking'] }), ['hotel@south.example'])
    assert.deepEqual(await find({ capabilities: ['travel'], language: 'zh-Hans' }), ['flight@north.example', 'visa@south.example'])
    assert.deepEqual(await find({ capabilities: ['travel'], domain: 'south.example' }), ['hotel@south.example', 'visa@south.example'])
    assert.deepEqual(await find({ text: 'lisbon' }), ['flight@north.example'])
    assert.deepEqual(await find({ capabilities: ['travel'], protocol: 'libp2p', text: 'rooms' }), ['hotel@south.example'])
  })

  it('returns nobody who fits only in part, and says that the answer is complete', async () => {
    const { agents, complete, asked } = await asker.swarm.find({ capabilities: ['travel/hotel-booking'], language: 'zh-Hans' })
    assert.deepEqual([agents, complete], [[], true])
    assert.deepEqual(asked.map(({ domain }) => domain).sort(), ['north.example', 'south.example'])
    assert.deepEqual(await find({ capabilities: ['trav'] }), [])
    assert.deepEqual(await find({ capabilities: ['travel'], protocol: 'mqtt' }), [])
  })

  it('gives at most as many as are asked for, and says that there are more', async () => {
    const { agents, complete } = await asker.swarm.find({ capabilities: ['travel'], limit: 2 })
    assert.deepEqual([agents.length, complete], [2, false])
  })

  it('for agents of other domains the returned address is that of a gateway of their domain, never their own', async () => {
    const [hotel] = (await asker.swarm.find({ capabilities: ['travel/hotel-booking'] })).agents
    const { southGateway } = world
    assert.equal(hotel?.address?.gateway, true)
    assert.equal(hotel.address.node?.spiffeId, 'spiffe://south.example/agw/gw')
    assert.equal(hotel.address.node?.peerId, southGateway.network.peer)
    assert.equal(hotel.address.url, `${southGateway.ingress()}/agents/hotel@south.example/jsonrpc`)
    const own = JSON.stringify(
      world.south
        .node('hub')
        .ars?.list()
        .find(({ address }) => address?.gateway === false)?.address?.node?.multiaddrs
    )
    assert.ok(own.length > 10 && !JSON.stringify(hotel.address.node?.multiaddrs).includes(own))
    const resolved = await asker.swarm.resolve('hotel@south.example')
    assert.deepEqual([resolved.address?.gateway, resolved.address?.node?.peerId], [true, southGateway.network.peer])
  })

  it('for agents of the own domain it may be their own address', async () => {
    const [flight] = (await asker.swarm.find({ capabilities: ['travel/flight-booking'] })).agents
    assert.equal(flight?.address?.gateway, false)
    assert.equal(flight.address.node?.spiffeId, 'spiffe://north.example/agent/flight')
  })

  it('returns no agents that are offline unless they are asked for', async () => {
    assert.deepEqual(await find({ capabilities: ['rest'] }), ['sleeper@south.example'])
    asleep = true
    await until('it is gone', async () => (await find({ capabilities: ['rest'], status: StatusFilter.ONLINE })).length === 0)
    assert.deepEqual(await find({ capabilities: ['rest'], status: StatusFilter.ANY }), ['sleeper@south.example'])
  })

  it('refuses requests that are none, and domains that are not listed', async () => {
    await assert.rejects(find({ capabilities: ['Travel Booking'] }), { code: 'INVALID_ARGUMENT' })
    await assert.rejects(find({ limit: 101 }), { code: 'INVALID_ARGUMENT' })
    await assert.rejects(find({ domain: 'west.example' }), { code: 'UNKNOWN_DOMAIN' })
  })
})

/** The methods of a client as an object of its own, so that one can be replaced. */
function bound(client: ReturnType<typeof createHandlerClient>) {
  return { invoke: client.invoke.bind(client), card: client.card.bind(client), probe: client.probe.bind(client) }
}
