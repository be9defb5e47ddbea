import assert from 'node:assert/strict'
import { fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { sha256 } from '../../../../src/adapters/system/crypto.ts'
import { agentKey, domainKey } from '../../../../src/core/dht/keys.ts'
import { SignedRecordSchema } from '../../../../src/schema/generated/hansa/v1/call_pb.ts'
import {
  type AgentDescriptionSchema,
  AgentDescriptionSchema as Description,
  AgentRecordSchema,
  AgentStatus,
  DiscoverResponseSchema,
  DomainRecordSchema,
  StatusFilter
} from '../../../../src/schema/generated/hansa/v1/directory_pb.ts'
import { methods } from '../../../../src/wire/methods.ts'
import { describe as description, type ServerNode, type SwarmNode, TestSwarm } from './test-swarm.ts'

const NORTH = 'north.example'
const SOUTH = 'south.example'
const ANY = { status: StatusFilter.ANY }

describe('roles/ars: discovery across domains (draft 3.2.3, 3.5)', () => {
  let swarm: TestSwarm
  let north: ServerNode
  let south: ServerNode
  let gateway: SwarmNode
  let flight: SwarmNode

  beforeEach(async () => {
    swarm = new TestSwarm()
    north = await swarm.server(NORTH, 'ars1', { lists: [SOUTH] })
    south = await swarm.server(SOUTH, 'ars1', { lists: [NORTH] })
    gateway = await swarm.node(SOUTH, 'gw1', ['agw'], { lists: [NORTH], ingress: 'http://127.0.0.1:7400' })
    flight = await swarm.node(SOUTH, 'flight', ['agent'], { lists: [NORTH] })
    await south.ars.start()
    await north.ars.start()
    await register(south, flight)
    await tell(gateway, 'flight', AgentStatus.ONLINE)
    await swarm.clock.advance(1_000)
  })
  afterEach(async () => {
    await north.ars.stop()
    await south.ars.stop()
  })

  async function register(server: ServerNode, node: SwarmNode, changes: MessageInitShape<typeof AgentDescriptionSchema> = {}) {
    const signed = node.records.seal(Description, description(node, swarm.clock, changes))
    return node.rpc.call({ peer: server.info.peerId }, methods.register, { description: signed })
  }

  function tell(from: SwarmNode, name: string, status: AgentStatus, full = false) {
    const changes = [{ resourceId: `urn:air:${SOUTH}:agent:${name}`, status, at: BigInt(swarm.clock.now()) }]
    return from.rpc.call({ peer: south.info.peerId }, methods.report, { changes, full })
  }

  const find = (request: object) => swarm.clock.run(north.ars.discover(request, NORTH))
  const handles = (response: { hits: { record?: { payload: Uint8Array } }[] }) =>
    response.hits.map(({ record }) => fromBinary(AgentRecordSchema, record?.payload ?? new Uint8Array()).handle)

  it('finds an agent of another domain by the DHT alone, with the address of a gateway of that domain', async () => {
    const response = await find({ capabilities: ['travel'] })
    assert.deepEqual(handles(response), ['flight@south.example'])
    const [hit] = response.hits
    assert.equal(hit?.status, AgentStatus.ONLINE)
    assert.equal(hit?.address?.gateway, true)
    assert.equal(hit?.address?.node?.spiffeId, 'spiffe://south.example/agw/gw1')
    assert.equal(hit?.address?.url, 'http://127.0.0.1:7400/agents/flight@south.example/jsonrpc')
    assert.equal(response.complete, true)
    assert.deepEqual(
      response.asked.map(({ domain, ars, hits, error }) => [domain, ars, hits, error]),
      [
        [NORTH, 'spiffe://north.example/ars/ars1', 0, undefined],
        [SOUTH, 'spiffe://south.example/ars/ars1', 1, undefined]
      ]
    )
  })

  it("gives the agent's own address within its domain", async () => {
    const response = await swarm.clock.run(south.ars.discover({ capabilities: ['travel'] }, SOUTH))
    assert.equal(response.hits[0]?.address?.gateway, false)
    assert.equal(response.hits[0]?.address?.node?.peerId, flight.info.peerId)
  })

  it('filters by every criterion', async () => {
    const hotel = await swarm.node(SOUTH, 'hotel', ['agent'])
    await register(south, hotel, {
      name: 'Hotel desk',
      description: '预订酒店 and rooms',
      capabilities: ['travel/hotel', 'food'],
      languages: ['es'],
      protocols: ['mqtt']
    })
    const cases: [object, string[]][] = [
      [{ ...ANY, capabilities: ['travel'] }, ['flight@south.example', 'hotel@south.example']],
      [{ ...ANY, capabilities: ['travel/hotel'] }, ['hotel@south.example']],
      [{ ...ANY, capabilities: ['trav'] }, []],
      [{ ...ANY, capabilities: ['travel', 'food'] }, ['hotel@south.example']],
      [{ ...ANY, language: 'zh' }, ['flight@south.example']],
      [{ ...ANY, language: 'zh-Hant' }, []],
      [{ ...ANY, protocol: 'mqtt' }, ['hotel@south.example']],
      [{ ...ANY, text: 'HOTEL room' }, ['hotel@south.example']],
      [{ ...ANY, text: '酒店' }, ['hotel@south.example']],
      [{ ...ANY, text: 'hotel submarine' }, []],
      [{ ...ANY, domain: SOUTH }, ['flight@south.example', 'hotel@south.example']],
      [{ ...ANY, domain: NORTH }, []],
      [{}, ['flight@south.example']]
    ]
    for (const [request, wanted] of cases) assert.deepEqual(handles(await find(request)), wanted, JSON.stringify(request))
  })

  it('finds by facts alone, though the DHT has no keys for them, and believes no hit that does not put them out', async () => {
    const card = new TextEncoder().encode(
      JSON.stringify({
        skills: [{ id: 'visa' }],
        capabilities: { extensions: [{ uri: 'urn:hansa:facts', params: { skills: { visa: { outputs: ['visa'] } } } }] }
      })
    )
    await register(south, await swarm.node(SOUTH, 'visa', ['agent']), { card })
    assert.deepEqual(handles(await find({ ...ANY, outputs: ['visa', 'hotel'] })), ['visa@south.example'])
    assert.deepEqual(handles(await find({ ...ANY, outputs: ['hotel'] })), [])
    // A server that answers with everything it has.
    const all = await swarm.clock.run(south.ars.discover(ANY, NORTH))
    swarm.tamper.set(south.info.peerId, (method, bytes) => (method === methods.discover.id ? toBinary(DiscoverResponseSchema, all) : bytes))
    assert.deepEqual(handles(await find({ ...ANY, outputs: ['visa'] })), ['visa@south.example'])
  })

  it('says that the list is not complete when the limit cut it', async () => {
    await register(south, await swarm.node(SOUTH, 'hotel', ['agent']))
    const cut = await find({ ...ANY, limit: 1 })
    assert.equal(cut.hits.length, 1)
    assert.equal(cut.complete, false)
    assert.equal((await find({ ...ANY, limit: 2 })).complete, true)
  })

  it('refuses questions that are none', async () => {
    for (const request of [{ capabilities: ['UPPER'] }, { limit: 101 }, { language: '??' }, { protocol: 'smtp' }, { text: '!!!' }, { text: 'x'.repeat(1_001) }])
      await assert.rejects(north.ars.discover(request, NORTH), { code: 'INVALID_ARGUMENT' }, JSON.stringify(request))
    await assert.rejects(north.ars.discover({ domain: 'west.example' }, NORTH), { code: 'UNKNOWN_DOMAIN' })
  })

  it('names a server that does not answer, and says that the answer is not complete', async () => {
    swarm.down.add(south.info.peerId)
    const response = await find({ capabilities: ['travel'] })
    assert.deepEqual(handles(response), [])
    assert.equal(response.complete, false)
    const failed = response.asked.find(({ domain }) => domain === SOUTH)
    assert.equal(failed?.error?.code, 'PEER_UNREACHABLE')
  })

  it('waits for a server that hangs no longer than the limit', async () => {
    swarm.hung.add(south.info.peerId)
    const began = swarm.clock.monotonic()
    const response = await find({ capabilities: ['travel'] })
    assert.ok(swarm.clock.monotonic() - began <= 2_100)
    assert.equal(response.asked.find(({ domain }) => domain === SOUTH)?.error?.code, 'DEADLINE_EXCEEDED')
  })

  it('drops a record that its server has changed, and says so', async () => {
    swarm.tamper.set(south.info.peerId, (_, bytes) => {
      const response = fromBinary(DiscoverResponseSchema, bytes)
      for (const { record } of response.hits) if (record !== undefined) record.payload[30] = (record.payload[30] ?? 0) ^ 1
      return toBinary(DiscoverResponseSchema, response)
    })
    const response = await find({ capabilities: ['travel'] })
    assert.deepEqual(handles(response), [])
    assert.equal(response.complete, false)
    assert.equal(response.asked.find(({ domain }) => domain === SOUTH)?.error?.code, 'SIGNATURE_INVALID')
  })

  it('drops an expired record, one that does not fit the question, and one of another domain', async () => {
    const sealed = (who: SwarmNode, changes: object) =>
      who.records.seal(AgentRecordSchema, {
        ...fromBinary(AgentRecordSchema, fromBinary(SignedRecordSchema, must(south.database.get(`urn:air:${SOUTH}:agent:flight`)).signed).payload),
        ...changes
      })
    const past = BigInt(swarm.clock.now() - 1)
    for (const record of [sealed(south, { expiresAt: past }), sealed(south, { capabilities: ['food'] }), sealed(north, {}), sealed(flight, {})]) {
      swarm.tamper.set(south.info.peerId, () =>
        toBinary(DiscoverResponseSchema, { ...fromBinary(DiscoverResponseSchema, new Uint8Array()), complete: true, hits: [hitOf(record)] })
      )
      assert.deepEqual(handles(await find({ capabilities: ['travel'] })), [])
    }
  })

  it('never hands out an address of a foreign agent, whatever its server says', async () => {
    swarm.tamper.set(south.info.peerId, (method, bytes) => {
      if (method !== methods.discover.id) return bytes
      const response = fromBinary(DiscoverResponseSchema, bytes)
      for (const hit of response.hits) if (hit.address !== undefined) hit.address = { ...hit.address, node: flight.info, gateway: false, url: 'http://evil/' }
      return toBinary(DiscoverResponseSchema, response)
    })
    const [hit] = (await find({ capabilities: ['travel'] })).hits
    assert.equal(hit?.address?.node?.spiffeId, 'spiffe://south.example/agw/gw1')
    assert.ok(hit.address.url.startsWith('http://127.0.0.1:7400/'))
  })

  it('passes over providers that are no servers of listed domains', async () => {
    const stranger = await swarm.node('west.example', 'ars1', ['ars'])
    swarm.dht.plantProvider('cap:travel', { peer: stranger.info.peerId, addresses: [] })
    swarm.dht.plantProvider('cap:travel', { peer: gateway.info.peerId, addresses: [] })
    const response = await find({ capabilities: ['travel'] })
    assert.deepEqual(handles(response), ['flight@south.example'])
    assert.equal(response.complete, true)
    assert.equal(response.asked.length, 2)
  })

  it('shows other domains exported agents only, through their servers and gateways only', async () => {
    const secret = await swarm.server(SOUTH, 'ars2', { lists: [NORTH], config: { export: ['public-*@south.example', 'food'] } })
    await secret.ars.start()
    const nodes = { a: 'public-desk', b: 'private-desk', c: 'kitchen' }
    await register(secret, await swarm.node(SOUTH, nodes.a, ['agent']))
    await register(secret, await swarm.node(SOUTH, nodes.b, ['agent']))
    await register(secret, await swarm.node(SOUTH, nodes.c, ['agent']), { capabilities: ['food/thai'] })
    const ask = (node: SwarmNode) => node.rpc.call({ peer: secret.info.peerId }, methods.discover, ANY)
    assert.deepEqual(handles(await ask(north)).sort(), ['kitchen@south.example', 'public-desk@south.example'])
    assert.equal(handles(await ask(gateway)).length, 4)
    const agent = await swarm.node(NORTH, 'buyer', ['agent'], { lists: [SOUTH] })
    await assert.rejects(ask(agent), { code: 'PERMISSION_DENIED' })
    const stranger = await swarm.node('west.example', 'ars1', ['ars'], { lists: [SOUTH] })
    await assert.rejects(ask(stranger), { code: 'UNKNOWN_DOMAIN' })
    await assert.rejects(north.rpc.call({ peer: secret.info.peerId }, methods.resolve, { agent: 'private-desk@south.example' }), { code: 'AGENT_NOT_FOUND' })
    await swarm.clock.advance(1_000)
    const key = (name: string) => agentKey(`urn:air:${SOUTH}:agent:${name}`, sha256(must(secret.identities.chain().at(-1))), sha256)
    assert.ok(swarm.dht.values.has(key(nodes.a)))
    assert.ok(!swarm.dht.values.has(key(nodes.b)), 'anybody in the swarm can read the DHT')
    await secret.ars.stop()
  })

  it("does not pass another domain's question on", async () => {
    swarm.calls.length = 0
    await north.rpc.call({ peer: south.info.peerId }, methods.discover, { ...ANY, local: false })
    assert.equal(swarm.calls.length, 1)
  })

  it('takes a tombstone for no agent, also from a server that hands it out as an answer', async () => {
    const { record } = await flight.rpc.call({ peer: south.info.peerId }, methods.deregister, { resourceId: `urn:air:${SOUTH}:agent:flight` })
    south.rpc.handle(methods.resolve, () => ({ record, status: AgentStatus.ONLINE }))
    await assert.rejects(swarm.clock.run(north.ars.resolve('flight@south.example')), { code: 'AGENT_NOT_FOUND' })
  })

  it('resolves by handle, resource ID and SPIFFE ID, and by the DHT alone when the server is down', async () => {
    for (const agent of ['flight@south.example', `urn:air:${SOUTH}:agent:flight`, `spiffe://${SOUTH}/agent/flight`]) {
      const found = await swarm.clock.run(north.ars.resolve(agent))
      assert.equal(found.source, 'ars')
      assert.equal(found.status, AgentStatus.ONLINE)
    }
    swarm.down.add(south.info.peerId)
    const found = await swarm.clock.run(north.ars.resolve('flight@south.example'))
    assert.equal(found.source, 'dht')
    assert.equal(found.status, AgentStatus.UNKNOWN)
    assert.equal(found.address?.node?.spiffeId, 'spiffe://south.example/agw/gw1')
    await assert.rejects(swarm.clock.run(north.ars.resolve('nobody@south.example')), { code: 'AGENT_NOT_FOUND' })
    await assert.rejects(north.ars.resolve('x@west.example'), { code: 'UNKNOWN_DOMAIN' })
  })

  it('does not believe a DHT record of another agent or signer', async () => {
    swarm.down.add(south.info.peerId)
    const root = sha256(must(south.identities.chain().at(-1)))
    const real = must(south.database.get(`urn:air:${SOUTH}:agent:flight`)).signed
    const other = agentKey(`urn:air:${SOUTH}:agent:hotel`, root, sha256)
    swarm.dht.plant(other, real)
    await assert.rejects(swarm.clock.run(north.ars.resolve('hotel@south.example')), { code: 'AGENT_NOT_FOUND' })
    const forged = flight.records.seal(AgentRecordSchema, fromBinary(AgentRecordSchema, fromBinary(SignedRecordSchema, real).payload))
    swarm.dht.plant(agentKey(`urn:air:${SOUTH}:agent:flight`, root, sha256), toBinary(SignedRecordSchema, forged))
    await assert.rejects(swarm.clock.run(north.ars.resolve('flight@south.example')), { code: 'AGENT_NOT_FOUND' })
  })

  it('does not believe a domain record that no server of the domain has signed', async () => {
    const root = sha256(must(south.identities.chain().at(-1)))
    const now = swarm.clock.now()
    const forged = gateway.records.seal(DomainRecordSchema, {
      domain: SOUTH,
      gateways: [],
      servers: [],
      sequence: BigInt(now) * 2n,
      issuedAt: BigInt(now),
      expiresAt: BigInt(now + 1_000)
    })
    swarm.dht.plant(domainKey(SOUTH, root, sha256), toBinary(SignedRecordSchema, forged))
    // The unsigned hints of the DHT remain.
    assert.deepEqual(handles(await find({ capabilities: ['travel'] })), ['flight@south.example'])
  })

  it('finds servers that no domain record names by their providers, and answers within the own domain while the DHT is down', async () => {
    swarm.dht.values.clear()
    assert.deepEqual(handles(await find(ANY)), ['flight@south.example'])
    swarm.dht.down = true
    const own = await swarm.clock.run(south.ars.discover(ANY, SOUTH))
    assert.deepEqual(handles(own), ['flight@south.example'])
    assert.equal(own.complete, false)
  })

  it('asks the other servers of its own domain, and hides what it has deregistered itself', async () => {
    const second = await swarm.server(SOUTH, 'ars2', { lists: [NORTH] })
    await second.ars.start()
    assert.deepEqual(handles(await swarm.clock.run(second.ars.discover(ANY, SOUTH))), ['flight@south.example'])
    assert.equal((await swarm.clock.run(second.ars.resolve('flight'))).source, 'ars')
    await swarm.clock.advance(5)
    await register(second, flight)
    await swarm.clock.advance(5)
    await second.ars.deregister('flight')
    assert.deepEqual(handles(await swarm.clock.run(second.ars.discover(ANY, SOUTH))), [])
    await second.ars.stop()
  })

  it('forgets a deregistered agent everywhere', async () => {
    await flight.rpc.call({ peer: south.info.peerId }, methods.deregister, { resourceId: `urn:air:${SOUTH}:agent:flight` })
    await swarm.clock.advance(1_000)
    assert.deepEqual(handles(await find(ANY)), [])
    swarm.down.add(south.info.peerId)
    await assert.rejects(swarm.clock.run(north.ars.resolve('flight@south.example')), { code: 'AGENT_NOT_FOUND' })
    assert.ok(!swarm.dht.names().includes('cap:travel'))
    assert.ok(swarm.dht.names().includes(`ars:${SOUTH}`))
  })
})

function hitOf(record: ReturnType<SwarmNode['records']['seal']>) {
  return { $typeName: 'hansa.v1.Hit', record, status: AgentStatus.ONLINE, score: 1 } as const
}

function must<T>(value: T | undefined): T {
  assert.ok(value !== undefined)
  return value
}
