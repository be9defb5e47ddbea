import assert from 'node:assert/strict'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAgentDatabase } from '../../src/adapters/sqlite/agent-database.ts'
import { words } from '../../src/core/directory/words.ts'
import type { AgentDatabase, AgentEntry, Criteria } from '../../src/ports/agent-database.ts'
import { AgentRecordSchema, AgentStatus, RecordState } from '../../src/schema/generated/hansa/v1/directory_pb.ts'
import { MemoryAgentDatabase } from '../support/memory-agent-database.ts'

const id = (name: string) => `urn:air:north.example:agent:${name}`

function entry(name: string, record: MessageInitShape<typeof AgentRecordSchema> = {}, status = AgentStatus.UNKNOWN): AgentEntry {
  return {
    record: create(AgentRecordSchema, {
      resourceId: id(name),
      handle: `${name}@north.example`,
      domain: 'north.example',
      state: RecordState.REGISTERED,
      name,
      capabilities: ['travel/flight-booking'],
      languages: ['en'],
      protocols: ['a2a-jsonrpc'],
      sequence: 1n,
      ...record
    }),
    signed: new TextEncoder().encode(`signed ${name}`),
    description: new TextEncoder().encode(`described ${name}`),
    status,
    gateway: '',
    statusAt: 0
  }
}

describe('contract: AgentDatabase', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'hansa-agents-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  contract('SQLite', () => {
    const database = openAgentDatabase(join(folder, 'agents.db'), { words })
    return { database, close: () => database.close() }
  })
  contract('memory', () => ({ database: new MemoryAgentDatabase(), close: () => undefined }))
})

