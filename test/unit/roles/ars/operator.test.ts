import assert from 'node:assert/strict'
import type { SignedRecord } from '../../../../src/schema/generated/hansa/v1/call_pb.ts'
import { AgentDescriptionSchema, AgentRecordSchema, AgentStatus, RecordState } from '../../../../src/schema/generated/hansa/v1/directory_pb.ts'
import { methods } from '../../../../src/wire/methods.ts'
import { describe as description, type ServerNode, type SwarmNode, TestSwarm } from './test-swarm.ts'

const NORTH = 'north.example'
const ID = `urn:air:${NORTH}:agent:flight`
const MINUTE = 60_000

describe("roles/ars: an operator's deregistration stands (draft 3.2.2)", () => {
  let swarm: TestSwarm
  let server: ServerNode
  let flight: SwarmNode

  beforeEach(async () => {
    swarm = new TestSwarm()
    server = await swarm.server(NORTH, 'ars1', { config: { recordLifetimeMs: 24 * MINUTE } })
    flight = await swarm.node(NORTH, 'flight', ['agent'])
    await server.ars.start()
  })
  afterEach(() => server.ars.stop())

  const register = async (node: SwarmNode, at: ServerNode = server, method: typeof methods.register = methods.register) => {
    await swarm.clock.advance(1)
    const signed = node.records.seal(AgentDescriptionSchema, description(node, swarm.clock))
    return node.rpc.call({ peer: at.info.peerId }, method, { description: signed })
  }
  const refused = (error: Error & { code?: string }) => {
    assert.equal(error.code, 'PERMISSION_DENIED', error.message)
    assert.match(error.message, /operator of north\.example deregistered flight@north\.example.*hansa invite/)
    return true
  }
  /** A gateway that keeps what it is told to end. */
  const gateway = async (name: string) => {
    const told: SignedRecord[] = []
    const node = await swarm.node(NORTH, name, ['agw'])
    node.rpc.handle(methods.agentEnded, ({ record }) => {
      if (record !== undefined) told.push(record)
      return {}
    })
    return { ...node, told }
  }

  it('refuses the same key for good, also over a restart and after the tombstone has expired', async () => {
    await register(flight)
    await server.ars.deregister('flight')
    await assert.rejects(register(flight), refused)
    await assert.rejects(register(flight, server, methods.update), (error: Error & { code?: string }) => error.code === 'AGENT_NOT_FOUND')
    await swarm.clock.advance(60 * MINUTE)
    await assert.rejects(register(flight), refused)

    await server.ars.stop()
    await swarm.clock.advance(60 * MINUTE)
    const again = await swarm.server(NORTH, 'ars1b', { database: server.database })
    await again.ars.start()
    await swarm.clock.advance(2 * MINUTE)
    const record = again.database.get(ID)?.record
    assert.ok(record?.barred && Number(record.expiresAt) > swarm.clock.now(), 'the tombstone is kept alive, so that gateways and other servers can believe it')
    await assert.rejects(register(flight, again), refused)
    await again.ars.stop()
  })

  it('takes the name with another key: the operator has invited it anew', async () => {
    await register(flight)
    await server.ars.deregister('flight')
    const invited = await swarm.node(NORTH, 'flight', ['agent'])
    const { record, created } = await register(invited)
    assert.ok(record !== undefined && created)
    assert.equal(invited.records.open(AgentRecordSchema, record).message.barred, false)
  })

  it('bars what the ACA ended, and not an agent that took itself off, nor one whose certificate was revoked', async () => {
    await register(flight)
    await flight.rpc.call({ peer: server.info.peerId }, methods.deregister, { resourceId: ID })
    assert.ok((await register(flight)).created, 'its own deregistration is its own affair')
    const aca = await swarm.node(NORTH, 'ca', ['aca'])
    await aca.rpc.call({ peer: server.info.peerId }, methods.deregister, { resourceId: ID })
    await assert.rejects(register(flight), refused)
  })

  it('tells every gateway of the domain at once, with a tombstone that it has signed', async () => {
    const gateways = [await gateway('gw1'), await gateway('gw2')]
    await register(flight)
    await server.ars.deregister('flight')
    await swarm.clock.advance(1)
    for (const { told, records } of gateways) {
      const [signed] = told
      assert.ok(signed !== undefined && told.length === 1)
      const { message, signer } = records.open(AgentRecordSchema, signed)
      assert.deepEqual([message.resourceId, message.state, message.barred, signer.spiffeId], [ID, RecordState.DEREGISTERED, true, server.info.spiffeId])
    }
  })

  it('answers the report of a gateway that still serves it with the tombstone', async () => {
    const gw = await swarm.node(NORTH, 'gw1', ['agw'])
    const report = (full: boolean) =>
      gw.rpc.call({ peer: server.info.peerId }, methods.report, {
        full,
        changes: [
          { resourceId: ID, status: AgentStatus.ONLINE },
          { resourceId: `urn:air:${NORTH}:agent:elsewhere`, status: AgentStatus.ONLINE }
        ]
      })
    await register(flight)
    assert.deepEqual((await report(false)).ended, [])
    await server.ars.deregister('flight')
    for (const full of [false, true]) {
      const { ended } = await report(full)
      assert.deepEqual(
        ended.map((signed) => gw.records.open(AgentRecordSchema, signed).message.resourceId),
        [ID],
        'of agents that this server has never known it says nothing: another may know them'
      )
    }
  })

  it('holds at the other servers of the domain, also at one that was down', async () => {
    const second = await swarm.server(NORTH, 'ars2', { config: { recordLifetimeMs: 24 * MINUTE } })
    await second.ars.start()
    await register(flight)
    await register(flight, second)
    swarm.down.add(second.info.peerId)
    await server.ars.deregister('flight')
    await swarm.clock.advance(1)
    swarm.down.delete(second.info.peerId)
    await swarm.clock.advance(2 * MINUTE)
    assert.deepEqual(second.ars.list(), [])
    await assert.rejects(register(flight, second), refused)
    await second.ars.stop()
  })

  it('believes no such word of anybody else', async () => {
    await register(flight)
    const entry = server.database.get(ID)
    assert.ok(entry !== undefined)
    const end = { ...entry.record, state: RecordState.DEREGISTERED, sequence: entry.record.sequence + 1n, barred: true }
    const gw = await swarm.node(NORTH, 'gw1', ['agw'])
    const peer = server.info.peerId
    await assert.rejects(gw.rpc.call({ peer }, methods.ended, { record: gw.records.seal(AgentRecordSchema, end) }), /may not call/)
    const other = await swarm.node(NORTH, 'ars2', ['ars'])
    await assert.rejects(other.rpc.call({ peer }, methods.ended, { record: gw.records.seal(AgentRecordSchema, end) }), /not to be believed/)
    await other.rpc.call({ peer }, methods.ended, { record: other.records.seal(AgentRecordSchema, { ...end, peerId: other.info.peerId }) })
    assert.equal(server.ars.list().length, 1, 'what was said of another key does not end this one')
    await other.rpc.call({ peer }, methods.ended, { record: other.records.seal(AgentRecordSchema, { ...end, barred: false }) })
    assert.equal(server.ars.list().length, 1, 'what an agent does at one server is its own affair')
    await other.rpc.call({ peer }, methods.ended, { record: other.records.seal(AgentRecordSchema, { ...end, state: RecordState.REGISTERED }) })
    assert.equal(server.ars.list().length, 1, 'no registration comes in this way')
  })

  it('puts no tombstone on the DHT for an agent that was never there', async () => {
    await server.ars.stop()
    const closed = await swarm.server(NORTH, 'closed', { config: { export: ['bank'] } })
    await closed.ars.start()
    await register(flight, closed)
    await swarm.clock.advance(5_000)
    const before = [...swarm.dht.values.keys()].filter((key) => key.startsWith('/hansa-agent/'))
    await closed.ars.deregister('flight')
    await swarm.clock.advance(5_000)
    assert.deepEqual([before, [...swarm.dht.values.keys()].filter((key) => key.startsWith('/hansa-agent/'))], [[], []])
    await closed.ars.stop()
  })
})
