import assert from 'node:assert/strict'
import { createHandlerClient } from '../../src/adapters/inprocess-agent/handler-client.ts'
import type { HansaNode } from '../../src/node/hansa-node.ts'
import { AgentStatus } from '../../src/schema/generated/hansa/v1/directory_pb.ts'
import { methods } from '../../src/wire/methods.ts'
import { applicable, at, foundWorld, replyText, type World } from '../support/draft-world.ts'
import { until } from '../support/until.ts'

describe('draft 3.3.1 Status Maintenance of agents', () => {
  let world: World
  let asker: HansaNode
  before(async () => {
    world = await foundWorld()
    asker = (await world.net.agent(world.north, 'asker', { capabilities: ['ask'] })).node
  })
  after(() => world.net.stop())

  function codeOf(handle: string): Promise<string> {
    return asker.swarm.send(handle, 'hello').then(
      ({ response }) => replyText(response),
      (error: { code?: string }) => error.code ?? 'unknown'
    )
  }

  it('an access request makes the agent reachable by agents in other domains: the AGw creates a record and advertises it to other AGws', async () => {
    const { net, south, southGateway, northGateway } = world
    assert.equal(await codeOf('hotel@south.example'), 'AGENT_NOT_FOUND')
    await net.agent(south, 'hotel', { capabilities: ['travel/hotel-booking'], languages: ['sv'] })
    assert.ok(southGateway.agw?.attachments().some(({ handle }) => handle === 'hotel@south.example'))
    const route = await until('advertised', () => northGateway.agw?.routes().find(({ advert }) => advert.handle === 'hotel@south.example'))
    assert.deepEqual([route.origin, route.advert.capabilities, route.advert.languages], ['spiffe://south.example/agw/gw', ['travel/hotel-booking'], ['sv']])
    assert.equal(await codeOf('hotel@south.example'), 'hello')
  })

  it('the AGw reviews the information and verifies the signature; what does not hold gets no record', async () => {
    const { net, south, southGateway } = world
    const registered = (await net.agent(south, 'honest', { capabilities: ['a'] })).node.agent?.state().registered
    assert.ok(registered !== undefined)
    const thief = await net.join(south, { name: 'thief', roles: ['agent'] })
    const attach = (description = registered.description, record = registered.signedRecord) =>
      thief.rpc.call(at(southGateway), methods.attach, { description, record })
    await assert.rejects(attach(), { code: 'PERMISSION_DENIED' })
    const signature = registered.description.signature.map((byte, index) => (index === 0 ? byte ^ 1 : byte))
    await assert.rejects(attach({ ...registered.description, signature }), { code: 'SIGNATURE_INVALID' })
    await assert.rejects(asker.rpc.call(at(southGateway), methods.attach, {}), (error: { code?: string }) =>
      ['PERMISSION_DENIED', 'UNKNOWN_DOMAIN'].includes(error.code ?? '')
    )
    assert.ok(!southGateway.agw?.attachments().some(({ handle }) => handle === 'thief@south.example'))
  })

  it('the agent regularly sends heartbeats with its status: temporarily offline, other AGws learn it and no invalid request is passed on; and back', async () => {
    const { net, south, northGateway } = world
    let well = true
    let calls = 0
    const client = createHandlerClient(() => `call ${++calls}`, { card: { name: 'Moody', description: 'Is well at times' } })
    const moody = { invoke: client.invoke.bind(client), card: client.card.bind(client), probe: async () => well }
    await net.agent(south, 'moody', { capabilities: ['mood'], client: moody })
    await until('applicable', () => applicable(northGateway).includes('moody@south.example'))
    well = false
    await until('offline at the other gateway', () => !applicable(northGateway).includes('moody@south.example'))
    const route = northGateway.agw?.routes().find(({ advert }) => advert.handle === 'moody@south.example')
    assert.equal(route?.advert.status, AgentStatus.OFFLINE)
    assert.equal(await codeOf('moody@south.example'), 'AGENT_UNREACHABLE')
    assert.equal(calls, 0)
    well = true
    await until('back', () => applicable(northGateway).includes('moody@south.example'))
    assert.equal(await codeOf('moody@south.example'), 'call 1')
  })

  it('without a heartbeat for an extended period the AGw marks the agent offline and synchronizes this to other AGws', async () => {
    const { northGateway, southGateway } = world
    const silent = await silentAgent(world, 'silent')
    await until('online', () => applicable(northGateway).includes('silent@south.example'))
    const began = performance.now()
    await until('offline', () => !applicable(northGateway).includes('silent@south.example'))
    // Three heartbeats of 200 ms: not at the first one that is missing.
    assert.ok(performance.now() - began > 200)
    assert.equal(southGateway.agw?.attachments().find(({ handle }) => handle === 'silent@south.example')?.status, AgentStatus.OFFLINE)
    assert.equal(await codeOf('silent@south.example'), 'AGENT_UNREACHABLE')
    // It is kept: a heartbeat brings it back.
    await silent.beat()
    await until('online again', () => applicable(northGateway).includes('silent@south.example'))
  })

  it('nobody beats or leaves for another agent', async () => {
    const { net, south, southGateway } = world
    const rival = await net.join(south, { name: 'rival', roles: ['agent'] })
    const resourceId = 'urn:air:south.example:agent:hotel'
    assert.equal((await rival.rpc.call(at(southGateway), methods.heartbeat, { resourceId, status: AgentStatus.OFFLINE })).attached, false)
    await rival.rpc.call(at(southGateway), methods.detach, { resourceId, reason: 'spite' })
    assert.equal(southGateway.agw?.attachments().find(({ handle }) => handle === 'hotel@south.example')?.status, AgentStatus.ONLINE)
    assert.equal(await codeOf('hotel@south.example'), 'hello')
  })

  it('after a deregistration request the AGw deletes the record of the agent, and other AGws do so, too', async () => {
    const { net, south, southGateway, northGateway } = world
    const { node } = await net.agent(south, 'leaving', { capabilities: ['leave'] })
    await until('advertised', () => applicable(northGateway).includes('leaving@south.example'))
    await node.agent?.deregister()
    assert.ok(!southGateway.agw?.attachments().some(({ handle }) => handle === 'leaving@south.example'))
    await until('deleted', () => !northGateway.agw?.routes().some(({ advert }) => advert.handle === 'leaving@south.example'))
    assert.equal(await codeOf('leaving@south.example'), 'AGENT_NOT_FOUND')
  })
})

/** An agent that attaches and then says nothing, though its node lives on. */
async function silentAgent({ net, south, southGateway }: World, name: string): Promise<{ beat(): Promise<unknown> }> {
  const { node } = await net.agent(south, name, { capabilities: ['silence'] })
  const registered = node.agent?.state().registered
  await node.agent?.stop()
  await node.rpc.call(at(southGateway), methods.attach, { description: registered?.description, record: registered?.signedRecord })
  const resourceId = registered?.record.resourceId ?? ''
  return { beat: () => node.rpc.call(at(southGateway), methods.heartbeat, { resourceId, status: AgentStatus.ONLINE }) }
}