function contract(name: string, make: () => { readonly database: AgentDatabase; readonly close: () => void }): void {
  describe(name, () => {
    let database: AgentDatabase
    let close: () => void
    beforeEach(() => ({ database, close } = make()))
    afterEach(() => close())

    function found(criteria: Partial<Criteria>): string[] {
      const { entries, total } = database.query({ words: [], capabilities: [], outputs: [], onlineOnly: false, limit: 100, ...criteria })
      assert.equal(total, entries.length)
      return entries.map(({ record }) => record.name).sort()
    }

    it('gives back what was put, and the newer one after a second put', async () => {
      database.put(entry('a'))
      await database.commit()
      const got = database.get(id('a'))
      assert.deepEqual(got?.record, entry('a').record)
      assert.equal(Buffer.from(got?.signed ?? []).toString(), 'signed a')
      assert.equal(Buffer.from(got?.description ?? []).toString(), 'described a')
      database.put(entry('a', { sequence: 2n, capabilities: ['food'] }))
      assert.equal(database.get(id('a'))?.record.sequence, 2n)
      assert.equal(database.count(), 1)
      assert.deepEqual(found({ capabilities: ['travel'] }), [])
      assert.deepEqual(found({ capabilities: ['food'] }), ['a'])
      assert.equal(database.get(id('b')), undefined)
    })

    it('finds a capability exactly and by its prefix, never by half a segment', () => {
      database.put(entry('a'))
      database.put(entry('b', { capabilities: ['travel', 'food/thai'] }))
      assert.deepEqual(found({ capabilities: ['travel'] }), ['a', 'b'])
      assert.deepEqual(found({ capabilities: ['travel/flight-booking'] }), ['a'])
      assert.deepEqual(found({ capabilities: ['travel/flight'] }), [])
      assert.deepEqual(found({ capabilities: ['travel', 'food'] }), ['b'])
    })

    it('finds by language, whatever its case, and the tags that a tag covers', () => {
      database.put(entry('a', { languages: ['zh-Hans-CN', 'en'] }))
      database.put(entry('b', { languages: ['zh'] }))
      assert.deepEqual(found({ language: 'zh' }), ['a', 'b'])
      assert.deepEqual(found({ language: 'zh-hans' }), ['a'])
      assert.deepEqual(found({ language: 'z' }), [])
    })

    it('finds by protocol', () => {
      database.put(entry('a', { protocols: ['mqtt', 'http'] }))
      database.put(entry('b'))
      assert.deepEqual(found({ protocol: 'mqtt' }), ['a'])
    })

    it('finds by the beginnings of words of name, handle, capabilities and description; all must occur', () => {
      database.put(entry('desk-one', { name: 'Café Müller', description: 'Reserves tables; 预订机票' }))
      database.put(entry('two', { name: 'Two', description: 'NOT a desk AND more' }))
      const names = (text: string) => found({ words: words(text) })
      assert.deepEqual(names('cafe muller'), ['Café Müller'])
      assert.deepEqual(names('RESERVE'), ['Café Müller'])
      assert.deepEqual(names('机票'), ['Café Müller'])
      assert.deepEqual(names('booking'), ['Café Müller', 'Two'])
      assert.deepEqual(names('desk'), ['Café Müller', 'Two'])
      assert.deepEqual(names('not and'), ['Two'])
      assert.deepEqual(names('eserves'), [])
      assert.deepEqual(found({ words: words('flight'), capabilities: ['travel'], language: 'en', protocol: 'a2a-jsonrpc' }), ['Café Müller', 'Two'])
      assert.deepEqual(found({ words: words('flight'), capabilities: ['food'] }), [])
    })

    it('finds by facts that a skill puts out, one of several, beside everything else', () => {
      const skill = (outputs: string[], inputs: string[] = []) => ({ id: 's', inputs, outputs })
      database.put(entry('a', { skills: [skill(['visa']), skill(['ticket', 'seat'], ['passport'])] }))
      database.put(entry('b', { skills: [skill(['seat'], ['visa'])], languages: ['fr'] }))
      database.put(entry('c'))
      assert.deepEqual(found({ outputs: ['visa'] }), ['a'])
      assert.deepEqual(found({ outputs: ['seat', 'ticket'] }), ['a', 'b'])
      assert.deepEqual(found({ outputs: ['seat', 'passport'], language: 'fr' }), ['b'])
      assert.deepEqual(found({ outputs: ['seat', 'visa'], capabilities: ['travel'], words: ['a'] }), ['a'])
      assert.deepEqual(found({ outputs: ['passport'] }), [])
      database.put(entry('a', { sequence: 2n }))
      assert.deepEqual(found({ outputs: ['visa', 'seat'] }), ['b'])
      database.delete(id('b'))
      assert.deepEqual(found({ outputs: ['seat'] }), [])
    })

    it('filters by status, puts those online first, and counts all that fit', () => {
      for (const name of ['a', 'b', 'c']) database.put(entry(name))
      database.setStatus(id('b'), AgentStatus.ONLINE, 'spiffe://north.example/agw/gw1', 7)
      database.setStatus(id('c'), AgentStatus.OFFLINE, 'spiffe://north.example/agw/gw1', 8)
      database.setStatus(id('ghost'), AgentStatus.ONLINE, 'gw', 9)
      assert.deepEqual(found({ onlineOnly: true }), ['b'])
      const { entries, total } = database.query({ words: [], capabilities: [], outputs: [], onlineOnly: false, limit: 1 })
      assert.deepEqual([entries.map(({ record }) => record.name), total], [['b'], 3])
      const { status, gateway, statusAt } = database.get(id('b')) ?? {}
      assert.deepEqual([status, gateway, statusAt], [AgentStatus.ONLINE, 'spiffe://north.example/agw/gw1', 7])
    })

    it('keeps tombstones, but finds them by nothing', () => {
      database.put(entry('a'))
      database.put(entry('a', { state: RecordState.DEREGISTERED, sequence: 2n }))
      assert.deepEqual(found({}), [])
      assert.deepEqual(found({ capabilities: ['travel'] }), [])
      assert.deepEqual(found({ words: ['flight'] }), [])
      assert.equal(database.get(id('a'))?.record.state, RecordState.DEREGISTERED)
      assert.equal(database.count(), 1)
    })

    it('gives all entries in order, also when its reader deletes', () => {
      for (const name of ['b', 'c', 'a']) database.put(entry(name))
      const seen: string[] = []
      for (const { record } of database.all()) {
        seen.push(record.name)
        database.delete(record.resourceId)
      }
      assert.deepEqual(seen, ['a', 'b', 'c'])
      assert.equal(database.count(), 0)
      assert.deepEqual(found({ words: ['flight'] }), [])
      database.delete(id('never there'))
    })
  })
}
