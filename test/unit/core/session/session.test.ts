import assert from 'node:assert/strict'
import { create, fromBinary, fromJson, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import fc from 'fast-check'
import { sha256 } from '../../../../src/adapters/system/crypto.ts'
import { comparedEntry, compareLogs } from '../../../../src/core/session/compare-logs.ts'
import { contextWindow, withSummary } from '../../../../src/core/session/context-window.ts'
import { contentBytes, sealEntry, unsealEntry } from '../../../../src/core/session/entry-bytes.ts'
import { entryDigest } from '../../../../src/core/session/entry-digest.ts'
import { entryHash, FIRST_HASH } from '../../../../src/core/session/entry-hash.ts'
import { entriesToDrop, sessionsToDrop } from '../../../../src/core/session/retention.ts'
import { foreignSessionId, sessionId } from '../../../../src/core/session/session-id.ts'
import { turnsOf, type Turn } from '../../../../src/core/session/turns.ts'
import { ChainCheck, type ChainLink } from '../../../../src/core/session/verify-chain.ts'
import { AppliedTranslationSchema, HopSchema } from '../../../../src/schema/generated/hansa/v1/gateway_pb.ts'
import { type SessionEntry, SessionEntrySchema } from '../../../../src/schema/generated/hansa/v1/session_pb.ts'
import * as a2a from '../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'

const MARK = 'urn:hansa:translated'

function said(messageId: string, text: string, more: MessageInitShape<typeof a2a.MessageSchema> = {}): SessionEntry['content'] {
  return { case: 'message', value: create(a2a.MessageSchema, { messageId, role: a2a.Role.USER, parts: [{ content: { case: 'text', value: text } }], ...more }) }
}

function entry(sequence: number, content: SessionEntry['content'], more: MessageInitShape<typeof SessionEntrySchema> = {}): SessionEntry {
  return create(SessionEntrySchema, { sequence: BigInt(sequence), at: 1000n, from: 'anna@north.example', to: 'bob@south.example', content, ...more })
}

describe('the digest of an entry', () => {
  const digest = (content: SessionEntry['content']): string => Buffer.from(entryDigest(content, sha256)).toString('hex')
  const withData = (json: Parameters<typeof fromJson>[1]) => said('m', '', { parts: [{ content: { case: 'data', value: fromJson(ValueSchema, json) } }] })

  it('is of what was said alone, not of what is noted beside it', () => {
    const plain = digest(said('m', 'two seats'))
    assert.equal(digest(said('m', 'two seats', { contextId: 'c', metadata: { seen: true }, extensions: ['urn:x'] })), plain)
    for (const other of [said('n', 'two seats'), said('m', 'two seat'), said('m', 'two seats', { role: a2a.Role.AGENT })]) assert.notEqual(digest(other), plain)
  })

  it('does not know the order of members, and knows types', () => {
    assert.equal(digest(withData({ a: 1, b: [true, null] })), digest(withData({ b: [true, null], a: 1 })))
    const others = [{ a: 1 }, { a: '1' }, { a: [1] }, { a: { b: 1 } }, ['a', 1], null, '', 'null'].map((json) => digest(withData(json)))
    assert.equal(new Set(others).size, others.length)
  })

  it('has a word for numbers that JSON has none for', () => {
    const number = (value: number) =>
      digest(said('m', '', { parts: [{ content: { case: 'data', value: create(ValueSchema, { kind: { case: 'numberValue', value } }) } }] }))
    assert.equal(new Set([NaN, Infinity, -Infinity, 0].map(number)).size, 4)
  })

  it('cannot be the same for texts cut elsewhere, or as other parts', () => {
    const parts = (...texts: string[]) => said('m', '', { parts: texts.map((value) => ({ content: { case: 'text' as const, value } })) })
    assert.notEqual(digest(parts('a', 'b')), digest(parts('ab')))
    const link = said('m', '', { parts: [{ content: { case: 'url', value: 'x:' } }] })
    assert.notEqual(digest(parts('x:')), digest(link))
    const file = (byte: number) => said('m', '', { parts: [{ content: { case: 'raw', value: new Uint8Array([byte]) } }] })
    assert.notEqual(digest(file(1)), digest(file(2)))
  })

  it('of a task is that of its state, words and artifacts, without its history', () => {
    const task = (more: MessageInitShape<typeof a2a.TaskSchema>): SessionEntry['content'] => ({
      case: 'task',
      value: create(a2a.TaskSchema, { id: 't', ...more })
    })
    const plain = digest(task({ status: { state: a2a.TaskState.WORKING } }))
    assert.equal(digest(task({ status: { state: a2a.TaskState.WORKING }, history: [{ messageId: 'm' }] })), plain)
    assert.notEqual(digest(task({ status: { state: a2a.TaskState.COMPLETED } })), plain)
    assert.notEqual(digest(task({ status: { state: a2a.TaskState.WORKING }, artifacts: [{ artifactId: 'a' }] })), plain)
  })
})

describe('the chain of a log', () => {
  const texts = ['one', 'two', 'three', 'four']
  const links: ChainLink[] = []
  let previous = FIRST_HASH
  for (const [index, text] of texts.entries()) {
    const body = toBinary(SessionEntrySchema, entry(index + 1, said(`m${index}`, text)))
    previous = entryHash(previous, body, sha256)
    links.push({ sequence: index + 1, body, hash: previous })
  }
  const head = links.at(-1)?.hash ?? FIRST_HASH
  const whole = { anchor: FIRST_HASH, dropped: 0, entries: 4, head }

  function broken(given: readonly ChainLink[], ends = whole): number | undefined {
    const check = new ChainCheck(ends, sha256)
    for (const link of given) check.add(link)
    return check.broken()
  }

  it('holds, also when retention has taken its beginning', () => {
    assert.equal(broken(links), undefined)
    assert.equal(broken(links.slice(2), { anchor: links[1]?.hash ?? FIRST_HASH, dropped: 2, entries: 2, head }), undefined)
    assert.equal(broken([], { anchor: FIRST_HASH, dropped: 0, entries: 0, head: FIRST_HASH }), undefined)
  })

  it('breaks at the first entry that was changed, taken out, put in or put elsewhere', () => {
    const changed = links.map((link) => (link.sequence === 3 ? { ...link, body: new Uint8Array([...link.body, 0]) } : link))
    assert.equal(broken(changed), 3)
    assert.equal(broken(links.filter(({ sequence }) => sequence !== 2)), 2)
    assert.equal(broken([...links.slice(0, 1), ...links.slice(0, 1), ...links.slice(1)]), 2)
    assert.equal(broken([...links.slice(0, 2), ...links.slice(2).reverse()]), 3)
  })

  it('breaks where the newest entries are gone, or the head is another', () => {
    assert.equal(broken(links.slice(0, 2)), 3)
    assert.equal(broken(links.slice(0, 2), { ...whole, entries: 2 }), 2)
    assert.equal(broken(links, { ...whole, head: FIRST_HASH }), 4)
    assert.equal(broken(links.slice(1), { ...whole, dropped: 1, entries: 3 }), 2)
  })
})

describe('the bytes of an entry', () => {
  it('are those of the schema, with the hash at their end', () => {
    const previous = new Uint8Array(32).fill(7)
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.string(),
        fc.boolean(),
        fc.nat(),
        fc.constantFrom('message', 'task', 'status', 'artifact'),
        (text, language, sent, at, kind) => {
          const message = { messageId: 'm', parts: [{ content: { case: 'text' as const, value: text } }] }
          const contents = {
            message: { case: 'message' as const, value: create(a2a.MessageSchema, message) },
            task: { case: 'task' as const, value: create(a2a.TaskSchema, { id: text }) },
            status: { case: 'status' as const, value: create(a2a.TaskStatusUpdateEventSchema, { taskId: text, status: { message } }) },
            artifact: { case: 'artifact' as const, value: create(a2a.TaskArtifactUpdateEventSchema, { taskId: text, append: sent }) }
          }
          const content = contents[kind]
          const translations = [create(AppliedTranslationSchema, { gateway: 'g', from: 'de', to: 'en' })]
          const hops = [create(HopSchema, { gateway: 'g', ms: 0.5 })]
          const given = { from: text, to: '', sent, language, translations, hops, digest: new Uint8Array(32).fill(9) }
          const full = create(SessionEntrySchema, { ...given, sequence: 3n, at: BigInt(at), content })
          const { sealed, hash } = sealEntry({ ...given, sequence: 3, at, kind: content.case, content: contentBytes(content) }, previous, sha256)
          const body = toBinary(SessionEntrySchema, full)
          assert.deepEqual(unsealEntry(sealed), { body, hash: new Uint8Array(hash) })
          assert.deepEqual(hash, entryHash(previous, body, sha256))
          assert.deepEqual(fromBinary(SessionEntrySchema, sealed), { ...fromBinary(SessionEntrySchema, body), hash: new Uint8Array(hash) })
        }
      )
    )
    assert.equal(unsealEntry(new Uint8Array(20)), undefined)
    assert.equal(unsealEntry(new Uint8Array(60)), undefined)
  })
})

