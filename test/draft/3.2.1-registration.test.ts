import assert from 'node:assert/strict'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { HansaNode } from '../../src/node/hansa-node.ts'
import { AgentDescriptionSchema, AgentRecordSchema, AgentStatus } from '../../src/schema/generated/hansa/v1/directory_pb.ts'
import { methods } from '../../src/wire/methods.ts'
import { at, foundWorld, type World } from '../support/draft-world.ts'
import { until } from '../support/until.ts'

type Description = MessageInitShape<typeof AgentDescriptionSchema>

describe('draft 3.2.1 Registration', () => {
  let world: World
  let ars: HansaNode
  /** A node with the role agent that sends what the tests tell it to. */
  let node: HansaNode
  before(async () => {
    world = await foundWorld({ connected: false })
    ars = world.north.founder
    node = await world.net.join(world.north, { name: 'flight', roles: ['agent'] })
  })
  after(() => world.net.stop())

  function describing(self: HansaNode, changed: Description = {}): Description {
    const { spiffeId, peerId, multiaddrs } = self.member.self()
    const facts = { name: 'Flight', description: 'Books flights', capabilities: ['travel/flight-booking'], languages: ['en'], protocols: ['libp2p'] }
    const card = new TextEncoder().encode(JSON.stringify({ name: 'Flight', description: 'Books flights', version: '1.0.0' }))
    return { spiffeId, peerId, multiaddrs, ...facts, card, revision: BigInt(Date.now()), ...changed }
  }

  function register(self: HansaNode, description: Description) {
    return self.rpc.call(at(ars), methods.register, { description: self.records.seal(AgentDescriptionSchema, description) })
  }

  it('if information is missing, the ARS feeds back that the registration failed and what is missing', async () => {
    await assert.rejects(register(node, describing(node, { capabilities: [], languages: [] })), {
      code: 'INCOMPLETE_REGISTRATION',
      metadata: { missing: 'capabilities, languages', at: 'spiffe://north.example/aca/hub' }
    })
    await assert.rejects(node.rpc.call(at(ars), methods.register, {}), (error: { code?: string }) => error.code !== 'INTERNAL')
    assert.equal(ars.ars?.list().length, 0)
  })

  it('if the verification of the identity fails, the ARS feeds back that the registration failed: in the name of another agent', async () => {
    const rival = await world.net.join(world.north, { name: 'rival', roles: ['agent'] })
    await assert.rejects(register(rival, describing(node)), { code: 'PERMISSION_DENIED' })
    const stolen = node.records.seal(AgentDescriptionSchema, describing(node))
    await assert.rejects(rival.rpc.call(at(ars), methods.register, { description: stolen }), { code: 'PERMISSION_DENIED' })
    assert.equal(ars.ars?.list().length, 0)
  })

  it('if the verification of the identity fails, the ARS feeds back that the registration failed: changed after it was signed', async () => {
    const signed = node.records.seal(AgentDescriptionSchema, describing(node))
    const payload = signed.payload.map((byte, index) => (index === signed.payload.length - 1 ? byte ^ 1 : byte))
    await assert.rejects(node.rpc.call(at(ars), methods.register, { description: { ...signed, payload } }), { code: 'SIGNATURE_INVALID' })
    assert.equal(ars.ars?.list().length, 0)
  })

  it('if the verification of the identity fails, the ARS feeds back that the registration failed: of another domain, or no agent', async () => {
    const foreign = await world.net.join(world.south, { name: 'foreign', roles: ['agent'] })
    await assert.rejects(register(foreign, describing(foreign)), (error: { code?: string }) =>
      ['UNKNOWN_DOMAIN', 'PERMISSION_DENIED'].includes(error.code ?? '')
    )
    await assert.rejects(register(world.northGateway, describing(world.northGateway)), { code: 'PERMISSION_DENIED' })
    assert.equal(ars.ars?.list().length, 0)
  })

  it('upon successful verification the ARS creates a profile with capabilities, languages, protocols and address, and answers with the signed registration', async () => {
    const response = await register(node, describing(node))
    assert.ok(response.created && response.record !== undefined)
    const { message, signer } = node.records.open(AgentRecordSchema, response.record)
    assert.deepEqual(
      [signer.spiffeId, message.resourceId, message.handle],
      ['spiffe://north.example/aca/hub', 'urn:air:north.example:agent:flight', 'flight@north.example']
    )
    assert.deepEqual([message.capabilities, message.languages, message.protocols], [['travel/flight-booking'], ['en'], ['libp2p']])
    const [hit] = ars.ars?.list() ?? []
    assert.deepEqual(hit?.address?.node?.multiaddrs, node.network.addresses())
    assert.equal(hit?.status, AgentStatus.UNKNOWN)
  })

  it('the profile has the online status once the agent runs', async () => {
    await world.net.agent(world.north, 'online', { capabilities: ['travel/train'] })
    await until('online', () => ars.ars?.list().some(({ status }) => status === AgentStatus.ONLINE))
  })

  it('an agent must first complete registration before it can be discovered and participate: a gateway does not take it before', async () => {
    const early = await world.net.join(world.north, { name: 'early', roles: ['agent'] })
    const description = early.records.seal(AgentDescriptionSchema, describing(early))
    await assert.rejects(early.rpc.call(at(world.northGateway), methods.attach, { description }), { code: 'INCOMPLETE_REGISTRATION' })
    await assert.rejects(node.swarm.resolve('early'), { code: 'AGENT_NOT_FOUND' })
    await assert.rejects(node.swarm.send('early', 'hello'), { code: 'AGENT_NOT_FOUND' })
  })

  it('a certificate that was revoked registers nobody', async () => {
    const late = await world.net.join(world.north, { name: 'late', roles: ['agent'] })
    const description = late.records.seal(AgentDescriptionSchema, describing(late))
    await ars.aca?.revoke('late', 'keyCompromise')
    await until('the refusal', () =>
      late.rpc.call(at(ars), methods.register, { description }).then(
        () => assert.fail('registered'),
        (error: { code?: string }) => error.code === 'CERTIFICATE_REVOKED'
      )
    )
  })
})
