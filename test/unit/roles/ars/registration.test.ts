import assert from 'node:assert/strict'
import type { MessageInitShape } from '@bufbuild/protobuf'
import {
  type AgentDescriptionSchema,
  AgentDescriptionSchema as Description,
  AgentRecordSchema,
  RecordState
} from '../../../../src/schema/generated/hansa/v1/directory_pb.ts'
import { methods } from '../../../../src/wire/methods.ts'
import { describe as description, type ServerNode, type SwarmNode, TestSwarm } from './test-swarm.ts'

const NORTH = 'north.example'

describe('roles/ars: registration (draft 3.2.1, 3.2.2)', () => {
  let swarm: TestSwarm
  let server: ServerNode
  let flight: SwarmNode

  beforeEach(async () => {
    swarm = new TestSwarm()
    server = await swarm.server(NORTH, 'ars1')
    flight = await swarm.node(NORTH, 'flight', ['agent'])
    await server.ars.start()
  })
  afterEach(() => server.ars.stop())

  function send(node: SwarmNode, changes: MessageInitShape<typeof AgentDescriptionSchema> = {}, method: typeof methods.register = methods.register) {
    const signed = node.records.seal(Description, description(node, swarm.clock, changes))
    return node.rpc.call({ peer: server.info.peerId }, method, { description: signed })
  }

  const refused = (code: string, about?: RegExp) => (error: Error & { code?: string; metadata?: Record<string, string> }) => {
    assert.equal(error.code, code, error.message)
    if (about !== undefined) assert.match(`${error.message} ${JSON.stringify(error.metadata)}`, about)
    return true
  }

  it('mints a resource ID and answers with a record that the server has signed and that holds no address of the agent', async () => {
    const { record, created } = await send(flight)
    assert.ok(record !== undefined && created)
    const { message, signer } = flight.records.open(AgentRecordSchema, record)
    assert.equal(message.resourceId, 'urn:air:north.example:agent:flight')
    assert.equal(message.handle, 'flight@north.example')
    assert.equal(signer.spiffeId, 'spiffe://north.example/ars/ars1')
    assert.equal(message.state, RecordState.REGISTERED)
    assert.equal(message.streaming, true)
    assert.equal(message.cardSha256.length, 32)
    assert.ok(!Buffer.from(record.payload).includes('/ip4/'))
  })

  it('puts the facts of the skills and the extensions of card and description into the record, and refuses what it cannot read', async () => {
    const card = (params: unknown) => ({
      card: new TextEncoder().encode(
        JSON.stringify({ skills: [{ id: 'book', tags: ['travel/flight-booking'] }], capabilities: { extensions: [{ uri: 'urn:hansa:facts', params }] } })
      )
    })
    const facts = { skills: { book: { inputs: ['destination'], outputs: ['flight-confirmation'] } } }
    const { record } = await send(flight, { ...card(facts), extensions: ['urn:hansa:facts', 'urn:hansa:idempotency'] })
    const { message } = flight.records.open(AgentRecordSchema, must(record))
    assert.deepEqual(message.extensions, ['urn:hansa:facts', 'urn:hansa:idempotency'])
    assert.deepEqual(
      message.skills.map(({ id, capabilities, inputs, outputs }) => ({ id, capabilities, inputs, outputs })),
      [{ id: 'book', capabilities: ['travel/flight-booking'], inputs: ['destination'], outputs: ['flight-confirmation'] }]
    )
    await swarm.clock.advance(1)
    await assert.rejects(send(flight, card({ skills: { fly: {} } })), refused('INVALID_ARGUMENT', /urn:hansa:facts.*no skill "fly"/))
    await assert.rejects(send(flight, { extensions: ['a b'] }), refused('INVALID_ARGUMENT', /extensions/))
    await assert.rejects(
      send(flight, { extensions: Array.from({ length: 33 }, (_, i) => `urn:x:${i}`) }),
      refused('INVALID_ARGUMENT', /extensions of length 33/)
    )
    const names = Array.from({ length: 256 }, (_, i) => `${String(i).padStart(3, '0')}${'x'.repeat(60)}`)
    await assert.rejects(send(flight, card({ skills: { book: { outputs: names } } })), refused('INVALID_ARGUMENT', /16384 fit; shorten .* facts/))
  })

  it('acknowledges only what is on disk', async () => {
    server.database.failNextCommit()
    await assert.rejects(send(flight), refused('STORE_FAILED'))
    assert.equal(server.ars.list().length, 0)
    assert.equal(swarm.dht.values.size, 1, 'only the domain record is published')
  })

  it('names everything that is missing', async () => {
    await assert.rejects(
      send(flight, { name: ' ', capabilities: [], card: new Uint8Array() }),
      refused('INCOMPLETE_REGISTRATION', /"missing":"name, capabilities, card"/)
    )
  })

  it('refuses a description of somebody else, signed by oneself or passed on', async () => {
    const thief = await swarm.node(NORTH, 'thief', ['agent'])
    await assert.rejects(send(thief, { spiffeId: flight.info.spiffeId }), refused('PERMISSION_DENIED'))
    const stolen = flight.records.seal(Description, description(flight, swarm.clock))
    await assert.rejects(
      thief.rpc.call({ peer: server.info.peerId }, methods.register, { description: stolen }),
      refused('PERMISSION_DENIED', /registers itself/)
    )
    await assert.rejects(send(thief, { peerId: flight.info.peerId }), refused('PERMISSION_DENIED', /names the peer/))
  })

  it('refuses a certificate without the agent role, and one of another domain', async () => {
    const gateway = await swarm.node(NORTH, 'gw1', ['agw'])
    await assert.rejects(send(gateway), refused('PERMISSION_DENIED'))
    const stranger = await swarm.node('south.example', 'flight', ['agent'], { lists: [NORTH] })
    await server.identities.list('south.example', [(await swarm.domain('south.example')).root])
    await assert.rejects(send(stranger), refused('PERMISSION_DENIED'))
  })

  it('refuses changed bytes', async () => {
    const signed = flight.records.seal(Description, description(flight, swarm.clock))
    signed.payload[10] = (signed.payload[10] ?? 0) ^ 1
    await assert.rejects(flight.rpc.call({ peer: server.info.peerId }, methods.register, { description: signed }), refused('SIGNATURE_INVALID'))
  })

  it('refuses an older revision, and a name that another node holds', async () => {
    await send(flight)
    await assert.rejects(send(flight, { revision: 5n, name: 'Old' }), refused('RECORD_STALE'))
    const twin = await swarm.node(NORTH, 'flight', ['agw', 'agent'])
    await assert.rejects(send(twin), refused('PERMISSION_DENIED', /is registered by/))
  })

  it('answers a repeated registration with the record that stands', async () => {
    const signed = flight.records.seal(Description, description(flight, swarm.clock))
    const first = await flight.rpc.call({ peer: server.info.peerId }, methods.register, { description: signed })
    const second = await flight.rpc.call({ peer: server.info.peerId }, methods.register, { description: signed })
    assert.deepEqual(second.record, first.record)
    assert.equal(second.created, false)
  })

  it('updates what is registered with a newer sequence, and refuses an update of what is not', async () => {
    await assert.rejects(send(flight, {}, methods.update), refused('AGENT_NOT_FOUND'))
    const before = flight.records.open(AgentRecordSchema, must((await send(flight)).record)).message
    await swarm.clock.advance(1)
    const after = flight.records.open(AgentRecordSchema, must((await send(flight, { capabilities: ['travel/rail'] }, methods.update)).record)).message
    assert.deepEqual(after.capabilities, ['travel/rail'])
    assert.ok(after.sequence > before.sequence)
    assert.equal(server.ars.list().length, 1)
  })

  it('deregisters with a tombstone that outlives the record, for the agent itself and the ACA but nobody else', async () => {
    const before = flight.records.open(AgentRecordSchema, must((await send(flight)).record)).message
    const { resourceId } = before
    const other = await swarm.node(NORTH, 'hotel', ['agent'])
    await assert.rejects(other.rpc.call({ peer: server.info.peerId }, methods.deregister, { resourceId }), refused('PERMISSION_DENIED'))
    const { record } = await flight.rpc.call({ peer: server.info.peerId }, methods.deregister, { resourceId })
    const after = flight.records.open(AgentRecordSchema, must(record)).message
    assert.equal(after.state, RecordState.DEREGISTERED)
    assert.ok(after.sequence > before.sequence && after.expiresAt >= before.expiresAt)
    assert.equal(server.ars.list().length, 0)
    await assert.rejects(server.ars.resolve('flight@north.example'), refused('AGENT_NOT_FOUND'))

    const again = flight.records.open(AgentRecordSchema, must((await send(flight, { revision: BigInt(swarm.clock.now() + 1) })).record)).message
    assert.ok(again.sequence > after.sequence, 'a new registration is newer than the tombstone')
    const aca = await swarm.node(NORTH, 'ca', ['aca'])
    await aca.rpc.call({ peer: server.info.peerId }, methods.deregister, { resourceId })
    assert.equal(server.ars.list().length, 0)
  })

  it('lets the operator deregister by handle, of the own domain only', async () => {
    await send(flight)
    await server.ars.deregister('flight')
    assert.equal(server.ars.list().length, 0)
    await assert.rejects(server.ars.deregister('flight@north.example'), refused('AGENT_NOT_FOUND'))
    await assert.rejects(server.ars.deregister('x@south.example'), refused('PERMISSION_DENIED'))
  })

  it('refuses what is out of bounds, naming it', async () => {
    const bad: [MessageInitShape<typeof AgentDescriptionSchema>, RegExp][] = [
      [{ capabilities: ['Travel'] }, /capabilities/],
      [{ capabilities: Array.from({ length: 65 }, (_, i) => `c${i}`) }, /capabilities of length 65/],
      [{ languages: ['en us'] }, /languages/],
      [{ protocols: ['smtp'] }, /protocols/],
      [{ name: 'a\u001b[2J' }, /control characters/],
      [{ description: 'x'.repeat(4_001) }, /description/],
      [{ card: new TextEncoder().encode('[1]') }, /no object/],
      [{ card: new Uint8Array(64 * 1024 + 1) }, /card/],
      [{ multiaddrs: ['localhost:80'] }, /multiaddrs/],
      [{ revision: BigInt(swarm.clock.now() + 2 * 86_400_000) }, /clock/],
      [
        { description: '漢'.repeat(4_000), capabilities: Array.from({ length: 64 }, (_, i) => `${'c'.repeat(60)}/${'d'.repeat(60)}/e${i}`) },
        /at most 16384 fit/
      ]
    ]
    for (const [changes, about] of bad) await assert.rejects(send(flight, changes), refused('INVALID_ARGUMENT', about))
  })

  it('refuses more agents than the database may hold', async () => {
    const small = await swarm.server(NORTH, 'ars2', { config: { maxAgents: 1 } })
    await small.ars.start()
    const signed = (node: SwarmNode) => ({ description: node.records.seal(Description, description(node, swarm.clock)) })
    await flight.rpc.call({ peer: small.info.peerId }, methods.register, signed(flight))
    const hotel = await swarm.node(NORTH, 'hotel', ['agent'])
    await assert.rejects(hotel.rpc.call({ peer: small.info.peerId }, methods.register, signed(hotel)), refused('OVERLOADED'))
    await small.ars.stop()
  })
})

function must<T>(value: T | undefined): T {
  assert.ok(value !== undefined)
  return value
}
