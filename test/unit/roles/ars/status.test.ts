import assert from 'node:assert/strict'
import { fromBinary } from '@bufbuild/protobuf'
import { sha256 } from '../../../../src/adapters/system/crypto.ts'
import { agentKey } from '../../../../src/core/dht/keys.ts'
import { SignedRecordSchema } from '../../../../src/schema/generated/hansa/v1/call_pb.ts'
import { AgentDescriptionSchema, AgentRecordSchema, AgentStatus, RecordState, StatusFilter } from '../../../../src/schema/generated/hansa/v1/directory_pb.ts'
import { methods } from '../../../../src/wire/methods.ts'
import { describe as description, type ServerNode, type SwarmNode, TestSwarm } from './test-swarm.ts'

const NORTH = 'north.example'
const MINUTE = 60_000

describe('roles/ars: status and the life of a registration (draft 3.2.2, 3.3.1)', () => {
  let swarm: TestSwarm
  let server: ServerNode
  let gw1: SwarmNode
  let gw2: SwarmNode
  let agents: SwarmNode[]

  beforeEach(async () => {
    swarm = new TestSwarm()
    server = await swarm.server(NORTH, 'ars1', { config: { recordLifetimeMs: 24 * MINUTE } })
    gw1 = await gateway('gw1')
    gw2 = await gateway('gw2')
    await server.ars.start()
    agents = await Promise.all(['a', 'b'].map((name) => swarm.node(NORTH, name, ['agent'])))
    for (const agent of agents) {
      const signed = agent.records.seal(AgentDescriptionSchema, description(agent, swarm.clock))
      await agent.rpc.call({ peer: server.info.peerId }, methods.register, { description: signed })
    }
  })
  afterEach(() => server.ars.stop())

  async function gateway(name: string): Promise<SwarmNode> {
    const node = await swarm.node(NORTH, name, ['agw'])
    node.rpc.handle(methods.ping, ({ payload }) => ({ payload }))
    return node
  }

  const idOf = (name: string) => `urn:air:${NORTH}:agent:${name}`
  const entryOf = (name: string) => {
    const entry = server.database.get(idOf(name))
    assert.ok(entry !== undefined)
    return entry
  }
  const statusOf = (name: string) => entryOf(name).status
  const tell = (from: SwarmNode, changes: [string, AgentStatus][], full = false, at = swarm.clock.now()) =>
    from.rpc.call({ peer: server.info.peerId }, methods.report, {
      full,
      changes: changes.map(([name, status]) => ({ resourceId: idOf(name), status, at: BigInt(at) }))
    })
  const online = async () => (await swarm.clock.run(server.ars.discover({ status: StatusFilter.ONLINE }, NORTH))).hits.length

  const keyOf = (name: string) => agentKey(idOf(name), sha256(server.identities.chain().at(-1) ?? new Uint8Array()), sha256)
  const published = (name: string) => {
    const value = swarm.dht.values.get(keyOf(name))
    return value && fromBinary(AgentRecordSchema, fromBinary(SignedRecordSchema, value).payload)
  }

  it('asks no gateway about agents that have deregistered, and holds nothing of them', async () => {
    await tell(gw1, [['a', AgentStatus.ONLINE]])
    await agents[0]?.rpc.call({ peer: server.info.peerId }, methods.deregister, { resourceId: idOf('a') })
    await tell(gw1, [['a', AgentStatus.OFFLINE]])
    await swarm.clock.advance(30_000)
    const before = swarm.calls.length
    await swarm.clock.advance(60_000)
    assert.deepEqual(
      swarm.calls.slice(before).filter(({ method }) => method === methods.ping.id),
      []
    )
    assert.equal(entryOf('a').gateway, '')
  })

  it('takes transitions from gateways; an agent nobody has reported is not online', async () => {
    assert.equal(await online(), 0)
    await tell(gw1, [['a', AgentStatus.ONLINE]])
    assert.equal(await online(), 1)
    await tell(gw1, [['a', AgentStatus.OFFLINE]])
    assert.equal(await online(), 0)
    assert.equal(statusOf('b'), AgentStatus.UNKNOWN)
  })

  it('marks offline what a full report leaves out, of that gateway only', async () => {
    await tell(gw1, [['a', AgentStatus.ONLINE]])
    await tell(gw2, [['b', AgentStatus.ONLINE]])
    await tell(gw1, [], true)
    assert.equal(statusOf('a'), AgentStatus.OFFLINE)
    assert.equal(statusOf('b'), AgentStatus.ONLINE)
  })

  it('lets an agent move: what its old gateway says late does not count', async () => {
    await tell(gw1, [['a', AgentStatus.ONLINE]])
    await swarm.clock.advance(10)
    await tell(gw2, [['a', AgentStatus.ONLINE]])
    await tell(gw1, [['a', AgentStatus.OFFLINE]])
    await tell(gw1, [], true)
    assert.equal(statusOf('a'), AgentStatus.ONLINE)
    assert.equal(entryOf('a').gateway, gw2.info.spiffeId)
    await tell(gw1, [['a', AgentStatus.ONLINE]], false, swarm.clock.now() - 10)
    assert.equal(entryOf('a').gateway, gw2.info.spiffeId)
  })

  it('ignores agents that are not registered here, and times of the future', async () => {
    await tell(gw1, [['ghost', AgentStatus.ONLINE]])
    assert.equal(server.database.get(idOf('ghost')), undefined)
    await tell(gw1, [['a', AgentStatus.ONLINE]], false, swarm.clock.now() + 60 * MINUTE)
    await swarm.clock.advance(10)
    await tell(gw2, [['a', AgentStatus.ONLINE]])
    assert.equal(entryOf('a').gateway, gw2.info.spiffeId)
  })

  it('refuses reports of anybody but a gateway of the domain', async () => {
    const [agent] = agents
    assert.ok(agent !== undefined)
    await assert.rejects(tell(agent, [['a', AgentStatus.ONLINE]]), { code: 'PERMISSION_DENIED' })
    const foreign = await swarm.node('south.example', 'gw1', ['agw'], { lists: [NORTH] })
    await server.identities.list('south.example', [(await swarm.domain('south.example')).root])
    await assert.rejects(tell(foreign, [['a', AgentStatus.ONLINE]]), { code: 'PERMISSION_DENIED' })
  })

  it('does not count agents of a gateway that is gone as online, until it answers again', async () => {
    await tell(gw1, [['a', AgentStatus.ONLINE]])
    swarm.down.add(gw1.info.peerId)
    await swarm.clock.advance(10_000)
    assert.equal(statusOf('a'), AgentStatus.ONLINE, 'one missed answer is no proof')
    await swarm.clock.advance(10_000)
    assert.equal(statusOf('a'), AgentStatus.UNKNOWN)
    swarm.down.delete(gw1.info.peerId)
    await swarm.clock.advance(10_000)
    assert.equal(statusOf('a'), AgentStatus.ONLINE)
  })

  it('keeps the status over an update, and forgets it at deregistration', async () => {
    const [agent] = agents
    assert.ok(agent !== undefined)
    await tell(gw1, [['a', AgentStatus.ONLINE]])
    await swarm.clock.advance(1)
    const signed = agent.records.seal(AgentDescriptionSchema, description(agent, swarm.clock, { name: 'Other' }))
    await agent.rpc.call({ peer: server.info.peerId }, methods.update, { description: signed })
    assert.equal(statusOf('a'), AgentStatus.ONLINE)
    await server.ars.deregister('a')
    assert.equal(statusOf('a'), AgentStatus.UNKNOWN)
  })

  it('ends the registration of a revoked certificate with a published tombstone, also of one revoked while the server was down', async () => {
    const [a, b] = agents
    assert.ok(a !== undefined && b !== undefined)
    await swarm.revoke(NORTH, a, server)
    await swarm.clock.advance(1_000)
    assert.equal(entryOf('a').record.state, RecordState.DEREGISTERED)
    assert.equal(entryOf('b').record.state, RecordState.REGISTERED)
    assert.equal(published('a')?.state, RecordState.DEREGISTERED)

    await server.ars.stop()
    const again = await swarm.server(NORTH, 'ars1', { database: server.database })
    await swarm.revoke(NORTH, b, again)
    await again.ars.start()
    await swarm.clock.advance(1_000)
    assert.equal(published('b')?.state, RecordState.DEREGISTERED)
    await again.ars.stop()
  })

  it('renews records in the second half of their life while the certificate stands, and takes away what has expired', async () => {
    const before = entryOf('a').record
    await swarm.clock.advance(11 * MINUTE)
    assert.equal(entryOf('a').record.sequence, before.sequence)
    await swarm.clock.advance(2 * MINUTE)
    const after = entryOf('a').record
    assert.ok(after.sequence > before.sequence && after.expiresAt > before.expiresAt)
    await agents[1]?.rpc.call({ peer: server.info.peerId }, methods.deregister, { resourceId: idOf('b') })
    await swarm.clock.advance(23 * MINUTE)
    assert.equal(entryOf('b').record.state, RecordState.DEREGISTERED, 'the tombstone outlives every record that it ends')
    await swarm.clock.advance(3 * MINUTE)
    assert.equal(server.database.get(idOf('b')), undefined)
  })

  it('publishes again while nobody takes a record, and after a restart from the database alone', async () => {
    const key = keyOf('a')
    await swarm.clock.advance(1_000)
    assert.ok(swarm.dht.values.delete(key))
    swarm.dht.down = true
    await swarm.clock.advance(6_000)
    assert.ok(!swarm.dht.values.has(key))
    swarm.dht.down = false
    await swarm.clock.advance(10_000)
    assert.ok(swarm.dht.values.has(key))
    await server.ars.stop()
    swarm.dht.values.clear()
    const again = await swarm.server(NORTH, 'ars1', { database: server.database })
    await again.ars.start()
    await swarm.clock.advance(1_000)
    assert.equal(published('a')?.handle, 'a@north.example')
    await again.ars.stop()
  })
})
