import assert from 'node:assert/strict'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { HansaNode } from '../../src/node/hansa-node.ts'
import { AgentDescriptionSchema, StatusFilter } from '../../src/schema/generated/hansa/v1/directory_pb.ts'
import { methods } from '../../src/wire/methods.ts'
import { at, foundWorld, type World } from '../support/draft-world.ts'
import { until } from '../support/until.ts'

type Description = MessageInitShape<typeof AgentDescriptionSchema>

describe('draft 3.2.2 Information Management', () => {
  let world: World
  let ars: HansaNode
  let node: HansaNode
  let revision = Date.now()
  before(async () => {
    world = await foundWorld()
    ars = world.south.founder
    node = await world.net.join(world.south, { name: 'hotel', roles: ['agent'] })
    await send(node, 'register', { capabilities: ['travel/hotel-booking'] })
  })
  after(() => world.net.stop())

  function send(self: HansaNode, verb: 'register' | 'update', changed: Description) {
    const { spiffeId, peerId, multiaddrs } = self.member.self()
    const facts = { name: 'Hotel', description: 'Books rooms', capabilities: ['travel'], languages: ['en'], protocols: ['libp2p'] }
    const card = new TextEncoder().encode(JSON.stringify({ name: 'Hotel', description: 'Books rooms', version: '1.0.0' }))
    const description = { spiffeId, peerId, multiaddrs, ...facts, card, revision: BigInt(++revision), ...changed }
    return self.rpc.call(at(ars), methods[verb], { description: self.records.seal(AgentDescriptionSchema, description) })
  }

  async function found(from: HansaNode, capability: string): Promise<string[]> {
    const { agents } = await from.swarm.find({ capabilities: [capability], status: StatusFilter.ANY })
    return agents.map(({ record }) => record.handle)
  }

  it('after review the ARS updates the profile: upgraded capabilities are found, those given up are not, in the other domain too', async () => {
    const north = world.northGateway
    await until('found in the other domain', async () => (await found(north, 'travel/hotel-booking')).length === 1)
    const { record } = await ars.swarm.resolve('hotel')
    await send(node, 'update', { capabilities: ['travel/spa'] })
    assert.deepEqual([await found(ars, 'travel/spa'), await found(ars, 'travel/hotel-booking')], [['hotel@south.example'], []])
    await until('news in the other domain', async () => (await found(north, 'travel/spa')).length === 1)
    assert.deepEqual(await found(north, 'travel/hotel-booking'), [])
    assert.ok((await ars.swarm.resolve('hotel')).record.sequence > record.sequence)
  })

  it('a changed communication address is what others are given after the update', async () => {
    const moved = ['/ip4/127.0.0.1/tcp/4999']
    await send(node, 'update', { multiaddrs: moved })
    assert.deepEqual((await ars.swarm.resolve('hotel')).address?.node?.multiaddrs, moved)
  })

  it('review: an update that is older than the profile, or incomplete, changes nothing', async () => {
    const before = (await ars.swarm.resolve('hotel')).record
    await assert.rejects(send(node, 'update', { revision: 1n, capabilities: ['travel/old'] }), { code: 'RECORD_STALE' })
    await assert.rejects(send(node, 'update', { description: '' }), { code: 'INCOMPLETE_REGISTRATION' })
    assert.equal((await ars.swarm.resolve('hotel')).record.sequence, before.sequence)
  })

  it('review: nobody updates the profile of another agent, or one that does not exist', async () => {
    const rival = await world.net.join(world.south, { name: 'rival', roles: ['agent'] })
    await assert.rejects(send(rival, 'register', { spiffeId: node.member.self().spiffeId }), { code: 'PERMISSION_DENIED' })
    await assert.rejects(send(rival, 'update', {}), { code: 'AGENT_NOT_FOUND' })
    assert.deepEqual(await found(ars, 'travel/hotel-booking'), [])
  })

  it('nobody deregisters another agent', async () => {
    const thief = await world.net.join(world.south, { name: 'thief', roles: ['agent'] })
    const request = { resourceId: 'urn:air:south.example:agent:hotel' }
    await assert.rejects(thief.rpc.call(at(ars), methods.deregister, request), { code: 'PERMISSION_DENIED' })
    await assert.rejects(world.northGateway.rpc.call(at(ars), methods.deregister, request), { code: 'PERMISSION_DENIED' })
    await assert.rejects(thief.rpc.call(at(ars), methods.deregister, { resourceId: 'urn:air:south.example:agent:thief' }), { code: 'AGENT_NOT_FOUND' })
    assert.equal((await ars.swarm.resolve('hotel')).record.handle, 'hotel@south.example')
  })

  it('upon a deregistration request with the resource ID the ARS takes the agent out of the discoverable pool, also for other domains', async () => {
    const north = world.northGateway
    await send(node, 'update', { capabilities: ['travel/last'] })
    await until('found in the other domain', async () => (await found(north, 'travel/last')).length === 1)
    const { record } = await node.rpc.call(at(ars), methods.deregister, { resourceId: 'urn:air:south.example:agent:hotel' })
    assert.ok(record !== undefined)
    assert.deepEqual([await found(ars, 'travel/last'), await found(north, 'travel/last')], [[], []])
    await assert.rejects(north.swarm.resolve('hotel@south.example'), { code: 'AGENT_NOT_FOUND' })
  })
})
