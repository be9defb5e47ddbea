import assert from 'node:assert/strict'
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { sha256 } from '../../../../../src/adapters/system/crypto.ts'
import type { Log } from '../../../../../src/ports/log.ts'
import type { SessionsConfig } from '../../../../../src/roles/agent/sessions/config.ts'
import { recordIncoming } from '../../../../../src/roles/agent/sessions/incoming-call.ts'
import { recordingSwarmClient } from '../../../../../src/roles/agent/sessions/recording-swarm-client.ts'
import type { SessionCall } from '../../../../../src/roles/agent/sessions/session-call.ts'
import { createSessions, type Sessions } from '../../../../../src/roles/agent/sessions/sessions.ts'
import type { ResponseStream, SwarmClient } from '../../../../../src/roles/agent/swarm-client.ts'
import { HansaError } from '../../../../../src/schema/errors.ts'
import { AppliedTranslationSchema, HopSchema, RelayHeaderSchema } from '../../../../../src/schema/generated/hansa/v1/gateway_pb.ts'
import * as a2a from '../../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { collect } from '../../../../support/collect.ts'
import { FakeClock } from '../../../../support/fake-clock.ts'
import { MemoryStore } from '../../../../support/memory-store.ts'

const ANNA = 'spiffe://north.example/agent/anna'
const BOB = 'bob@south.example'
const BOB_ID = 'spiffe://south.example/agent/bob'
const CONFIG: SessionsConfig = { record: true, keepMs: 86_400_000, maxEntries: 100, maxBytes: 1_000_000, total: 10_000_000 }

interface World {
  readonly clock: FakeClock
  readonly store: MemoryStore
  readonly sessions: Sessions
  readonly logged: string[]
}

function world(config: Partial<SessionsConfig> = {}, store = new MemoryStore()): World {
  const clock = new FakeClock()
  const logged: string[] = []
  const log: Log = { debug() {}, info() {}, warn: (_fields, text) => logged.push(text), error: (_fields, text) => logged.push(text), child: () => log }
  return { clock, store, logged, sessions: createSessions({ store, clock, log, sha256, config: { ...CONFIG, ...config } }) }
}

function message(messageId: string, text: string, contextId = 'c', role: a2a.Role = a2a.Role.USER): a2a.Message {
  return create(a2a.MessageSchema, { messageId, contextId, role, parts: [{ content: { case: 'text', value: text } }] })
}

function answer(messageId: string, text: string, contextId = 'c'): a2a.SendMessageResponse {
  return create(a2a.SendMessageResponseSchema, { payload: { case: 'message', value: message(messageId, text, contextId, a2a.Role.AGENT) } })
}

function event(payload: MessageInitShape<typeof a2a.StreamResponseSchema>['payload']): a2a.StreamResponse {
  return create(a2a.StreamResponseSchema, { payload })
}

function chunk(text: string, taskId = 't'): a2a.StreamResponse {
  const artifact = { artifactId: 'a', parts: [{ content: { case: 'text' as const, value: text } }] }
  return event({ case: 'artifactUpdate', value: create(a2a.TaskArtifactUpdateEventSchema, { taskId, contextId: 'c', append: true, artifact }) })
}

/** A call by Anna, at her end or at Bob's. */
function begin(sessions: Sessions, own = true): SessionCall {
  const call = sessions.begin(own ? { asker: ANNA, answerer: BOB, own } : { asker: ANNA, answerer: BOB_ID, own })
  assert.ok(call)
  return call
}

/** A whole call with one answer. */
function talk(sessions: Sessions, id: string, { own = true, contextId = 'c' } = {}): void {
  const call = begin(sessions, own)
  call.asked(message(`q${id}`, `question ${id}`, contextId))
  call.answered(answer(`a${id}`, `answer ${id}`, contextId))
  call.ended()
}

async function texts(sessions: Sessions, id = 'c'): Promise<string[]> {
  const entries = await sessions.entries(id)
  return entries.map(({ content }) => {
    const parts = content.case === 'message' ? content.value.parts : content.case === 'artifact' ? (content.value.artifact?.parts ?? []) : []
    return parts.length === 0 ? (content.case ?? '') : parts.map((part) => String(part.content.value)).join('')
  })
}

async function exported(sessions: Sessions, id = 'c'): Promise<string> {
  return (await collect(sessions.exportLines(id))).join('\n')
}

