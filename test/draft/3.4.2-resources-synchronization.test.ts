import assert from 'node:assert/strict'
import type { HansaNode } from '../../src/node/hansa-node.ts'
import { SyncEntrySchema } from '../../src/schema/generated/hansa/v1/gateway_pb.ts'
import { methods } from '../../src/wire/methods.ts'
import { applicable, at, foundWorld, type World } from '../support/draft-world.ts'
import { until } from '../support/until.ts'

describe('draft 3.4.2 Resources Synchronization', () => {
  let world: World
  before(async () => {
    world = await foundWorld({ connected: false })
    await Promise.all([
      world.net.agent(world.north, 'flight', { capabilities: ['travel/flight-booking'], languages: ['en', 'zh-Hans'] }),
      world.net.agent(world.south, 'hotel', { capabilities: ['travel/hotel-booking'], languages: ['sv'] })
    ])
  })
  after(() => world.net.stop())

  function advert(gateway: HansaNode, handle: string) {
    return gateway.agw?.routes().find((route) => route.advert.handle === handle)?.advert
  }

  it('synchronizes nothing with a gateway that is not interconnected or not believed', async () => {
    const { northGateway, southGateway } = world
    await assert.rejects(southGateway.rpc.call(at(northGateway), methods.sync, {}), { code: 'UNKNOWN_DOMAIN' })
    assert.deepEqual([applicable(northGateway), applicable(southGateway)], [['flight@north.example'], ['hotel@south.example']])
  })

  it('takes place whenever a new AGw peer is established: agent ID, capabilities, protocols and languages', async () => {
    const { net, northGateway, southGateway } = world
    await net.interconnect(northGateway, southGateway)
    const hotel = await until('hotel in north', () => advert(northGateway, 'hotel@south.example'))
    assert.deepEqual(
      [hotel.resourceId, hotel.spiffeId, hotel.capabilities, hotel.protocols, hotel.languages],
      ['urn:air:south.example:agent:hotel', 'spiffe://south.example/agent/hotel', ['travel/hotel-booking'], ['libp2p'], ['sv']]
    )
    const flight = await until('flight in south', () => advert(southGateway, 'flight@north.example'))
    assert.deepEqual(flight.languages, ['en', 'zh-Hans'])
  })

  it('takes place whenever information of registered agents changes: one comes, one goes', async () => {
    const { net, south, northGateway } = world
    const { node } = await net.agent(south, 'visa', { capabilities: ['travel/visa'] })
    await until('it came', () => advert(northGateway, 'visa@south.example'))
    await node.agent?.deregister()
    await until('it went', () => advert(northGateway, 'visa@south.example') === undefined)
    assert.ok(advert(northGateway, 'hotel@south.example'))
  })

  it('reaches gateways that are not neighbours, and one that was away', async () => {
    const { net, south, northGateway } = world
    const second = await net.join(south, { name: 'gw2', roles: ['agw'] })
    await until('north’s agents at gw2, which has no link to north', () => applicable(second).includes('flight@north.example'))
    assert.ok(!second.agw?.neighbors().some(({ id }) => id.includes('north.example')))
    await second.stop()
    await net.agent(world.north, 'train', { capabilities: ['travel/train'] })
    assert.ok(applicable(northGateway).includes('train@north.example'))
    const again = await net.restart(second)
    await until('what it has missed', () => applicable(again).includes('train@north.example'))
  })

  it('takes the word of a gateway for its own agents only: what another one signs for it changes nothing', async () => {
    const { south, northGateway, southGateway } = world
    const second = south.nodes().find((node) => node.home.config.name === 'gw2')
    assert.ok(second !== undefined)
    const origin = northGateway.identities.self()?.spiffeId ?? ''
    const epoch = BigInt(Date.now() + 60_000)
    const gone = (signer: HansaNode) => {
      const value = { case: 'gone' as const, value: { at: BigInt(Date.now()) } }
      const entry = signer.records.seal(SyncEntrySchema, { origin, epoch, version: 1n, key: 'agent/urn:air:north.example:agent:flight', value })
      return southGateway.rpc.call(at(second), methods.syncPush, { deltas: [{ origin, epoch, from: 0n, to: 1n, reset: true, entries: [entry] }] })
    }
    await gone(southGateway).catch(() => undefined)
    assert.ok(applicable(second).includes('flight@north.example'))
    // The same word of the origin itself counts, whoever passes it on.
    await gone(northGateway)
    await until('gone', () => !applicable(second).includes('flight@north.example'))
  })
})
