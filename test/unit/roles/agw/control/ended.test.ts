import assert from 'node:assert/strict'
import { RecordState } from '../../../../../src/schema/generated/hansa/v1/directory_pb.ts'
import { methods } from '../../../../../src/wire/methods.ts'
import { applicable, codeOf, type GatewaySim, type SimGateway, type SimNode } from '../../../../sim/gateway-sim.ts'
import { flightAtHome } from '../../../../sim/flight-at-home.ts'

const NORTH = 'north.example'
const SOUTH = 'south.example'
const FLIGHT = `flight@${NORTH}`

describe('roles/agw: the end of a registration ends the attachment (draft 3.2.2, 3.3.1)', () => {
  let sim: GatewaySim
  let gateway: SimGateway
  let far: SimGateway
  let ars: SimNode
  let agent: SimNode

  beforeEach(async () => {
    ;({ sim, gateway, far, ars, agent } = await flightAtHome(NORTH, SOUTH))
    await sim.attach(agent, gateway, ars, { sequence: 5n })
    await sim.clock.until(() => applicable(far).includes(FLIGHT), 1_000)
  })

  const tombstone = (by: SimNode, change: Parameters<GatewaySim['papers']>[2] = {}) =>
    sim.papers(agent, by, { state: RecordState.DEREGISTERED, sequence: 6n, ...change }).record
  const notice = (from: SimNode, record = tombstone(from)) => codeOf(sim.clock.run(from.rpc.call(sim.target(gateway), methods.agentEnded, { record })))

  it('drops the agent when its ARS says so, everywhere, and takes it back with a new registration only', async () => {
    assert.equal(await notice(ars), 'no error')
    assert.deepEqual(gateway.control.attachments(), [])
    await sim.clock.until(() => far.control.routes().length === 0, 1_000)
    assert.equal((await sim.heartbeat(agent, gateway)).attached, false)
    assert.equal(
      await codeOf(sim.attach(agent, gateway, ars, { sequence: 5n })),
      'AGENT_NOT_FOUND',
      'the old record is good for a day; the registration is not'
    )
    assert.equal(await codeOf(sim.attach(agent, gateway, ars, { sequence: 7n })), 'no error')
  })

  it('learns it from the answer to its report when it could not be told', async () => {
    const restarted = await sim.gateway('gw2', NORTH)
    sim.ended.push(tombstone(ars))
    await sim.attach(agent, restarted, ars, { sequence: 5n })
    await sim.clock.until(() => restarted.control.attachments().length === 0, 1_000)
  })

  it('keeps an agent that registered again after the end', async () => {
    assert.equal(await notice(ars, tombstone(ars, { sequence: 4n })), 'no error')
    assert.deepEqual(applicable(gateway), [FLIGHT])
  })

  it("drops it on the operator's word whatever the clocks of two servers say", async () => {
    assert.equal(await notice(ars, tombstone(ars, { sequence: 4n, barred: true })), 'no error')
    assert.deepEqual(gateway.control.attachments(), [])
  })

  it('believes nobody else: not the agent, a server of another domain, a gateway, nor a record that is no tombstone', async () => {
    const foreign = await sim.node('ars', SOUTH, ['ars'])
    assert.equal(await notice(agent), 'PERMISSION_DENIED')
    assert.equal(await notice(foreign), 'PERMISSION_DENIED')
    for (const record of [tombstone(foreign), tombstone(gateway), tombstone(agent), sim.papers(agent, ars, { sequence: 9n }).record])
      assert.equal(await notice(ars, record), 'SIGNATURE_INVALID')
    sim.ended.push(tombstone(foreign))
    await sim.attach(agent, gateway, ars, { sequence: 5n })
    await sim.clock.advance(5_000)
    assert.deepEqual(applicable(gateway), [FLIGHT])
  })
})