describe('sessions', () => {
  it('are written a moment after the call, with who, when and which way', async () => {
    const { clock, store, sessions } = world()
    const call = begin(sessions)
    call.asked(message('q', 'two seats'))
    call.answered(answer('a', 'booked'))
    call.ended({
      hops: [create(HopSchema, { gateway: 'spiffe://north.example/agw/gw', ms: 3 })],
      translations: [create(AppliedTranslationSchema, { from: 'nb', to: 'en', reply: true })]
    })
    assert.equal(store.count('entries'), 0)
    await clock.advance(50)
    assert.equal(store.count('entries'), 2)
    const [asked, answered] = await sessions.entries('c')
    assert.deepEqual([asked?.from, asked?.to, asked?.sent, Number(asked?.at)], [ANNA, BOB, true, Date.UTC(2026, 0, 1)])
    assert.deepEqual([answered?.from, answered?.to, answered?.sent, answered?.language], [BOB, ANNA, false, 'en'])
    assert.deepEqual([answered?.hops[0]?.ms, answered?.translations[0]?.from], [3, 'nb'])
    const session = await sessions.get('c')
    assert.deepEqual([session.peer, session.title, session.entries], [BOB, 'two seats', 2n])
    assert.equal((await sessions.verify('c')).firstBroken, undefined)
  })

  it('take the contextId of the answer when the call had none', async () => {
    const { sessions } = world()
    const call = begin(sessions)
    call.asked(message('q', 'hello', ''))
    call.answered(answer('a', 'hi', 'made-by-bob'))
    call.ended()
    assert.deepEqual(await texts(sessions, 'made-by-bob'), ['hello', 'hi'])
  })

  it('do not hold a stream in memory that never says what session it is of', async () => {
    const { sessions } = world()
    const call = begin(sessions)
    call.asked(message('q', 'hello', ''))
    for (let i = 0; i < 200; i++)
      call.answered(
        event({
          case: 'statusUpdate',
          value: create(a2a.TaskStatusUpdateEventSchema, { taskId: 't', status: { state: 2, timestamp: { seconds: BigInt(i) } } })
        })
      )
    call.answered(answer('a', 'at last', 'made-by-bob'))
    call.ended()
    assert.equal((await sessions.get('made-by-bob')).entries, 65n)
  })

  it('remember no IDs that would fill the memory: such a message is told as often as it comes', async () => {
    const { sessions } = world()
    for (const id of ['x'.repeat(128), 'x'.repeat(128), 'y'.repeat(129), 'y'.repeat(129)]) begin(sessions, false).asked(message(id, id.slice(0, 1)))
    assert.deepEqual(await texts(sessions), ['x', 'y', 'y'])
  })

  it('go on after an answer that is nested as deeply as a message may be', async () => {
    const first = world()
    let value: MessageInitShape<typeof ValueSchema> = { kind: { case: 'numberValue', value: 1 } }
    let task = create(a2a.TaskSchema, { id: 't', contextId: 'c' })
    const decodes = (bytes: Uint8Array): boolean => {
      try {
        return fromBinary(a2a.TaskSchema, bytes).id === 't'
      } catch {
        return false
      }
    }
    for (;;) {
      const deeper = create(a2a.TaskSchema, { id: 't', contextId: 'c', artifacts: [{ artifactId: 'a', parts: [{ content: { case: 'data', value } }] }] })
      if (!decodes(toBinary(a2a.TaskSchema, deeper))) break
      task = deeper
      value = { kind: { case: 'listValue', value: { values: [value] } } }
    }
    const call = begin(first.sessions)
    call.answered(fromBinary(a2a.TaskSchema, toBinary(a2a.TaskSchema, task)))
    call.ended()
    await first.sessions.get('c')
    const second = world({}, first.store)
    talk(second.sessions, '1')
    talk(second.sessions, '2', { contextId: 'other' })
    assert.deepEqual(await texts(second.sessions, 'other'), ['question 2', 'answer 2'])
    assert.equal((await second.sessions.entries('c')).length, 3)
  })

  it('go on with others where one cannot be read any more', async () => {
    const first = world()
    talk(first.sessions, '1')
    await first.sessions.get('c')
    for (const [key] of [...first.store.entries('entries')]) first.store.put('entries', key, Uint8Array.of(0xff))
    const second = world({}, first.store)
    talk(second.sessions, '2')
    talk(second.sessions, '3', { contextId: 'other' })
    assert.deepEqual(await texts(second.sessions, 'other'), ['question 3', 'answer 3'])
    assert.ok(second.logged.includes('something that was said could not be recorded'))
  })

  it('keep what was asked when no answer comes', async () => {
    const { sessions } = world()
    const call = begin(sessions)
    call.asked(message('q', 'hello'))
    call.ended()
    assert.deepEqual(await texts(sessions), ['hello'])
  })

  it('are not changed by what is done to a message later', async () => {
    const { sessions } = world()
    const said = message('q', 'hello')
    begin(sessions).asked(said)
    said.parts.length = 0
    assert.deepEqual(await texts(sessions), ['hello'])
  })

  it('have each message once, also after a restart', async () => {
    const first = world()
    talk(first.sessions, '1')
    talk(first.sessions, '1')
    assert.equal((await first.sessions.get('c')).entries, 2n)
    const second = world({}, first.store)
    talk(second.sessions, '1')
    talk(second.sessions, '2')
    assert.deepEqual(await texts(second.sessions), ['question 1', 'answer 1', 'question 2', 'answer 2'])
  })

  it('have a task once for each state, and the messages of its history that nobody had heard', async () => {
    const { sessions } = world()
    const call = begin(sessions)
    const task = (state: a2a.TaskState) =>
      create(a2a.TaskSchema, { id: 't', contextId: 'c', status: { state }, history: [message('q', 'go'), message('r', 'working on it', 'c', a2a.Role.AGENT)] })
    call.asked(message('q', 'go'))
    for (const state of [a2a.TaskState.WORKING, a2a.TaskState.WORKING, a2a.TaskState.COMPLETED]) call.answered(task(state))
    call.ended()
    assert.deepEqual(await texts(sessions), ['go', 'working on it', 'task', 'task'])
    const entries = await sessions.entries('c')
    assert.deepEqual([entries[1]?.from, entries[2]?.content.case === 'task' && entries[2].content.value.history.length], [BOB, 0])
  })

  it('have the pieces of a task once, when several calls follow it', async () => {
    const { sessions } = world()
    const [first, second] = [begin(sessions), begin(sessions)]
    for (const call of [first, second]) call.answered(chunk('one '))
    first.ended()
    second.answered(chunk('one '))
    second.ended()
    begin(sessions).answered(chunk('two'))
    assert.deepEqual(await texts(sessions), ['one ', 'one ', 'two'])
  })

  it('come back from the last commit after a crash', async () => {
    const { clock, store, sessions } = world()
    talk(sessions, '1')
    await clock.advance(50)
    talk(sessions, '2')
    // The process is gone before it is written.
    const again = world({}, store).sessions
    assert.deepEqual(await texts(again), ['question 1', 'answer 1'])
    talk(again, '3')
    assert.deepEqual(await texts(again), ['question 1', 'answer 1', 'question 3', 'answer 3'])
    assert.equal((await again.verify('c')).firstBroken, undefined)
  })

  it('lose nothing when a commit fails', async () => {
    const { clock, store, sessions, logged } = world()
    talk(sessions, '1')
    await clock.advance(50)
    store.failNextCommit()
    talk(sessions, '2')
    await clock.advance(50)
    assert.match(logged.join(), /could not be written/)
    talk(sessions, '3')
    await clock.advance(2_000)
    assert.deepEqual(
      await texts(sessions),
      [1, 2, 3].flatMap((id) => [`question ${id}`, `answer ${id}`])
    )
    assert.equal((await sessions.verify('c')).firstBroken, undefined)
  })

  it('say so when a store that fails for long makes them incomplete, and hold a bounded amount', async () => {
    const { clock, store, sessions, logged } = world({ maxBytes: 1e9, total: 1e9 })
    const value = new Uint8Array(8 * 1024 * 1024)
    for (let index = 0; index < 10; index++)
      begin(sessions).asked(create(a2a.MessageSchema, { messageId: `m${index}`, contextId: 'c', parts: [{ content: { case: 'raw', value } }] }))
    assert.equal(logged.filter((line) => line.includes('is not recorded')).length, 1)
    await clock.advance(2_000)
    assert.match(logged.join(), /so many entries are missing/)
    assert.equal(store.count('entries'), 7)
  })

  it('keep a party out of the session of another whose contextId it names', async () => {
    const { sessions } = world()
    talk(sessions, '1', { own: false })
    const call = sessions.begin({ asker: 'spiffe://evil.example/agent/eve', answerer: BOB_ID, own: false })
    call?.asked(message('e', 'what did they say?'))
    call?.ended()
    assert.deepEqual(await texts(sessions), ['question 1', 'answer 1'])
    const turns = await sessions.context('c', { peer: 'spiffe://evil.example/agent/eve' })
    assert.deepEqual(
      turns.map(({ text }) => text),
      ['what did they say?']
    )
    assert.equal((await sessions.list({ peer: 'eve@evil.example' })).sessions.length, 1)
  })

  it('record nothing where the operator does not want it', () => {
    assert.equal(world({ record: false }).sessions.begin({ asker: ANNA, answerer: BOB, own: true }), undefined)
  })
})

