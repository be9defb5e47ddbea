import { create } from '@bufbuild/protobuf'
import assert from 'node:assert/strict'
import { Author } from '../../../../src/core/sync/author.ts'
import { agentKey, type SyncedDelta, type SyncedEntry } from '../../../../src/core/sync/entry.ts'
import { Replica } from '../../../../src/core/sync/replica.ts'
import { SignedRecordSchema } from '../../../../src/schema/generated/hansa/v1/call_pb.ts'
import { AgentAdvertSchema, type Delta, OriginDigestSchema, SyncEntrySchema } from '../../../../src/schema/generated/hansa/v1/gateway_pb.ts'
import { fromBinary, toBinary } from '@bufbuild/protobuf'

const GW = 'spiffe://a.example/agw/gw'
const BOUNDS = { origins: 3, originsPerDomain: 3, entriesPerOrigin: 600, bytes: 1e6, bytesPerDomain: 1e6, holdMs: 30_000 }
const key = (name: string) => agentKey(`urn:air:a.example:agent:${name}`)
const agent = (name: string) => ({ case: 'agent' as const, value: create(AgentAdvertSchema, { resourceId: `urn:air:a.example:agent:${name}`, name }) })

function flush(author: Author): SyncedEntry[] {
  return author.flush(1).map((unsigned) => {
    const entry = create(SyncEntrySchema, unsigned)
    return { entry, record: create(SignedRecordSchema, { payload: toBinary(SyncEntrySchema, entry) }) }
  })
}

function deltaOf(entries: readonly SyncedEntry[]): SyncedDelta {
  const first = entries[0]?.entry
  const last = entries.at(-1)?.entry
  if (first === undefined || last === undefined) throw new Error('no entries')
  return { origin: first.origin, epoch: first.epoch, from: first.version - 1n, to: last.version, entries }
}

/** What came over the wire, as the role hands it on after verification. */
function received(delta: Delta): SyncedDelta {
  const entries = delta.entries.map((record) => ({ entry: fromBinary(SyncEntrySchema, record.payload), record }))
  return { origin: delta.origin, epoch: delta.epoch, from: delta.from, to: delta.to, entries }
}

function names(replica: Replica): string[] {
  return [...replica.live()].map(({ entry }) => entry.key.split(':').at(-1) ?? '').sort()
}

/** Brings `to` up to date from `from` in parts of `bytes`; returns how many parts it took. */
function exchange(from: Replica, to: Replica, bytes = 1_000_000): number {
  for (let parts = 1; ; parts++) {
    const { deltas, more } = from.deltas(to.digest(), () => true, bytes)
    for (const delta of deltas) assert.equal(to.apply(received(delta), 0, false).kind, 'applied')
    if (!more) return parts
    assert.ok(parts < 1_000, 'no progress')
  }
}