describe('two logs of one session', () => {
  const compared = (entries: readonly SessionEntry[]) => entries.map((each) => comparedEntry(each, MARK, sha256))

  it('are the same when nothing is on one side alone, whatever the order', () => {
    const here = compared([entry(1, said('a', 'hello')), entry(2, said('b', 'hi'))])
    const there = compared([entry(5, said('b', 'hi')), entry(6, said('a', 'hello'))])
    assert.deepEqual(compareLogs(here, there), { same: true, matched: 2, onlyHere: [], onlyThere: [], translated: [] })
  })

  it('differ where something was said, changed or said again on one side only', () => {
    const here = compared([entry(1, said('a', 'hello')), entry(2, said('b', 'pay 1')), entry(3, said('c', 'bye'))])
    const there = compared([entry(1, said('a', 'hello')), entry(2, said('b', 'pay 9')), entry(3, said('a', 'hello'))])
    assert.deepEqual(compareLogs(here, there), { same: false, matched: 1, onlyHere: [2, 3], onlyThere: [2, 3], translated: [] })
  })

  it('are the same where other words are a translation that one of them notes', () => {
    const part = { content: { case: 'text' as const, value: 'hallo' }, metadata: { [MARK]: { from: 'en', to: 'de' } } }
    const here = compared([entry(1, said('a', 'hello')), entry(2, said('b', 'good day'), { translations: [{ from: 'de', to: 'en', reply: true }] })])
    const there = compared([entry(1, said('a', '', { parts: [part] })), entry(2, said('b', 'guten Tag'))])
    assert.deepEqual(compareLogs(here, there), { same: true, matched: 0, onlyHere: [], onlyThere: [], translated: [1, 2] })
  })

  it('does not believe the digest that stands in a log', () => {
    const honest = entryDigest(said('a', 'pay 1'), sha256)
    const result = compareLogs(compared([entry(1, said('a', 'pay 1'))]), compared([entry(1, said('a', 'pay 9'), { digest: honest })]))
    assert.equal(result.same, false)
  })
})