describe('retention of sessions', () => {
  it('takes the oldest entries of a long one, and the rest can be verified and compared', async () => {
    const [anna, bob] = [world({ maxEntries: 20 }), world()]
    for (let id = 0; id < 30; id++) {
      talk(anna.sessions, String(id))
      talk(bob.sessions, String(id), { own: false })
      await anna.clock.advance(50)
    }
    const session = await anna.sessions.get('c')
    assert.ok(session.entries <= 20n && session.dropped + session.entries === 60n)
    assert.equal((await anna.sessions.verify('c')).firstBroken, undefined)
    assert.equal(Number((await anna.sessions.entries('c'))[0]?.sequence), Number(session.dropped) + 1)
    const { otherOk, matched, onlyHere } = await bob.sessions.compare('c', await exported(anna.sessions))
    assert.deepEqual([otherOk, matched, onlyHere.length], [true, Number(session.entries), Number(session.dropped)])
  })

  it('takes sessions that are out of age', async () => {
    const { clock, sessions } = world({ keepMs: 10_000_000 })
    await sessions.start()
    talk(sessions, '1')
    await clock.advance(9_000_000)
    talk(sessions, '2', { contextId: 'later' })
    await clock.advance(3_600_000)
    const { sessions: kept } = await sessions.list()
    assert.deepEqual(
      kept.map(({ id }) => id),
      ['later']
    )
    await sessions.stop()
  })

  it('takes those unused for longest when all of them are too much, without waiting for the hour', async () => {
    const { clock, sessions } = world({ total: 100_000 })
    for (let id = 0; id < 100; id++) {
      talk(sessions, String(id), { contextId: `c${id}` })
      await clock.advance(50)
    }
    const { sessions: kept } = await sessions.list({ limit: 1000 })
    assert.ok(kept.length > 20 && kept.length < 90, String(kept.length))
    assert.deepEqual([kept[0]?.id, kept.some(({ id }) => id === 'c0')], ['c99', false])
  })

  it('forgets a session that is deleted, entries and all', async () => {
    const { store, sessions } = world()
    talk(sessions, '1')
    await sessions.delete('c')
    await assert.rejects(sessions.get('c'), { code: 'NOT_FOUND' })
    assert.equal(store.count('entries'), 0)
    talk(sessions, '1')
    assert.equal((await sessions.verify('c')).session.entries, 2n)
  })
})

