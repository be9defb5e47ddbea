import assert from 'node:assert/strict'
import { create } from '@bufbuild/protobuf'
import { INBOX_BOUNDS, RETENTION_MS } from '../../../../../../src/core/inbox/inbox-bounds.ts'
import { InboxBook, type NewItem } from '../../../../../../src/roles/agw/data/inbox/inbox-book.ts'
import { InboxState, RelayHeaderSchema } from '../../../../../../src/schema/generated/hansa/v1/gateway_pb.ts'
import { FakeClock } from '../../../../../support/fake-clock.ts'
import { MemoryStore } from '../../../../../support/memory-store.ts'

describe('the book of an inbox', () => {
  let store: MemoryStore
  let clock: FakeClock
  let book: InboxBook
  beforeEach(() => {
    store = new MemoryStore()
    clock = new FakeClock()
    book = open()
  })

  function open(): InboxBook {
    return new InboxBook(store, clock, INBOX_BOUNDS)
  }
  function item(id: string): NewItem {
    const header = create(RelayHeaderSchema, { target: 'a@south.example' })
    const names = { id, agent: 'a@south.example', principal: 'spiffe://north.example/agent/n', messageId: `of ${id}`, contextId: '', traceparent: '' }
    return { ...names, header, request: new TextEncoder().encode(id), expiresAt: clock.now() + 1_000 }
  }

  it('forgets a receipt a day after its end, with all that belongs to it', async () => {
    await book.add(item('one'))
    await book.add(item('two'))
    await book.end('one', { state: InboxState.DELIVERED, answer: new Uint8Array([1, 2]) })
    assert.deepEqual([book.request('one'), book.answer('one'), book.find('one')?.responseBytes], [undefined, new Uint8Array([1, 2]), 2])
    await clock.advance(RETENTION_MS - 1)
    await book.sweep()
    assert.equal(book.find('one')?.state, InboxState.DELIVERED)
    await clock.advance(1)
    await book.sweep()
    assert.equal(book.find('one'), undefined)
    assert.deepEqual([store.count('inbox'), store.count('inbox-requests'), store.count('inbox-answers')], [1, 1, 0])
  })

  it('begins again where it was: in order, what was being delivered first', async () => {
    for (const id of ['z', 'y', 'x']) await book.add(item(id))
    await book.begin('z')
    await book.end('y', { state: InboxState.EXPIRED })
    book = open()
    assert.deepEqual(
      book.index.list().map(({ id, phase }) => `${id} ${phase}`),
      ['z waiting', 'x waiting', 'y ended']
    )
    assert.deepEqual([book.find('z')?.attempts, book.find('z')?.state], [1, InboxState.WAITING])
    assert.ok((await book.add(item('w'))).sequence > (book.find('x')?.sequence ?? 0n))
  })

  it('knows nothing of a change that the disk did not take', async () => {
    await book.add(item('one'))
    store.failNextCommit()
    await assert.rejects(book.begin('one'), { code: 'STORE_FAILED' })
    assert.deepEqual([book.index.get('one')?.phase, book.find('one')?.attempts], ['waiting', 0])
    store.failNextCommit()
    await assert.rejects(book.add(item('two')), { code: 'STORE_FAILED' })
    assert.deepEqual([book.find('two'), book.index.waiting], [undefined, 1])
  })

  it('ends an item once', async () => {
    await book.add(item('one'))
    assert.equal(await book.end('one', { state: InboxState.EXPIRED }), true)
    assert.equal(await book.end('one', { state: InboxState.DELIVERED, answer: new Uint8Array() }), false)
    assert.equal(await book.begin('one'), undefined)
    assert.equal(book.find('one')?.state, InboxState.EXPIRED)
  })
})