describe('turns and the window for the next call', () => {
  const turn = (text: string): Turn => ({ role: 'user', from: 'x', at: 1, text })

  it('joins the pieces of an artifact, and a task told again says nothing new', () => {
    const piece = (value: string, append: boolean): SessionEntry['content'] => ({
      case: 'artifact',
      value: create(a2a.TaskArtifactUpdateEventSchema, { taskId: 't', append, artifact: { artifactId: 'a', parts: [{ content: { case: 'text', value } }] } })
    })
    const task: SessionEntry['content'] = {
      case: 'task',
      value: create(a2a.TaskSchema, { id: 't', artifacts: [{ artifactId: 'a', parts: [{ content: { case: 'text', value: 'Oslo, booked' } }] }] })
    }
    const status: SessionEntry['content'] = {
      case: 'status',
      value: create(a2a.TaskStatusUpdateEventSchema, { taskId: 't', status: { state: a2a.TaskState.WORKING } })
    }
    const entries = [said('q', 'book'), piece('Oslo', false), status, piece(', booked', true), task].map((content, index) => entry(index + 1, content))
    assert.deepEqual(
      turnsOf(entries).map(({ role, text }) => [role, text]),
      [
        ['user', 'book'],
        ['agent', 'Oslo, booked']
      ]
    )
    assert.deepEqual(turnsOf(entries, 'q').length, 1)
  })

  it('keeps the newest within its bounds, oldest first', () => {
    const turns = ['aaaa', 'bbb', 'cc', 'd'].map(turn)
    const kept = (messages: number, characters: number) => contextWindow(turns, { messages, characters }).kept.map(({ text }) => text)
    assert.deepEqual(kept(10, 100), ['aaaa', 'bbb', 'cc', 'd'])
    assert.deepEqual(kept(2, 100), ['cc', 'd'])
    assert.deepEqual(kept(10, 5), ['cc', 'd'])
    assert.deepEqual(kept(0, 5), [])
    assert.deepEqual(contextWindow([turn('a'), turn('long one')], { messages: 5, characters: 3 }), { kept: [turn('one')], older: [turn('a')] })
  })

  it('never is longer than its bounds, and loses nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.nat(8), fc.nat(40), (texts, messages, characters) => {
        const turns = texts.map(turn)
        const { kept, older } = contextWindow(turns, { messages, characters })
        assert.ok(kept.length <= messages && kept.reduce((sum, { text }) => sum + text.length, 0) <= characters)
        assert.equal(kept.length + older.length, turns.length)
      })
    )
  })

  it('places a summary before what is kept, when there is something older', () => {
    const window = contextWindow(['a', 'b'].map(turn), { messages: 1, characters: 10 })
    assert.deepEqual(
      withSummary(window, 'they met').map(({ role, text }) => [role, text]),
      [
        ['summary', 'they met'],
        ['user', 'b']
      ]
    )
    assert.equal(withSummary(window, '').length, 1)
    assert.equal(withSummary({ kept: window.kept, older: [] }, 'nothing').length, 1)
  })
})

