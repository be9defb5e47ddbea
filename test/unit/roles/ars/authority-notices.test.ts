import assert from 'node:assert/strict'
import type { DeregisteredNotice } from '../../../../src/schema/generated/hansa/v1/trust_pb.ts'
import { AgentDescriptionSchema } from '../../../../src/schema/generated/hansa/v1/directory_pb.ts'
import { methods } from '../../../../src/wire/methods.ts'
import { describe as description, type ServerNode, type SwarmNode, TestSwarm } from './test-swarm.ts'

const NORTH = 'north.example'
const MINUTE = 60_000

describe('roles/ars: the ACA hears of the end of a registration (draft 2.2)', () => {
  let swarm: TestSwarm
  let server: ServerNode
  let flight: SwarmNode
  let told: DeregisteredNotice[]
  let authority: SwarmNode

  beforeEach(async () => {
    swarm = new TestSwarm()
    server = await swarm.server(NORTH, 'ars1')
    flight = await swarm.node(NORTH, 'flight', ['agent'])
    authority = await swarm.node(NORTH, 'aca1', ['aca'])
    told = []
    authority.rpc.handle(methods.deregistered, (notice) => {
      told.push(notice)
      return {}
    })
    await server.ars.start()
  })
  afterEach(() => server.ars.stop())

  async function register(): Promise<void> {
    await swarm.clock.advance(1)
    const signed = flight.records.seal(AgentDescriptionSchema, description(flight, swarm.clock))
    await flight.rpc.call({ peer: server.info.peerId }, methods.register, { description: signed })
  }
  const leave = () => flight.rpc.call({ peer: server.info.peerId }, methods.deregister, { resourceId: `urn:air:${NORTH}:agent:flight` })
  const seen = () => told.map(({ agent, peer, barred }) => [agent, peer, barred])

  it('when the agent leaves, and when the operator ends it', async () => {
    await register()
    const at = swarm.clock.now()
    await leave()
    await swarm.clock.settle()
    assert.deepEqual(seen(), [], 'not before the agent has its answer, which the revocation would cut off')
    await swarm.clock.advance(1000)
    assert.deepEqual(seen(), [[`spiffe://${NORTH}/agent/flight`, flight.info.peerId, false]])
    assert.equal(Number(told[0]?.at), at)
    await register()
    await server.ars.deregister('flight')
    await swarm.clock.advance(1000)
    assert.deepEqual(seen()[1], [`spiffe://${NORTH}/agent/flight`, flight.info.peerId, true])
    await swarm.clock.advance(5 * MINUTE)
    assert.equal(told.length, 2, 'what was heard is not said again')
  })

  it('as soon as it is back when it was away, and again after a restart of the server', async () => {
    swarm.down.add(authority.info.peerId)
    await register()
    await leave()
    await swarm.clock.advance(3 * MINUTE)
    assert.equal(told.length, 0)
    swarm.down.delete(authority.info.peerId)
    await swarm.clock.advance(2 * MINUTE)
    assert.equal(told.length, 1)
    await server.ars.stop()
    const again = await swarm.server(NORTH, 'ars1b', { database: server.database })
    await again.ars.start()
    await swarm.clock.settle()
    assert.equal(told.length, 2)
    await again.ars.stop()
  })

  it('hears nothing of an agent that is back', async () => {
    swarm.down.add(authority.info.peerId)
    await register()
    await leave()
    await swarm.clock.settle()
    await register()
    swarm.down.delete(authority.info.peerId)
    await swarm.clock.advance(2 * MINUTE)
    assert.deepEqual(told, [])
  })
})
