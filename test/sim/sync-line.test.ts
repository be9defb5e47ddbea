import assert from 'node:assert/strict'
import { applicable, codeOf, digestOf, GatewaySim, type SimGateway, type SimNode } from './gateway-sim.ts'

const NORTH = 'north.example'
const MIDDLE = 'middle.example'
const SOUTH = 'south.example'
const FLIGHT = `flight@${SOUTH}`

describe('sim: three gateways in a line', () => {
  let sim: GatewaySim
  let north: SimGateway
  let middle: SimGateway
  let south: SimGateway
  let agent: SimNode
  let ars: SimNode

  beforeEach(async () => {
    sim = new GatewaySim([NORTH, MIDDLE, SOUTH])
    north = await sim.gateway('gw', NORTH)
    middle = await sim.gateway('gw', MIDDLE)
    south = await sim.gateway('gw', SOUTH)
    ars = await sim.ars(SOUTH)
    agent = await sim.agent('flight', SOUTH)
    await sim.attach(agent, south, ars)
    await sim.connect(north, middle)
    await sim.connect(south, middle)
    await sim.clock.until(() => applicable(north).includes(FLIGHT))
  })

  it('routes through the middle, with the neighbour and the target gateway named', () => {
    const hop = north.control.routing.nextHop(FLIGHT, [])
    assert.equal(hop.kind, 'gateway')
    assert.equal(hop.kind === 'gateway' && hop.gateway.spiffeId, south.identity.spiffeId)
    assert.equal(hop.kind === 'gateway' && hop.via.spiffeId, middle.identity.spiffeId)
    assert.equal(middle.control.routing.nextHop(FLIGHT, [north.identity.spiffeId]).kind, 'gateway')
    assert.equal(south.control.routing.nextHop(FLIGHT, []).kind, 'local')
    assert.equal(digestOf(north), digestOf(south))
  })

  it('refuses to go back the way it came', async () => {
    assert.equal(await codeOf(() => north.control.routing.nextHop(FLIGHT, [middle.identity.spiffeId])), 'NO_ROUTE')
  })

  it('gives NO_ROUTE when the middle is cut, and the route again when it is healed', async () => {
    sim.swarm.cut(middle.peer, south.peer)
    await sim.clock.until(() => !applicable(north).includes(FLIGHT), 10_000)
    assert.equal(await codeOf(() => north.control.routing.nextHop(FLIGHT, [])), 'NO_ROUTE')
    assert.equal(await codeOf(() => north.control.routing.nextHop(`nobody@${SOUTH}`, [])), 'AGENT_NOT_FOUND')
    sim.swarm.healAll()
    await sim.clock.until(() => applicable(north).includes(FLIGHT), 10_000)
  })

  it('gives NO_ROUTE when the middle is killed', async () => {
    await middle.stop()
    await sim.clock.until(() => applicable(north).length === 0, 2_000)
    assert.equal(await codeOf(() => north.control.routing.nextHop(FLIGHT, [])), 'NO_ROUTE')
  })

  it('does not offer what a killed gateway had, from the moment that it is back until its agents are', async () => {
    await south.stop()
    await sim.clock.until(() => applicable(middle).length === 0, 2_000)
    // The exchange is slow, the link is not.
    sim.swarm.faults.delayMs = 50
    const again = await sim.gateway('gw', SOUTH)
    let offered = false
    const back = () => middle.control.routing.isNeighbor(again.identity.spiffeId)
    await sim.clock.until(
      () => {
        offered ||= applicable(middle).includes(FLIGHT)
        return back()
      },
      60_000,
      5
    )
    for (let at = 0; at < 2_000; at += 5) {
      offered ||= applicable(middle).includes(FLIGHT)
      await sim.clock.advance(5)
    }
    assert.equal(offered, false, 'an agent was offered that is not attached')
    await sim.attach(agent, again, ars)
    await sim.clock.until(() => applicable(middle).includes(FLIGHT) && applicable(north).includes(FLIGHT), 10_000)
  })

  it('goes on offering the agents of a gateway whose line was only cut, once it has been asked', async () => {
    sim.swarm.cut(middle.peer, south.peer)
    await sim.clock.until(() => !applicable(middle).includes(FLIGHT), 10_000)
    sim.swarm.healAll()
    await sim.clock.until(() => applicable(middle).includes(FLIGHT), 10_000)
  })

  it('removes the agents of a neighbour that disconnects for good', async () => {
    await sim.clock.run(south.control.disconnect(middle.identity.spiffeId))
    assert.deepEqual(
      middle.control.routes().map(({ advert }) => advert.handle),
      []
    )
    assert.equal(middle.control.routing.isNeighbor(south.identity.spiffeId), false)
    assert.equal(await codeOf(() => middle.control.routing.nextHop(FLIGHT, [])), 'AGENT_NOT_FOUND')
    await sim.clock.advance(120_000)
    assert.equal(middle.control.routing.isNeighbor(south.identity.spiffeId), false)
    assert.deepEqual(applicable(north), [])
  })
})