describe('core/sync', () => {
  let author: Author
  let replica: Replica

  beforeEach(() => {
    author = new Author(GW, 10n)
    replica = new Replica(BOUNDS)
  })

  const say = (change: () => void): SyncedDelta => {
    change()
    const delta = deltaOf(flush(author))
    replica.apply(delta, 0, true)
    return delta
  }

  it('gives out versions without holes, one for each changed key', () => {
    author.set(key('x'), agent('x'))
    author.set(key('y'), agent('y'))
    author.set(key('x'), agent('x2'))
    assert.deepEqual(
      flush(author).map(({ entry }) => entry.version),
      [1n, 2n]
    )
    assert.deepEqual(flush(author), [])
  })

  it('reports each change once, and knows a delta that it has', () => {
    author.set(key('x'), agent('x'))
    const delta = deltaOf(flush(author))
    const outcome = replica.apply(delta, 0, true)
    assert.equal(outcome.kind === 'applied' && outcome.changes.length, 1)
    assert.equal(replica.apply(delta, 0, true).kind, 'known')
    assert.deepEqual(names(replica), ['x'])
  })

  it('sees a gap and changes nothing', () => {
    author.set(key('x'), agent('x'))
    flush(author)
    author.set(key('y'), agent('y'))
    assert.equal(replica.apply(deltaOf(flush(author)), 0, true).kind, 'gap')
    assert.deepEqual(names(replica), [])
  })

  it('takes from gossip no delta in which a version is missing, but does from an exchange', () => {
    for (const name of ['x', 'y', 'z']) author.set(key(name), agent(name))
    const entries = flush(author).filter(({ entry }) => entry.version !== 2n)
    assert.equal(replica.apply({ ...deltaOf(entries), from: 0n }, 0, true).kind, 'refused')
    assert.equal(replica.apply({ ...deltaOf(entries), from: 0n }, 0, false).kind, 'applied')
  })

  it('refuses deltas that contradict themselves', () => {
    author.set(key('x'), agent('x'))
    author.set(key('y'), agent('y'))
    const delta = deltaOf(flush(author))
    const wrong: [string, SyncedDelta][] = [
      ['no entries', { ...delta, entries: [] }],
      ['announces more than it has', { ...delta, to: 9n }],
      ['another epoch', { ...delta, epoch: 11n }],
      ['another origin', { ...delta, origin: 'spiffe://b.example/agw/gw' }],
      ['out of order', { ...delta, entries: [...delta.entries].reverse() }]
    ]
    for (const [why, one] of wrong) assert.equal(replica.apply(one, 0, false).kind, 'refused', why)
    assert.deepEqual(replica.origins(), [])
  })

  it('brings a late joiner up to date in parts, to an equal digest', () => {
    for (let index = 0; index < 300; index++) author.set(key(`x${index}`), agent(`x${index}`))
    say(() => undefined)
    const late = new Replica(BOUNDS)
    const parts = exchange(replica, late, 4_000)
    assert.ok(parts > 3, `${parts} parts`)
    assert.deepEqual(late.digest(), replica.digest())
    assert.equal(names(late).length, 300)
  })

  it('sends only what is missing', () => {
    say(() => author.set(key('x'), agent('x')))
    const other = new Replica(BOUNDS)
    exchange(replica, other)
    say(() => author.set(key('y'), agent('y')))
    const { deltas } = replica.deltas(other.digest(), () => true, 1_000_000)
    assert.equal(deltas[0]?.entries.length, 1)
    assert.deepEqual(
      replica.deltas(replica.digest(), () => true, 1_000_000),
      { deltas: [], more: false }
    )
    assert.deepEqual(replica.deltas([], () => false, 1_000_000).deltas, [])
  })

  it('never brings back what was deleted: an older delta of the same key changes nothing', () => {
    const born = say(() => author.set(key('x'), agent('x')))
    say(() => author.delete(key('x')))
    assert.equal(replica.apply(born, 0, false).kind, 'known')
    assert.deepEqual(names(replica), [])
    const late = new Replica(BOUNDS)
    exchange(replica, late)
    assert.equal(late.apply(born, 0, false).kind, 'known')
    assert.deepEqual(names(late), [])
  })

  it('ends tombstones by a new epoch, which whoever slept takes as a whole', () => {
    say(() => author.set(key('doomed'), agent('doomed')))
    const sleeper = new Replica(BOUNDS)
    exchange(replica, sleeper)
    say(() => author.set(key('stays'), agent('stays')))
    say(() => author.delete(key('doomed')))
    for (let index = 0; !author.exhausted; index++) {
      assert.ok(index < 1_000, 'tombstones are bounded')
      say(() => author.set(key(`y${index}`), agent(`y${index}`)))
      author.delete(key(`y${index}`))
      if (!author.exhausted) say(() => undefined)
    }
    author.restart(11n)
    const entries = flush(author)
    assert.deepEqual(
      entries.map(({ entry }) => entry.key),
      [key('stays')]
    )
    replica.apply(deltaOf(entries), 0, true)
    exchange(replica, sleeper)
    assert.deepEqual(sleeper.digest(), replica.digest())
    sleeper.tick(30_000)
    assert.deepEqual(names(sleeper), ['stays'])
  })

  it('keeps agents of the epoch before as unconfirmed until they are mentioned or the hold is over', () => {
    author.set(key('back'), agent('back'))
    author.set(key('gone'), agent('gone'))
    say(() => undefined)
    const restarted = new Author(GW, 20n)
    restarted.set(key('back'), agent('back'))
    replica.apply(deltaOf(flush(restarted)), 1_000, true)
    assert.deepEqual(
      [...replica.live()].map(({ entry, confirmed }) => [entry.key, confirmed]),
      [
        [key('back'), true],
        [key('gone'), false]
      ]
    )
    assert.equal(replica.deltas([], () => true, 1_000_000).deltas[0]?.entries.length, 1, 'unconfirmed agents are not passed on')
    assert.deepEqual(replica.tick(30_999), [])
    assert.deepEqual(replica.tick(31_000), [{ origin: GW, key: key('gone') }])
  })

  it('does not let an origin that restarts again and again keep an agent for ever', () => {
    say(() => author.set(key('x'), agent('x')))
    for (let epoch = 20n; epoch < 25n; epoch++) {
      const restarted = new Author(GW, epoch)
      restarted.set(key('y'), agent('y'))
      replica.apply(deltaOf(flush(restarted)), Number(epoch) * 5_000, true)
    }
    assert.ok(names(replica).includes('x'))
    replica.tick(130_000)
    assert.deepEqual(names(replica), ['y'])
  })

  it('takes nothing of an earlier epoch', () => {
    const restarted = new Author(GW, 20n)
    restarted.set(key('y'), agent('y'))
    replica.apply(deltaOf(flush(restarted)), 0, true)
    author.set(key('x'), agent('x'))
    assert.equal(replica.apply(deltaOf(flush(author)), 0, false).kind, 'known')
    assert.deepEqual(names(replica), ['y'])
  })

  it('is bounded in origins and in entries of each, and converges all the same', () => {
    for (let index = 0; index < 5; index++) {
      const one = new Author(`spiffe://d${index}.example/agw/gw`, 1n)
      one.set(key('x'), agent('x'))
      assert.equal(replica.apply(deltaOf(flush(one)), 0, true).kind, index < 3 ? 'applied' : 'refused')
    }
    const small = new Replica({ ...BOUNDS, entriesPerOrigin: 2 })
    for (const name of ['x', 'y', 'z']) author.set(key(name), agent(name))
    small.apply(deltaOf(flush(author)), 0, true)
    assert.deepEqual(names(small), ['x', 'y'])
    assert.equal(small.state(GW)?.dropped, 1)
    assert.equal(small.lacks(create(OriginDigestSchema, { origin: GW, epoch: 10n, version: 3n })), false)
  })

  it('forgets an origin with all it said', () => {
    say(() => author.set(key('x'), agent('x')))
    assert.deepEqual(replica.forget(GW), [{ origin: GW, key: key('x') }])
    assert.deepEqual(replica.digest(), [])
  })

  describe('keeps one domain from taking the room of the others', () => {
    const of = (origin: string, epoch: bigint, ...agents: string[]): SyncedDelta => {
      const own = new Author(origin, epoch)
      for (const name of agents) own.set(key(name), agent(name))
      return deltaOf(flush(own))
    }
    const gateway = (index: number, domain: string) => `spiffe://${domain}/agw/gw${index}`

    it('bounds the gateways of a domain', () => {
      const fair = new Replica({ ...BOUNDS, origins: 10, originsPerDomain: 2 })
      const outcomes = [1, 2, 3].map((index) => fair.apply(of(gateway(index, 'greedy.example'), 1n, 'x'), 0, false).kind)
      assert.deepEqual(outcomes, ['applied', 'applied', 'refused'])
      assert.equal(fair.apply(of(gateway(1, 'modest.example'), 1n, 'x'), 0, false).kind, 'applied')
      assert.equal(fair.apply(of(gateway(2, 'greedy.example'), 2n, 'y'), 0, false).kind, 'applied', 'one that is known goes on')
    })

    it('bounds the bytes of a domain and of all', () => {
      const big = Array.from({ length: 40 }, (_, index) => `agent-${index}`)
      const fair = new Replica({ ...BOUNDS, origins: 10, bytes: 12_000, bytesPerDomain: 8_000 })
      assert.equal(fair.apply(of(gateway(1, 'greedy.example'), 1n, ...big), 0, false).kind, 'applied')
      assert.equal(fair.apply(of(gateway(2, 'greedy.example'), 1n, ...big), 0, false).kind, 'refused')
      assert.equal(fair.apply(of(gateway(1, 'modest.example'), 1n, ...big.slice(0, 5)), 0, false).kind, 'applied')
      assert.equal(fair.apply(of(gateway(1, 'third.example'), 1n, ...big), 0, false).kind, 'refused')
      fair.forget(gateway(1, 'greedy.example'))
      assert.equal(fair.apply(of(gateway(1, 'third.example'), 1n, ...big), 0, false).kind, 'applied', 'what is forgotten makes room')
    })

    it('keeps no more of earlier epochs than of one, however often an origin begins anew', () => {
      const small = new Replica({ ...BOUNDS, entriesPerOrigin: 5 })
      for (let epoch = 1n; epoch < 20n; epoch++) small.apply(of(GW, epoch, ...Array.from({ length: 5 }, (_, index) => `e${epoch}-${index}`)), 0, false)
      assert.ok([...small.live()].length <= 10, `${[...small.live()].length} entries are held`)
      const before = small.bytes
      small.tick(60_000)
      assert.ok(small.bytes < before)
      assert.equal([...small.live()].length, 5)
    })
  })
})
