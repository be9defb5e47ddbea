import assert from 'node:assert/strict'
import { create } from '@bufbuild/protobuf'
import { AnswerBook } from '../../../../../src/roles/agent/answers/answer-book.ts'
import { TakenMessageSchema } from '../../../../../src/schema/generated/hansa/v1/answer_pb.ts'
import { SendMessageResponseSchema } from '../../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { FakeClock } from '../../../../support/fake-clock.ts'
import { MemoryStore } from '../../../../support/memory-store.ts'
import { nested } from '../../../../support/nested-value.ts'

const BOUNDS = { messages: 8, bytes: 1_000_000, share: 0.5, keepMs: 1000 }
const none = () => false

function house(bounds = BOUNDS, store = new MemoryStore()) {
  const clock = new FakeClock()
  const book = new AnswerBook(store, clock, bounds)
  book.open()
  const message = (principal: string, ended: boolean, taskId = '', size = 0) =>
    create(TakenMessageSchema, {
      principal,
      messageId: 'm',
      digest: new Uint8Array(size),
      takenAt: BigInt(clock.now()),
      endedAt: BigInt(ended ? clock.now() : 0),
      taskId
    })
  const kept = (...keys: string[]) => keys.filter((key) => book.find(key) !== undefined).join(' ')
  return { book, clock, store, message, kept }
}

describe('the book of answers', () => {
  it('forgets what has been over for its time, and nothing that is not', async () => {
    const { book, clock, message, kept } = house()
    book.keep('a', message('anna', true), none)
    book.keep('b', message('anna', false), none)
    await clock.advance(999)
    assert.equal(kept('a', 'b'), 'a b')
    await clock.advance(2)
    assert.equal(kept('a', 'b'), 'b')
  })

  it('makes room with what has been over longest, of the sender whose share is full', () => {
    const { book, message, kept } = house()
    book.keep('b', message('bert', true), none)
    book.keep('a1', message('anna', false), none)
    book.keep('a2', message('anna', true), none)
    for (const key of ['a3', 'a4', 'a5']) book.keep(key, message('anna', true), none)
    assert.equal(kept('b', 'a1', 'a2', 'a3', 'a4', 'a5'), 'b a1 a3 a4 a5')
  })

  it('makes room with what the domain with most has, however many senders it names', () => {
    const { book, message, kept } = house()
    const of = (domain: string, name: string) => message(`spiffe://${domain}.example/agent/${name}`, true)
    book.keep('n1', of('north', 'n'), none)
    for (let at = 0; at < 20; at++) book.keep(`e${at}`, of('east', `e${at}`), none)
    book.keep('n2', of('north', 'n'), none)
    assert.equal(kept('n1', 'n2', 'e0', 'e12', 'e14', 'e19'), 'n1 n2 e14 e19')
    assert.equal(book.size, 8)
  })

  it('reads an answer again that is nested as deeply as the wire allows', async () => {
    const { book, store, message } = house()
    const answer = {
      payload: { case: 'task' as const, value: { id: 't', artifacts: [{ parts: [{ content: { case: 'data' as const, value: nested(48) } }] }] } }
    }
    book.keep('a', create(TakenMessageSchema, { ...message('anna', true, 't'), answer: create(SendMessageResponseSchema, answer) }), none)
    assert.equal(book.task('t')?.id, 't')
    await store.commit()
    assert.equal(house(BOUNDS, store).book.task('t')?.id, 't')
  })

  it('counts bytes, too', () => {
    const { book, message, kept } = house({ ...BOUNDS, bytes: 10_000 })
    for (const key of ['a', 'b', 'c']) book.keep(key, message(key, true, '', 4_000), none)
    assert.equal(kept('a', 'b', 'c'), 'b c')
  })

  it('refuses a new message rather than forget one that is worked on; an answer always has room', () => {
    const { book, message, kept } = house({ ...BOUNDS, messages: 2 })
    const pinned = (key: string) => key === 'a'
    book.keep('a', message('anna', false), pinned)
    assert.throws(() => book.keep('b', message('anna', false), pinned), { code: 'OVERLOADED' })
    assert.equal(kept('a', 'b'), 'a')
    book.keep('a', message('anna', true, '', 2_000_000), pinned)
    assert.equal(book.find('a')?.digest.length, 2_000_000)
  })

  it('knows whose task it is, from the disk after a start; the first sender keeps it', async () => {
    const { book, store, message } = house()
    book.keep('a', message('anna', false, 't'), none)
    book.keep('b', message('bert', false, 't'), none)
    await store.commit()
    assert.equal(book.ownerOf('t'), 'anna')
    const again = house(BOUNDS, store)
    assert.deepEqual([again.book.size, again.book.ownerOf('t'), again.book.ownerOf('u')], [2, 'anna', undefined])
    again.book.forget('a')
    assert.equal(again.book.ownerOf('t'), undefined)
  })

  it('drops rows that it cannot read', () => {
    const store = new MemoryStore()
    store.put('answers', 'broken', Uint8Array.of(0xff, 0xff))
    assert.deepEqual([house(BOUNDS, store).book.size, store.count('answers')], [0, 0])
  })
})
