import assert from 'node:assert/strict'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { type AddressInput, addressOf } from '../../../../src/core/directory/address.ts'
import { match } from '../../../../src/core/directory/match.ts'
import { merge } from '../../../../src/core/directory/merge.ts'
import { parseQuery, type Query } from '../../../../src/core/directory/query.ts'
import { score } from '../../../../src/core/directory/rank.ts'
import { reviewRecord } from '../../../../src/core/directory/record-review.ts'
import { words } from '../../../../src/core/directory/words.ts'
import { AgentRecordSchema, AgentStatus, DiscoverRequestSchema, RecordState, StatusFilter } from '../../../../src/schema/generated/hansa/v1/directory_pb.ts'
import { NodeInfoSchema } from '../../../../src/schema/generated/hansa/v1/trust_pb.ts'

const record = (changes: MessageInitShape<typeof AgentRecordSchema> = {}) =>
  create(AgentRecordSchema, {
    resourceId: 'urn:air:south.example:agent:flight',
    spiffeId: 'spiffe://south.example/agent/flight',
    handle: 'flight@south.example',
    domain: 'south.example',
    state: RecordState.REGISTERED,
    name: 'Flight desk',
    description: 'Books journeys',
    capabilities: ['travel/flight-booking'],
    languages: ['zh-Hans'],
    protocols: ['a2a-jsonrpc'],
    sequence: 5n,
    expiresAt: 1_000n,
    ...changes
  })
const query = (request: MessageInitShape<typeof DiscoverRequestSchema>): Query => parseQuery(create(DiscoverRequestSchema, request))
const any = (request: MessageInitShape<typeof DiscoverRequestSchema>) => query({ status: StatusFilter.ANY, ...request })

describe('core/directory: words', () => {
  it('are lower case, without accents or signs, and single characters where a script has no spaces', () => {
    assert.deepEqual(words('Café-Müller, flight_booking 42!'), ['cafe', 'muller', 'flight', 'booking', '42'])
    assert.deepEqual(words('预订hotel'), ['预', '订', 'hotel'])
    assert.deepEqual(words(' \u0000"*'), [])
  })

  it('are bounded', () => {
    assert.equal(words('a '.repeat(100_000)).length, 2_000)
  })
})

describe('core/directory: query', () => {
  it('means agents that are online, 20 of them, unless it says otherwise', () => {
    assert.deepEqual(query({}), { words: [], capabilities: [], outputs: [], onlineOnly: true, limit: 20 })
    assert.deepEqual(any({ text: 'A a b', language: 'zh-HANS', limit: 100 }), {
      words: ['a', 'b'],
      capabilities: [],
      outputs: [],
      language: 'zh-hans',
      onlineOnly: false,
      limit: 100
    })
  })

  it('is refused beyond its bounds', () => {
    const many = Array.from({ length: 17 }, (_, i) => `w${i}`)
    for (const request of [
      { capabilities: many },
      { text: many.join(' ') },
      { domain: 'Nope' },
      { domain: '10.0.0.1' },
      { outputs: many },
      { outputs: ['A b'] },
      { status: 7 as StatusFilter }
    ])
      assert.throws(() => query(request), { code: 'INVALID_ARGUMENT' })
  })
})

describe('core/directory: match', () => {
  it('holds an agent to every criterion', () => {
    const fits = [{}, { capabilities: ['travel'] }, { language: 'zh' }, { protocol: 'a2a-jsonrpc' }, { domain: 'south.example' }, { text: 'flight JOURNEY' }]
    for (const request of fits) assert.ok(match(record(), AgentStatus.UNKNOWN, any(request)), JSON.stringify(request))
    const misses = [
      { capabilities: ['travel/flight'] },
      { language: 'zh-Hans-CN' },
      { protocol: 'mqtt' },
      { domain: 'north.example' },
      { text: 'flight hotel' }
    ]
    for (const request of misses) assert.ok(!match(record(), AgentStatus.UNKNOWN, any(request)), JSON.stringify(request))
  })

  it('finds by facts that a skill puts out; one of those asked for is enough', () => {
    const visa = record({
      skills: [
        { id: 'a', outputs: ['x'] },
        { id: 'b', inputs: ['passport'], outputs: ['visa', 'y'] }
      ]
    })
    assert.ok(match(visa, AgentStatus.UNKNOWN, any({ outputs: ['hotel', 'visa'] })))
    assert.ok(!match(visa, AgentStatus.UNKNOWN, any({ outputs: ['passport', 'hotel'] })))
    assert.ok(!match(record(), AgentStatus.UNKNOWN, any({ outputs: ['visa'] })))
  })

  it('finds no tombstone, and only who is online unless asked for any', () => {
    assert.ok(!match(record({ state: RecordState.DEREGISTERED }), AgentStatus.ONLINE, any({})))
    assert.ok(!match(record(), AgentStatus.OFFLINE, query({})))
    assert.ok(match(record(), AgentStatus.ONLINE, query({})))
  })
})

