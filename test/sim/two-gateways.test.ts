import assert from 'node:assert/strict'
import { AgentStatus } from '../../src/schema/generated/hansa/v1/directory_pb.ts'
import { methods } from '../../src/wire/methods.ts'
import { applicable, codeOf, GatewaySim, type SimGateway, type SimNode } from './gateway-sim.ts'

const NORTH = 'north.example'
const SOUTH = 'south.example'
const FLIGHT = `flight@${SOUTH}`

describe('sim: two gateways in one domain', () => {
  let sim: GatewaySim
  let north: SimGateway
  let first: SimGateway
  let second: SimGateway
  let agent: SimNode
  let ars: SimNode

  beforeEach(async () => {
    sim = new GatewaySim([NORTH, SOUTH])
    north = await sim.gateway('gw', NORTH)
    first = await sim.gateway('gw1', SOUTH)
    second = await sim.gateway('gw2', SOUTH)
    ars = await sim.ars(SOUTH)
    agent = await sim.agent('flight', SOUTH)
    await sim.connect(north, first)
    await sim.connect(north, second)
    await sim.clock.until(() => first.control.routing.isNeighbor(second.identity.spiffeId), 5_000)
  })

  const gatewayOf = (from: SimGateway) => {
    const hop = from.control.routing.nextHop(FLIGHT, [])
    return hop.kind === 'gateway' ? hop.gateway.spiffeId : hop.kind
  }
  const seen = () => applicable(north).includes(FLIGHT)

  it('moves the route when the gateway dies and the agent attaches at the other', async () => {
    await sim.attach(agent, first, ars)
    await sim.clock.until(seen)
    assert.equal(gatewayOf(north), first.identity.spiffeId)
    await first.stop()
    await sim.clock.until(() => !seen(), 5_000)
    assert.equal(await codeOf(() => north.control.routing.nextHop(FLIGHT, [])), 'NO_ROUTE')
    await sim.attach(agent, second, ars)
    await sim.clock.until(seen)
    assert.equal(gatewayOf(north), second.identity.spiffeId)
    assert.equal(gatewayOf(second), 'local')
  })

  it('keeps an agent that is attached at both reachable without a gap', async () => {
    await sim.attach(agent, first, ars)
    await sim.attach(agent, second, ars)
    await sim.clock.until(() => north.control.routes().filter(({ applicable }) => applicable).length === 2)
    const nearest = gatewayOf(north)
    const [dies, stays] = nearest === first.identity.spiffeId ? [first, second] : [second, first]
    await dies.stop()
    for (let step = 0; step < 100; step++) {
      assert.ok(seen(), `lost after ${step * 100} ms`)
      await sim.clock.advance(100)
    }
    assert.equal(gatewayOf(north), stays.identity.spiffeId)
  })

  it('sends to the gateway where the agent is online, also from the one where it is not', async () => {
    await sim.attach(agent, first, ars)
    await sim.attach(agent, second, ars)
    await sim.heartbeat(agent, first, AgentStatus.OFFLINE)
    await sim.clock.until(() => north.control.routes().filter(({ applicable }) => applicable).length === 1)
    assert.equal(gatewayOf(north), second.identity.spiffeId)
    assert.equal(gatewayOf(first), second.identity.spiffeId)
    await sim.heartbeat(agent, second, AgentStatus.OFFLINE)
    await sim.clock.until(() => !seen())
    for (const gateway of [north, first, second]) assert.equal(await codeOf(() => gateway.control.routing.nextHop(FLIGHT, [])), 'AGENT_UNREACHABLE')
  })

  it('finds everything again when the gateway restarts before or after the ARS, with one route at the end', async () => {
    await sim.attach(agent, first, ars)
    await sim.clock.until(seen)
    await first.stop()
    await ars.stop()
    const again = await sim.gateway('gw1', SOUTH)
    const server = await sim.ars(SOUTH)
    const before = sim.reports.length
    await sim.attach(agent, again, server)
    await sim.clock.until(seen, 60_000)
    assert.equal(north.control.routes().length, 1)
    assert.equal(gatewayOf(north), again.identity.spiffeId)
    await sim.clock.until(() => sim.reports.slice(before).some(({ report }) => report.changes.some(({ status }) => status === AgentStatus.ONLINE)), 10_000)
  })

  it('says and asks nothing once it has stopped, whatever still comes in', async () => {
    await sim.attach(agent, first, ars)
    await sim.clock.until(seen)
    await sim.clock.advance(1_000)
    await sim.clock.run(first.control.stop())
    const reports = sim.reports.length
    const said = () => north.control.digest().find(({ origin }) => origin === first.identity.spiffeId)?.version
    const before = said()
    assert.ok(before !== undefined)
    assert.equal((await sim.heartbeat(agent, first)).attached, false, 'the agent looks for another gateway at once')
    assert.equal(await codeOf(sim.attach(agent, first, ars)), 'OVERLOADED')
    await sim.detach(agent, first)
    await sim.clock.run(north.rpc.call(sim.target(first), methods.sync, { digest: [] }))
    await sim.clock.advance(10_000)
    assert.deepEqual(
      sim.reports.slice(reports).filter(({ gateway }) => gateway === first.identity.spiffeId),
      []
    )
    assert.equal(said(), before)
    assert.equal(north.control.routing.isNeighbor(first.identity.spiffeId), false)
  })
})