describe('retention', () => {
  it('takes the oldest entries until a tenth is free, and never the newest', () => {
    const bounds = { maxEntries: 10, maxBytes: 1000 }
    assert.equal(entriesToDrop({ entries: 10, bytes: 1000 }, [], bounds), 0)
    assert.equal(entriesToDrop({ entries: 11, bytes: 110 }, Array<number>(11).fill(10), bounds), 2)
    assert.equal(entriesToDrop({ entries: 3, bytes: 1500 }, [700, 700, 100], bounds), 1)
    assert.equal(entriesToDrop({ entries: 1, bytes: 5000 }, [5000], bounds), 0)
  })

  it('takes sessions that are too old, then those unused for longest until the total fits', () => {
    const sessions = [
      { id: 'old', updatedAt: 0, bytes: 10, domain: 'south.example' },
      { id: 'new', updatedAt: 90, bytes: 10, domain: 'south.example' },
      { id: 'middle', updatedAt: 50, bytes: 10, domain: 'south.example' }
    ]
    assert.deepEqual(sessionsToDrop(sessions, { keepMs: 60, total: 100 }, 100), ['old'])
    assert.deepEqual(sessionsToDrop(sessions, { keepMs: 1000, total: 12 }, 100), ['old', 'middle'])
    assert.deepEqual(sessionsToDrop(sessions, { keepMs: 1000, total: 100 }, 100), [])
    assert.deepEqual(sessionsToDrop([], { keepMs: 1000, total: 100 }, 100), [])
  })

  it('takes those of the domain that has most: nobody pushes out what others have said', () => {
    const few = { id: 'few', updatedAt: 0, bytes: 10, domain: 'north.example' }
    const flood = Array.from({ length: 20 }, (_, at) => ({ id: `flood${at}`, updatedAt: 50 + at, bytes: 10, domain: 'east.example' }))
    const gone = sessionsToDrop([few, ...flood], { keepMs: 1000, total: 100 }, 100)
    assert.deepEqual([gone.length, gone[0], gone.includes('few')], [12, 'flood0', false])
  })
})

describe('IDs of sessions', () => {
  it('are the contextId where people can type it, its hash otherwise, and others for others', () => {
    assert.equal(sessionId('3f0c-x', sha256), '3f0c-x')
    assert.equal(sessionId('', sha256), '')
    for (const odd of ['a b', 'a\nb', 'ä', 'x'.repeat(161)]) assert.match(sessionId(odd, sha256), /^sha256:[0-9a-f]{64}$/)
    const ids = ['a@x.example', 'b@x.example'].map((party) => foreignSessionId('c', party, sha256))
    assert.match(ids[0] ?? '', /^c~[0-9a-f]{16}$/)
    assert.notEqual(ids[0], ids[1])
  })
})