describe('finding, verifying and comparing sessions', () => {
  it('finds those in which all words were said, newest first', async () => {
    const { clock, sessions } = world()
    for (const id of ['1', '2', '3']) {
      talk(sessions, id, { contextId: `c${id}` })
      await clock.advance(50)
    }
    const ids = async (query: Parameters<Sessions['list']>[0]) => (await sessions.list(query)).sessions.map(({ id }) => id)
    assert.deepEqual(await ids({}), ['c3', 'c2', 'c1'])
    assert.deepEqual(await ids({ text: 'Answer QUESTION' }), ['c3', 'c2', 'c1'])
    assert.deepEqual(await ids({ text: '2' }), ['c2'])
    assert.deepEqual(await ids({ text: '2 3' }), [])
    assert.deepEqual(await ids({ limit: 1 }), ['c3'])
    assert.deepEqual(await ids({ peer: 'bob' }), ['c3', 'c2', 'c1'])
    assert.deepEqual(await ids({ peer: 'carol' }), [])
  })

  it('sees an entry that was changed in the store', async () => {
    const { clock, store, sessions } = world()
    talk(sessions, '1')
    await clock.advance(50)
    const [key, bytes] = [...store.entries('entries')][1] ?? ['', new Uint8Array()]
    const at = Buffer.from(bytes).indexOf('answer')
    bytes[at] = 'A'.charCodeAt(0)
    store.put('entries', key, bytes)
    assert.equal((await sessions.verify('c')).firstBroken, 2)
  })

  it('sees what the other party has changed, with and without its chain made anew', async () => {
    const [anna, bob] = [world().sessions, world().sessions]
    talk(anna, '1')
    talk(bob, '1', { own: false })
    const honest = await exported(bob)
    assert.deepEqual(await anna.compare('c', honest), { same: true, matched: 2, onlyHere: [], onlyThere: [], translated: [], otherOk: true })
    const changed = await anna.compare('c', honest.replace('answer 1', 'answer 9'))
    assert.deepEqual([changed.same, changed.otherOk, changed.onlyHere, changed.onlyThere], [false, false, [2], [2]])
    const liar = world().sessions
    const call = begin(liar, false)
    call.asked(message('q1', 'question 1'))
    call.answered(answer('a1', 'answer 9'))
    const forged = await anna.compare('c', await exported(liar))
    assert.deepEqual([forged.same, forged.otherOk, forged.onlyHere], [false, true, [2]])
  })

  it('knows what a gateway has translated from what was changed', async () => {
    const [anna, bob] = [world().sessions, world().sessions]
    const call = begin(anna)
    call.asked(message('q', 'zwei Plätze'))
    call.answered(answer('a', 'gebucht'))
    const translations = [false, true].map((reply) => create(AppliedTranslationSchema, { gateway: 'g', from: 'de', to: 'en', reply }))
    call.ended({ translations })
    const theirs = begin(bob, false)
    const metadata = { 'urn:hansa:translated': { from: 'de', to: 'en' } }
    const asked = message('q', 'two seats')
    asked.parts.forEach((part) => (part.metadata = metadata))
    theirs.asked(asked)
    theirs.answered(answer('a', 'booked'))
    const { same, translated, otherOk } = await anna.compare('c', await exported(bob))
    assert.deepEqual([same, translated, otherOk], [true, [1, 2], true])
  })

  it('exports what JSON has no word for, all the same', async () => {
    const { sessions } = world()
    const value = create(ValueSchema, { kind: { case: 'numberValue', value: NaN } })
    begin(sessions).asked(create(a2a.MessageSchema, { messageId: 'm', contextId: 'c', parts: [{ content: { case: 'data', value } }] }))
    const { same, otherOk, matched } = await sessions.compare('c', await exported(sessions))
    assert.deepEqual([same, otherOk, matched], [true, true, 1])
  })

  it('refuses what is no export, naming the line', async () => {
    const { sessions } = world()
    talk(sessions, '1')
    const good = await exported(sessions)
    const bad: [string, number][] = [
      ['', 1],
      ['{}', 1],
      ['[]\n{}', 1],
      [`${good}\nnull`, 4],
      [`${good}\n{"bytes":"zz"}`, 4],
      [good.replace('"sequence":"2"', '"sequence":{}'), 3],
      [`${good}\n${'['.repeat(100_000)}`, 4]
    ]
    for (const [text, line] of bad)
      await assert.rejects(
        sessions.compare('c', text),
        (error) => error instanceof HansaError && error.code === 'MALFORMED' && error.message.includes(`line ${line} `),
        text.slice(0, 60)
      )
    await assert.rejects(sessions.compare('c', ' '.repeat(32_000_001)), { code: 'FRAME_TOO_LARGE' })
  })

  it('gives the context for the next call, with a summary of what is older', async () => {
    const { sessions } = world()
    for (const id of ['1', '2', '3']) talk(sessions, id, { own: false })
    const turns = await sessions.context('c', { peer: ANNA, messages: 2, without: 'q3', summarize: async (older) => `${older.length} turns before` })
    assert.deepEqual(
      turns.map(({ role, text }) => [role, text]),
      [
        ['summary', '3 turns before'],
        ['agent', 'answer 2'],
        ['agent', 'answer 3']
      ]
    )
    assert.deepEqual(await sessions.context('unknown'), [])
  })
})

