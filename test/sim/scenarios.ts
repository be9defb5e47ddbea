import assert from 'node:assert/strict'
import { applicable, GatewaySim, type SimGateway } from './gateway-sim.ts'
import { Ring } from './ring.ts'

export interface ScenarioOptions {
  /** Gateways, each of a domain of its own; at least 3. */
  readonly nodes: number
  readonly seed: number
}

/** Returns the sim, whose clock says how much time went by in it; throws what did not hold. */
export type Scenario = (options: ScenarioOptions) => Promise<GatewaySim>

/** Gossip on a bad network. */
const BAD = { delayMs: 5, jitterMs: 30, drop: 0.2, duplicate: 0.1 }

/** Redials come within seconds; a gossip that was the last word of a far gateway is repaired by an exchange in turn. */
const REPAIR_MS = 90_000

/** Changes per gateway and phase. */
const CHANGES = 5

/** Every gateway comes to know the same after a partition with changes on both sides, though gossip is lost, doubled and reordered. */
export const partition: Scenario = async ({ nodes, seed }) => {
  const sim = new GatewaySim(domains(nodes), seed, BAD)
  const ring = await Ring.of(sim)
  await ring.happen(CHANGES * nodes)
  const peers = ring.domains.map(({ gateway }) => gateway.peer)
  const half = Math.ceil(nodes / 2)
  sim.swarm.partition(peers.slice(0, half), peers.slice(half))
  await ring.happen(CHANGES * nodes)
  sim.swarm.healAll()
  await ring.settle(REPAIR_MS)
  return sim
}

/** The same while gateways restart one after the other. */
export const restarts: Scenario = async ({ nodes, seed }) => {
  const sim = new GatewaySim(domains(nodes), seed, BAD)
  const ring = await Ring.of(sim)
  for (let round = 0; round < 3; round++) {
    await ring.happen(CHANGES * nodes)
    await ring.restartOne()
  }
  await ring.settle(REPAIR_MS)
  return sim
}

/** Gateways in a line: the first reaches an agent at the last, not while a link on the way is cut, and again when it is whole. */
export const line: Scenario = async ({ nodes, seed }) => {
  const names = domains(nodes)
  const sim = new GatewaySim(names, seed, BAD)
  const gateways: SimGateway[] = []
  for (const name of names) gateways.push(await sim.gateway('gw', name))
  const [first, last, end = ''] = [gateways[0], gateways.at(-1), names.at(-1)]
  assert.ok(first !== undefined && last !== undefined)
  for (const [index, gateway] of gateways.slice(1).entries()) await sim.connect(gateway, gateways[index] ?? gateway)
  await sim.attach(await sim.agent('flight', end), last, await sim.ars(end))
  const reached = () => applicable(first).includes(`flight@${end}`)
  await sim.clock.until(reached, REPAIR_MS)
  assert.equal(first.control.routing.nextHop(`flight@${end}`, []).kind, 'gateway')
  const cut = 1 + Math.floor(sim.swarm.random() * (nodes - 1))
  sim.swarm.cut(gateways[cut - 1]?.peer ?? '', gateways[cut]?.peer ?? '')
  await sim.clock.until(() => !reached(), REPAIR_MS)
  assert.throws(() => first.control.routing.nextHop(`flight@${end}`, []), { code: 'NO_ROUTE' })
  sim.swarm.healAll()
  await sim.clock.until(reached, REPAIR_MS)
  return sim
}

function domains(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `d${index}.example`)
}