describe('core/directory: rank', () => {
  it('is between 0 and 1; online before offline, as asked before below, the name before the prose', () => {
    const asked = any({ capabilities: ['travel'], text: 'flight' })
    const best = score(record({ capabilities: ['travel'] }), AgentStatus.ONLINE, asked)
    const offline = score(record({ capabilities: ['travel'] }), AgentStatus.OFFLINE, asked)
    const special = score(record(), AgentStatus.ONLINE, asked)
    const prose = score(record({ capabilities: ['travel'], name: 'x', handle: 'x@south.example', description: 'flight' }), AgentStatus.ONLINE, asked)
    assert.equal(best, 1)
    assert.ok(best > special && best > prose && best > offline && offline > 0)
  })
})

describe('core/directory: merge', () => {
  it('keeps the newest record of each agent, hides what has been ended, and puts the best first', () => {
    const hit = (name: string, sequence: bigint, value: number, state: RecordState = RecordState.REGISTERED) => ({
      record: record({ resourceId: name, handle: name, sequence, state }),
      score: value
    })
    const merged = merge([
      hit('a', 1n, 0.9),
      hit('b', 2n, 0.5),
      hit('a', 3n, 0.1),
      hit('b', 1n, 0.9),
      hit('c', 1n, 1),
      hit('c', 2n, 1, RecordState.DEREGISTERED),
      hit('d', 1n, 0.5)
    ])
    assert.deepEqual(
      merged.map(({ record: { handle, sequence } }) => [handle, sequence]),
      [
        ['b', 2n],
        ['d', 1n],
        ['a', 3n]
      ]
    )
  })
})

describe('core/directory: review of a record from elsewhere', () => {
  const signer = { domain: 'south.example', roles: ['ars' as const], spiffeId: 'spiffe://south.example/ars/ars1' }

  it('believes a server about its own domain', () => {
    assert.deepEqual(reviewRecord(record(), signer, 999), { domain: 'south.example', name: 'flight' })
  })

  it('refuses other signers, contradicting names and what has expired', () => {
    assert.throws(() => reviewRecord(record(), { ...signer, roles: ['agw'] }, 0), { code: 'SIGNATURE_INVALID' })
    assert.throws(() => reviewRecord(record(), { ...signer, domain: 'north.example' }, 0), { code: 'SIGNATURE_INVALID' })
    for (const changes of [{ handle: 'x@south.example' }, { domain: 'north.example' }, { spiffeId: 'spiffe://south.example/agent/hotel' }])
      assert.throws(() => reviewRecord(record(changes), signer, 0), { code: 'SIGNATURE_INVALID' })
    assert.throws(() => reviewRecord(record(), signer, 1_000), { code: 'RECORD_STALE' })
  })
})

describe('core/directory: addresses (draft 3.2.3)', () => {
  const node = (name: string, ingress = '') => create(NodeInfoSchema, { spiffeId: name, multiaddrs: ['/ip4/10.0.0.1/tcp/1'], ingress })
  const base: Omit<AddressInput, 'asker'> = {
    handle: 'flight@south.example',
    domain: 'south.example',
    agent: node('agent'),
    gateways: [node('gw1', 'http://h:1'), node('gw2')],
    intraDomain: 'direct'
  }

  it("gives other domains a gateway, the agent's own one if it is known", () => {
    assert.deepEqual(addressOf({ ...base, asker: 'north.example' }), {
      node: base.gateways[0],
      url: 'http://h:1/agents/flight@south.example/jsonrpc',
      gateway: true
    })
    assert.deepEqual(addressOf({ ...base, asker: 'north.example', attachedTo: 'gw2' }), { node: base.gateways[1], url: '', gateway: true })
    assert.equal(addressOf({ ...base, asker: 'north.example', gateways: [] }), undefined)
  })

  it("gives the own domain the agent's node, or a gateway where everything goes through one", () => {
    assert.equal(addressOf({ ...base, asker: 'south.example' })?.node, base.agent)
    assert.equal(addressOf({ ...base, asker: 'south.example', intraDomain: 'gateway' })?.node, base.gateways[0])
    assert.equal(addressOf({ ...base, asker: 'south.example', intraDomain: 'gateway', gateways: [] })?.node, base.agent)
  })
})
