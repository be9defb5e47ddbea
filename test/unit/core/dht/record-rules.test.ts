import assert from 'node:assert/strict'
import { type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { createVerify, sha256 } from '../../../../src/adapters/system/crypto.ts'
import { agentKey, domainKey } from '../../../../src/core/dht/keys.ts'
import { recordRules } from '../../../../src/core/dht/record-rules.ts'
import type { Rules } from '../../../../src/core/dht/rules.ts'
import { createIdentities } from '../../../../src/roles/member/identities.ts'
import { createRecords } from '../../../../src/roles/member/records.ts'
import { SignedRecordSchema } from '../../../../src/schema/generated/hansa/v1/call_pb.ts'
import { AgentRecordSchema, DomainRecordSchema, RecordState } from '../../../../src/schema/generated/hansa/v1/directory_pb.ts'
import { sealRecord } from '../../../../src/wire/signed-record.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { MemoryStore } from '../../../support/memory-store.ts'
import { testDomain, type TestDomain, type TestNode } from '../../../support/pki.ts'

const HOUR = 3_600_000
const RESOURCE = 'urn:air:south.example:agent:flight'

describe('core/dht: what a holder demands of a record (draft 3.5)', () => {
  let clock: FakeClock
  let south: TestDomain
  let ars: TestNode
  let agent: Rules
  let domain: Rules
  let key: string

  beforeEach(async () => {
    clock = new FakeClock()
    // The holder is of another domain and has not listed this one.
    const north = await testDomain('north.example', clock.now())
    const holder = await north.leaf({ name: 'gw1', role: 'agw' })
    south = await testDomain('south.example', clock.now())
    ars = await south.leaf({ name: 'ars1', role: 'ars' })
    const verify = createVerify()
    const identities = createIdentities({
      domain: 'north.example',
      signer: holder.signer,
      clock,
      verify,
      sha256,
      store: new MemoryStore(),
      chain: holder.chain,
      roots: [north.root]
    })
    const records = createRecords({ identities, signer: holder.signer, verify })
    const rules = recordRules(
      (schema, record) => records.consistent(schema, record),
      sha256,
      () => clock.now()
    )
    assert.ok(rules['hansa-agent'] !== undefined && rules['hansa-domain'] !== undefined)
    agent = rules['hansa-agent']
    domain = rules['hansa-domain']
    key = agentKey(RESOURCE, sha256(south.root), sha256)
  })

  function sealed<S extends DescMessage>(schema: S, value: MessageInitShape<S>, node: TestNode): Uint8Array {
    return toBinary(
      SignedRecordSchema,
      sealRecord(schema, value, (data) => node.signer.sign(data), node.chain)
    )
  }

  function value(changes: MessageInitShape<typeof AgentRecordSchema> = {}, node = ars): Uint8Array {
    const times = { issuedAt: BigInt(clock.now()), expiresAt: BigInt(clock.now() + HOUR) }
    return sealed(AgentRecordSchema, { resourceId: RESOURCE, domain: 'south.example', state: RecordState.REGISTERED, sequence: 5n, ...times, ...changes }, node)
  }

  it('holds records of domains that it has not listed', () => {
    agent.validate(key, value(), undefined)
  })

  it('refuses a record under a key that is not its own', () => {
    assert.throws(() => agent.validate(agentKey('urn:air:south.example:agent:hotel', sha256(south.root), sha256), value(), undefined), {
      code: 'INVALID_ARGUMENT'
    })
  })

  it('keeps a domain of the same name under another root apart', async () => {
    const fake = await testDomain('south.example', clock.now())
    const forged = value({ sequence: 99n }, await fake.leaf({ name: 'ars1', role: 'ars' }))
    assert.throws(() => agent.validate(key, forged, value()), { code: 'INVALID_ARGUMENT' })
    agent.validate(agentKey(RESOURCE, sha256(fake.root), sha256), forged, undefined)
  })

  it('refuses a signer that is no registration server of the domain', async () => {
    const other = await south.leaf({ name: 'flight', role: 'agent' })
    assert.throws(() => agent.validate(key, value({}, other), undefined), { code: 'SIGNATURE_INVALID' })
    assert.throws(() => agent.validate(key, value({ domain: 'north.example' }), undefined), { code: 'INVALID_ARGUMENT' })
  })

  it('refuses changed bytes, foreign bytes, and another type of record', () => {
    const changed = value()
    const at = changed.length - 10
    const broken = changed.map((byte, index) => (index === 60 || index === at ? byte ^ 1 : byte))
    assert.throws(() => agent.validate(key, broken, undefined))
    assert.throws(() => agent.validate(key, new Uint8Array([255, 255, 255]), undefined), { code: 'MALFORMED' })
    const wrong = sealed(
      DomainRecordSchema,
      { domain: 'south.example', sequence: 5n, issuedAt: BigInt(clock.now()), expiresAt: BigInt(clock.now() + HOUR) },
      ars
    )
    assert.throws(() => agent.validate(key, wrong, undefined), { code: 'MALFORMED' })
  })

  it('refuses more than 16 KiB before it decodes anything', () => {
    assert.throws(() => agent.validate(key, new Uint8Array(16 * 1024 + 1), undefined), { code: 'FRAME_TOO_LARGE' })
  })

  it('refuses what has expired, what is of the future, and what would never expire', () => {
    assert.throws(() => agent.validate(key, value({ expiresAt: BigInt(clock.now()) }), undefined), { code: 'RECORD_STALE' })
    assert.throws(() => agent.validate(key, value({ issuedAt: BigInt(clock.now() + HOUR), expiresAt: BigInt(clock.now() + 2 * HOUR) }), undefined), {
      code: 'INVALID_ARGUMENT'
    })
    assert.throws(() => agent.validate(key, value({ expiresAt: BigInt(clock.now() + 200 * HOUR) }), undefined), { code: 'INVALID_ARGUMENT' })
  })

  it('never lets an older record take the place of a newer one', () => {
    assert.throws(() => agent.validate(key, value({ sequence: 4n }), value()), { code: 'RECORD_STALE' })
    agent.validate(key, value({ sequence: 5n }), value())
    agent.validate(key, value({ sequence: 6n, state: RecordState.DEREGISTERED }), value())
  })

  it('lets a new record take the place of one that has expired', async () => {
    const old = value({ sequence: 9n })
    await clock.advance(2 * HOUR)
    agent.validate(key, value({ sequence: 8n }), old)
  })

  it('selects the newest that may stand at all', () => {
    const forged = value({ sequence: 99n }).map((byte, index, all) => (index === all.length - 10 ? byte ^ 1 : byte))
    const misplaced = value({ sequence: 98n, resourceId: 'urn:air:south.example:agent:hotel' })
    assert.equal(agent.select(key, [value({ sequence: 4n }), value({ sequence: 6n }), value({ sequence: 5n }), forged, misplaced]), 1)
    assert.equal(agent.select(key, [forged]), 0)
  })

  it('holds the record of a domain under the key of its name and root', () => {
    const record = sealed(
      DomainRecordSchema,
      { domain: 'south.example', sequence: 5n, issuedAt: BigInt(clock.now()), expiresAt: BigInt(clock.now() + HOUR) },
      ars
    )
    domain.validate(domainKey('south.example', sha256(south.root), sha256), record, undefined)
    assert.throws(() => domain.validate(domainKey('north.example', sha256(south.root), sha256), record, undefined), { code: 'INVALID_ARGUMENT' })
  })

  it('has keys that kad-dht can split', () => {
    assert.match(key, /^\/hansa-agent\/[0-9a-f]{64}$/)
    assert.match(domainKey('south.example', sha256(south.root), sha256), /^\/hansa-domain\/[0-9a-f]{64}$/)
    assert.equal(key, `/hansa-agent/${Buffer.from(sha256(Buffer.concat([Buffer.from(RESOURCE), Buffer.alloc(1), sha256(south.root)]))).toString('hex')}`)
  })
})
