import assert from 'node:assert/strict'
import { INBOX_BOUNDS, type InboxBounds } from '../../../../src/core/inbox/inbox-bounds.ts'
import { type IndexedItem, InboxIndex } from '../../../../src/core/inbox/inbox-index.ts'
import { seededRandom } from '../../../support/memory/random.ts'

const A = 'a@south.example'
const B = 'b@south.example'
const N = 'spiffe://north.example/agent/n'
const E = 'spiffe://east.example/agent/e'

const bounds: InboxBounds = { ...INBOX_BOUNDS, perAgent: 4, bytesPerAgent: 400, perPrincipal: 3, perDomain: 1, total: 6, bytes: 500 }

function item(index: InboxIndex, given: Partial<IndexedItem> = {}): IndexedItem {
  const sequence = index.nextSequence
  return { id: `i${sequence}`, agent: A, principal: N, messageId: `m${sequence}`, sequence, phase: 'waiting', bytes: 10, expiresAt: 1000, endedAt: 0, ...given }
}

function add(index: InboxIndex, given: Partial<IndexedItem> = {}): IndexedItem {
  const made = item(index, given)
  index.put(made)
  return made
}

describe('the index of an inbox', () => {
  let index: InboxIndex
  beforeEach(() => {
    index = new InboxIndex(bounds)
  })

  it('gives the items of an agent in the order in which they came, whatever happens to others', () => {
    const [first, second, other, third] = [add(index), add(index), add(index, { agent: B }), add(index)]
    index.put({ ...first, phase: 'delivering' })
    assert.equal(index.next(A)?.id, first.id, 'a delivery does not change places')
    index.put({ ...first, phase: 'waiting' })
    assert.equal(index.next(A)?.id, first.id, 'nor does one that failed')
    index.put({ ...first, phase: 'ended', endedAt: 5 })
    index.put({ ...second, phase: 'ended', endedAt: 6 })
    assert.deepEqual([index.next(A)?.id, index.next(B)?.id], [third.id, other.id])
    assert.deepEqual(index.agents().sort(), [A, B])
    assert.equal(index.waiting, 2)
  })

  it('knows a second copy by agent, sender and message ID, also when the first is over', () => {
    const first = add(index, { messageId: 'x' })
    assert.equal(index.same(A, N, 'x')?.id, first.id)
    for (const [agent, principal, id] of [
      [B, N, 'x'],
      [A, E, 'x'],
      [A, N, 'y']
    ] as const)
      assert.equal(index.same(agent, principal, id), undefined)
    index.put({ ...first, phase: 'ended', endedAt: 5 })
    assert.equal(index.same(A, N, 'x')?.phase, 'ended')
    index.remove(first.id)
    assert.equal(index.same(A, N, 'x'), undefined)
    assert.equal(index.knows(A), false)
  })

  it('says which bound is reached: of the sender, of the agent, of the gateway', () => {
    for (let i = 0; i < 3; i++) add(index)
    assert.equal(index.room(A, N, 1), 'principal')
    assert.equal(index.room(A, E, 1), undefined)
    assert.equal(index.room(A, E, 371), 'agent', 'bytes')
    add(index, { principal: E })
    assert.equal(index.room(A, E, 1), 'agent', 'items')
    assert.equal(index.room(B, N, 461), 'agent')
    add(index, { agent: B, bytes: 390 })
    assert.equal(index.room('c@south.example', N, 71), 'total', 'bytes')
    add(index, { agent: B, bytes: 1 })
    assert.equal(index.room('c@south.example', N, 1), 'total', 'items')
  })

  it('one sender has no more bytes than its part, but one message of any size; one domain no more than its part', () => {
    const shared = new InboxIndex({ ...bounds, perAgent: 8, bytesPerAgent: 800, perPrincipal: 2, perDomain: 0.5, total: 12, bytes: 1000 })
    assert.equal(shared.room(A, N, 390), undefined)
    add(shared, { bytes: 150 })
    assert.equal(shared.room(A, N, 60), 'principal', 'bytes')
    for (const name of ['a', 'b', 'c']) add(shared, { principal: `${N}${name}` })
    assert.equal(shared.room(A, `${N}d`, 1), 'domain', 'items')
    assert.equal(shared.room(A, E, 1), undefined)
    add(shared, { agent: B, bytes: 300 })
    assert.equal(shared.room('c@south.example', `${N}d`, 100), 'domain', 'bytes, in all')
    assert.equal(shared.room('c@south.example', 'spiffe://south.example/agent/s', 500), undefined, 'the own domain')
  })

  it('gives room again when an item is over', () => {
    const items = [add(index), add(index), add(index)]
    for (const each of items) index.put({ ...each, phase: 'ended', endedAt: 1 })
    assert.equal(index.room(A, N, 400), undefined)
    assert.equal(index.isBehind(A, N), false)
  })

  it('finds what has expired, but not what is being delivered', () => {
    const [early, late, busy] = [add(index, { expiresAt: 10 }), add(index, { expiresAt: 20 }), add(index, { expiresAt: 10, phase: 'delivering' })]
    assert.deepEqual(index.expired(9), [])
    assert.deepEqual(
      index.expired(10).map(({ id }) => id),
      [early.id]
    )
    assert.ok(late.expiresAt > busy.expiresAt)
  })

  it('forgets receipts when their time is over, and the oldest when there are too many or too much of them', () => {
    const small = new InboxIndex({
      ...bounds,
      total: 100,
      perAgent: 100,
      perPrincipal: 100,
      bytes: 10_000,
      bytesPerAgent: 10_000,
      ended: 3,
      endedPerAgent: 2,
      endedBytes: 100
    })
    const end = (agent: string, endedAt: number, bytes = 1): string => {
      const made = add(small, { agent })
      small.put({ ...made, phase: 'ended', endedAt, bytes })
      return made.id
    }
    const ids = [end(A, 1), end(B, 2), end(A, 3)]
    assert.deepEqual(small.stale(0), [])
    assert.deepEqual(
      small.stale(2).map(({ id }) => id),
      ids.slice(0, 2)
    )
    end(A, 4)
    assert.deepEqual(
      small.stale(0).map(({ id }) => id),
      [ids[0]],
      'three of one agent; and four in all'
    )
    small.remove(ids[0] ?? '')
    end(B, 5, 99)
    assert.equal(small.stale(0).length, 2, 'four in all, and more than 100 bytes')
  })

  it('agrees with a plain list over many random changes', () => {
    const seed = Math.trunc(Math.random() * 2 ** 31)
    const random = seededRandom(seed)
    const roomy = new InboxIndex({ ...bounds, total: 1e6, perAgent: 1e6, perPrincipal: 1e6, bytes: 1e9, bytesPerAgent: 1e9 })
    let model: IndexedItem[] = []
    for (let step = 0; step < 2000; step++) {
      const chosen = model[Math.trunc(random() * model.length)]
      const dice = random()
      if (chosen === undefined || dice < 0.4) model.push(add(roomy, { agent: random() < 0.5 ? A : B, principal: random() < 0.5 ? N : E }))
      else if (dice < 0.55) {
        roomy.remove(chosen.id)
        model = model.filter((each) => each !== chosen)
      } else if (chosen.phase !== 'ended') {
        const next: IndexedItem = dice < 0.7 ? { ...chosen, phase: 'ended', endedAt: step } : { ...chosen, phase: dice < 0.85 ? 'delivering' : 'waiting' }
        roomy.put(next)
        model = model.map((each) => (each === chosen ? next : each))
      }
      const open = model.filter(({ phase }) => phase !== 'ended')
      assert.equal(roomy.waiting, open.length, `seed ${seed}, step ${step}`)
      for (const agent of [A, B]) {
        assert.equal(roomy.next(agent)?.id, open.find((each) => each.agent === agent)?.id, `seed ${seed}, step ${step}`)
        for (const principal of [N, E])
          assert.equal(
            roomy.isBehind(agent, principal),
            open.some((each) => each.agent === agent && each.principal === principal),
            `seed ${seed}, step ${step}`
          )
        assert.equal(
          roomy.knows(agent),
          model.some((each) => each.agent === agent)
        )
      }
    }
  })
})