describe('recording at the two ends', () => {
  const client = (given: Partial<SwarmClient>): SwarmClient => given as SwarmClient
  const identities = {
    self: () => ({ spiffeId: ANNA, domain: 'north.example' }) as ReturnType<Parameters<typeof recordingSwarmClient>[2]['identities']['self']>
  }

  it('the swarm client sends what it was given with an ID, and gives back what came', async () => {
    const { sessions } = world()
    const sent: unknown[] = []
    const response = answer('a', 'hi', 'theirs')
    const inner = client({
      async send(_agent, outgoing) {
        sent.push(outgoing)
        return { response, hops: [create(HopSchema, { gateway: 'g' })], direct: true, translations: [] }
      }
    })
    const swarm = recordingSwarmClient(inner, sessions, { identities, newId: () => 'new-id' })
    const got = await swarm.send('bob@south.example', 'hello')
    assert.equal(got.response, response)
    const { request } = sent[0] as { request: a2a.SendMessageRequest }
    assert.equal(request.message?.messageId, 'new-id')
    assert.deepEqual(await texts(sessions, 'theirs'), ['hello', 'hi'])
    assert.equal((await sessions.entries('theirs'))[1]?.hops.length, 1)
  })

  it('a stream is recorded while it is read, and its way with what ends it', async () => {
    const { sessions } = world()
    const completed = event({
      case: 'statusUpdate',
      value: create(a2a.TaskStatusUpdateEventSchema, { taskId: 't', contextId: 'c', status: { state: a2a.TaskState.COMPLETED } })
    })
    async function* responses() {
      yield chunk('one')
      yield completed
    }
    const stream: ResponseStream = {
      [Symbol.asyncIterator]: responses,
      hops: [create(HopSchema, { gateway: 'g' })],
      direct: false,
      translations: [],
      receipt: undefined
    }
    const swarm = recordingSwarmClient(client({ stream: () => stream }), sessions, { identities })
    const given = swarm.stream(BOB, { contextId: 'c', parts: [{ content: { case: 'text', value: 'go' } }] })
    await assert.rejects(sessions.get('c'), { code: 'NOT_FOUND' })
    assert.equal((await collect(given)).length, 2)
    assert.equal(given.hops.length, 1)
    assert.deepEqual(await texts(sessions), ['go', 'one', 'status'])
    const entries = await sessions.entries('c')
    assert.deepEqual(
      entries.map(({ hops }) => hops.length),
      [0, 0, 1]
    )
  })

  it('a call that fails leaves what was asked, and fails as before', async () => {
    const { sessions } = world()
    const failure = new HansaError('NO_ROUTE', 'nobody there')
    const swarm = recordingSwarmClient(client({ send: () => Promise.reject(failure) }), sessions, { identities })
    await assert.rejects(swarm.send(BOB, { contextId: 'c', parts: [{ content: { case: 'text', value: 'hello' } }] }), (error) => error === failure)
    assert.deepEqual(await texts(sessions), ['hello'])
  })

  it('a task that is asked for is recorded when it is new', async () => {
    const { sessions } = world()
    const task = create(a2a.TaskSchema, { id: 't', contextId: 'c', status: { state: a2a.TaskState.COMPLETED } })
    const inner = client({ invoke: (async () => task) as unknown as SwarmClient['invoke'] })
    const swarm = recordingSwarmClient(inner, sessions, { identities })
    for (let index = 0; index < 2; index++) await swarm.invoke(BOB, 'GetTask', a2a.TaskSchema, create(a2a.GetTaskRequestSchema, { id: 't' }))
    assert.deepEqual(await texts(sessions), ['task'])
  })

  it('what comes in is recorded with the gateways that it passed; operations in which nothing is said are not', async () => {
    const { sessions } = world()
    const header = create(RelayHeaderSchema, {
      path: ['spiffe://north.example/agw/gw', 'spiffe://south.example/agw/gw'],
      translation: { from: 'de', to: 'en', requestDone: true }
    })
    const parties = { principal: ANNA, self: BOB_ID }
    const request = create(a2a.SendMessageRequestSchema, { message: message('q', 'hello') })
    const call = recordIncoming(sessions, 'SendMessage', request, header, parties)
    call?.answered(answer('a', 'hi'))
    const [asked] = await sessions.entries('c')
    assert.deepEqual([asked?.sent, asked?.language, asked?.hops.map(({ gateway }) => gateway)], [false, 'en', header.path])
    assert.equal(recordIncoming(sessions, 'ListTasks', create(a2a.ListTasksRequestSchema), header, parties), undefined)
    assert.equal(recordIncoming(undefined, 'SendMessage', request, header, parties), undefined)
  })
})
