import { create, toBinary } from '@bufbuild/protobuf'
import assert from 'node:assert/strict'
import { sha256 } from '../../../../../src/adapters/system/crypto.ts'
import { agentKey } from '../../../../../src/core/sync/entry.ts'
import { AGW_DEFAULTS } from '../../../../../src/roles/agw/config.ts'
import { AgentStatus } from '../../../../../src/schema/generated/hansa/v1/directory_pb.ts'
import { SyncEntrySchema, SyncGossipSchema } from '../../../../../src/schema/generated/hansa/v1/gateway_pb.ts'
import { methods } from '../../../../../src/wire/methods.ts'
import { TOPICS } from '../../../../../src/wire/topics.ts'
import { applicable, codeOf, GatewaySim, type SimGateway, type SimNode } from '../../../../sim/gateway-sim.ts'

const NORTH = 'north.example'
const SOUTH = 'south.example'

describe('roles/agw: gateways among each other (draft 3.4.1 to 3.4.3)', () => {
  let sim: GatewaySim
  let north: SimGateway
  let south: SimGateway

  beforeEach(async () => {
    sim = new GatewaySim([NORTH, SOUTH])
    north = await sim.gateway('gw', NORTH)
    south = await sim.gateway('gw', SOUTH)
  })

  it('puts each into the neighbour list of the other', async () => {
    const neighbor = await sim.connect(north, south)
    assert.equal(neighbor.id, south.identity.spiffeId)
    assert.equal(neighbor.state, 'up')
    assert.deepEqual(neighbor.protocols, ['relay/1', 'sync/1'])
    assert.ok(south.control.routing.isNeighbor(north.identity.spiffeId))
  })

  it('refuses a peer that is no gateway, one of an unlisted domain, and itself', async () => {
    assert.equal(await codeOf(sim.connect(north, await sim.agent('flight', SOUTH))), 'PERMISSION_DENIED')
    const stranger = await sim.gateway('gw', 'stranger.example', { listed: [NORTH, SOUTH, 'stranger.example'] })
    assert.equal(await codeOf(sim.connect(north, stranger)), 'UNKNOWN_DOMAIN')
    assert.notEqual(await codeOf(sim.connect(stranger, north)), 'no error')
    assert.deepEqual(north.control.neighbors(), [])
    assert.notEqual(await codeOf(sim.connect(north, north)), 'no error')
  })

  it('refuses when no protocol version is common', async () => {
    const old = await sim.gateway('old', SOUTH, { config: { protocols: ['relay/0', 'sync/1'] } })
    assert.equal(await codeOf(sim.connect(old, north)), 'PROTOCOL_VERSION')
    assert.equal(north.control.routing.isNeighbor(old.identity.spiffeId), false)
  })

  it('refuses a request that speaks of another gateway than the certificate', async () => {
    const call = south.rpc.call(sim.target(north), methods.connect, {
      gateway: { ...south.info, spiffeId: `spiffe://${SOUTH}/agw/other` },
      protocols: ['relay/1', 'sync/1']
    })
    assert.equal(await codeOf(sim.clock.run(call)), 'PERMISSION_DENIED')
  })

  it('leaves places for others when the gateways of one domain come in numbers; its own and those it wants are not counted', async () => {
    const small = await sim.gateway('small', NORTH, { config: { bounds: { ...AGW_DEFAULTS.bounds, neighbors: 16 } } })
    const outcomes: string[] = []
    for (const name of ['a', 'b', 'c']) outcomes.push(await codeOf(sim.connect(await sim.gateway(name, SOUTH), small)))
    assert.deepEqual(outcomes, ['no error', 'no error', 'OVERLOADED'])
    assert.equal(await codeOf(sim.connect(small, south)), 'no error', 'who is dialled on purpose')
    for (const name of ['d', 'e', 'f']) assert.equal(await codeOf(sim.connect(await sim.gateway(name, NORTH), small)), 'no error')
  })

  describe('with the fingerprint of the root', () => {
    const root = Buffer.from('root of the east')
    let east: SimNode

    beforeEach(async () => {
      east = await sim.gateway('gw', 'east.example', { listed: [NORTH] })
      east.rpc.handle(methods.bundle, () => ({ bundle: { domain: 'east.example', sequence: 1n, roots: [root] } }))
    })

    it('lists the domain and interconnects', async () => {
      const fingerprint = `SHA256:${Buffer.from(sha256(root)).toString('hex')}`
      const neighbor = await sim.connect(north, east, fingerprint)
      assert.equal(neighbor.state, 'up')
    })

    it('refuses another root, and lists nothing', async () => {
      assert.equal(await codeOf(sim.connect(north, east, '0'.repeat(64))), 'UNKNOWN_DOMAIN')
      assert.equal(north.identities.listed.has('east.example'), false)
      assert.equal(await codeOf(sim.connect(north, east, 'deadbeef')), 'INVALID_ARGUMENT')
    })
  })

  it('marks a killed neighbour offline within a second and its agents inapplicable, and dials it again', async () => {
    const ars = await sim.ars(SOUTH)
    await sim.attach(await sim.agent('flight', SOUTH), south, ars)
    await sim.connect(north, south)
    await sim.clock.until(() => applicable(north).length === 1, 1_000)
    await south.stop()
    await sim.clock.until(() => north.control.neighbors()[0]?.state === 'offline', 1_000)
    assert.deepEqual(applicable(north), [])
    assert.equal(north.control.routes().length, 1)
    const again = await sim.gateway('gw', SOUTH)
    await sim.clock.until(() => north.control.routing.isNeighbor(again.identity.spiffeId), 5_000)
  })

  it('notices a silent neighbour by its heartbeats', async () => {
    await sim.connect(north, south)
    await sim.clock.advance(30_000)
    sim.swarm.stall(north.peer, south.peer)
    await sim.clock.advance(45_000)
    assert.ok(north.control.routing.isNeighbor(south.identity.spiffeId))
    await sim.clock.until(() => !north.control.routing.isNeighbor(south.identity.spiffeId), 60_000, 1_000)
  })

  it('uses no connection again on which a neighbour has fallen silent', async () => {
    await sim.connect(north, south)
    const connected = () => north.transport.network.peers().some(({ peer }) => peer === south.peer)
    assert.ok(connected())
    sim.swarm.stall(north.peer, south.peer)
    await sim.clock.until(() => !north.control.routing.isNeighbor(south.identity.spiffeId), 120_000, 1_000)
    assert.equal(connected(), false)
    sim.swarm.heal(north.peer, south.peer)
    await sim.clock.until(() => north.control.routing.isNeighbor(south.identity.spiffeId), 60_000, 1_000)
    assert.ok(connected())
  })

  it('dials configured neighbours and those an operator connected before a restart', async () => {
    const configured = await sim.gateway('conf', NORTH, { config: { neighbors: [sim.address(south)] } })
    await sim.clock.until(() => configured.control.routing.isNeighbor(south.identity.spiffeId), 2_000)
    await sim.connect(north, south)
    await north.stop()
    const again = await sim.gateway('gw', NORTH)
    await sim.clock.until(() => again.control.routing.isNeighbor(south.identity.spiffeId), 2_000)
  })

  it('interconnects gateways of one domain by itself, but not after they were taken apart', async () => {
    const second = await sim.gateway('second', NORTH)
    await sim.clock.until(() => north.control.routing.isNeighbor(second.identity.spiffeId), 3_000)
    await sim.clock.run(north.control.disconnect(second.identity.spiffeId))
    await sim.clock.advance(120_000)
    assert.equal(north.control.routing.isNeighbor(second.identity.spiffeId), false)
    assert.equal(await codeOf(sim.clock.run(north.control.disconnect(second.identity.spiffeId))), 'NEIGHBOR_NOT_FOUND')
  })

  it('drops a neighbour whose certificate is revoked, with its agents', async () => {
    await sim.attach(await sim.agent('flight', SOUTH), south, await sim.ars(SOUTH))
    await sim.connect(north, south)
    await sim.clock.until(() => applicable(north).length === 1, 1_000)
    north.identities.revoke(south.identity.serial)
    await sim.clock.advance(100)
    assert.deepEqual(north.control.neighbors(), [])
    assert.deepEqual(north.control.routes(), [])
  })

  describe('gossip', () => {
    const entry = (origin: string, resourceId: string, handle: string, spiffeId: string) => ({
      origin,
      epoch: 1n,
      version: 1n,
      key: agentKey(resourceId),
      value: { case: 'agent' as const, value: { resourceId, handle, spiffeId, status: AgentStatus.ONLINE } }
    })

    async function publish(from: SimNode, signer: SimNode, what: Parameters<typeof create<typeof SyncEntrySchema>>[1] & { origin: string }): Promise<void> {
      const record = signer.records.seal(SyncEntrySchema, what)
      const delta = { origin: what.origin, epoch: 1n, from: 0n, to: 1n, entries: [record] }
      await from.transport.pubsub.publish(TOPICS.sync, toBinary(SyncGossipSchema, create(SyncGossipSchema, { deltas: [delta] })))
      await sim.clock.advance(100)
    }

    const urn = (domain: string) => `urn:air:${domain}:agent:flight`
    let rogue: SimNode

    beforeEach(async () => {
      rogue = await sim.node('rogue', SOUTH, ['agw'])
      await sim.clock.run(rogue.transport.network.dial(sim.address(north)))
    })

    const believed = () => north.control.digest().some(({ origin }) => origin === rogue.identity.spiffeId) || north.control.routes().length > 0

    it('believes a gateway about agents of its own domain', async () => {
      await publish(rogue, rogue, entry(rogue.identity.spiffeId, urn(SOUTH), `flight@${SOUTH}`, `spiffe://${SOUTH}/agent/flight`))
      assert.ok(believed())
    })

    it('believes no gateway about agents of another domain, nor names that do not fit', async () => {
      await publish(rogue, rogue, entry(rogue.identity.spiffeId, urn(NORTH), `flight@${NORTH}`, `spiffe://${NORTH}/agent/flight`))
      await publish(rogue, rogue, entry(rogue.identity.spiffeId, urn(SOUTH), `flight@${NORTH}`, `spiffe://${SOUTH}/agent/flight`))
      assert.equal(believed(), false)
    })

    it('believes nobody about another gateway, and no agent at all', async () => {
      await publish(rogue, rogue, entry(south.identity.spiffeId, urn(SOUTH), `flight@${SOUTH}`, `spiffe://${SOUTH}/agent/flight`))
      const agent = await sim.agent('flight', SOUTH)
      await publish(rogue, agent, entry(agent.identity.spiffeId, urn(SOUTH), `flight@${SOUTH}`, `spiffe://${SOUTH}/agent/flight`))
      assert.equal(believed(), false)
      assert.deepEqual(
        north.control.digest().map(({ origin }) => origin),
        [north.identity.spiffeId]
      )
    })

    it('outlives bytes that are no gossip', async () => {
      await rogue.transport.pubsub.publish(TOPICS.sync, Uint8Array.of(255, 255, 255, 255, 1))
      await sim.clock.advance(100)
      await sim.connect(north, south)
      assert.ok(north.control.routing.isNeighbor(south.identity.spiffeId))
    })
  })
})
