import { create } from '@bufbuild/protobuf'
import assert from 'node:assert/strict'
import { compatibility } from '../../../../src/core/peering/compatibility.ts'
import { NeighborList } from '../../../../src/core/peering/neighbor-list.ts'
import { NodeInfoSchema } from '../../../../src/schema/generated/hansa/v1/trust_pb.ts'

const A = 'spiffe://a.example/agw/gw'
const B = 'spiffe://b.example/agw/gw'
const info = (spiffeId: string) => create(NodeInfoSchema, { spiffeId, peerId: `peer of ${spiffeId}` })
const kinds = (effects: readonly { kind: string }[]) => effects.map(({ kind }) => kind)

describe('core/peering: AGw Neighbor List (draft 3.4.1, 3.4.3)', () => {
  let list: NeighborList

  beforeEach(() => {
    list = new NeighborList({ heartbeatMs: 30_000, missed: 3, holdMs: 30_000, forgetMs: 3_600_000, limit: 2 })
  })

  it('goes from connecting to up, and says so once', () => {
    list.connecting(info(A), 0)
    assert.equal(list.get(A)?.state, 'connecting')
    assert.equal(list.isUp(A), false)
    assert.deepEqual(kinds(list.opened(info(A), ['relay/1', 'sync/1'], 5)), ['up'])
    assert.deepEqual(kinds(list.opened(info(A), ['relay/1', 'sync/1'], 6)), [])
    assert.equal(list.get(A)?.since, 5)
  })

  it('marks a silent neighbour offline after three heartbeats, and up when it is heard again', () => {
    list.opened(info(A), [], 0)
    assert.deepEqual(list.tick(90_000), [])
    assert.deepEqual(kinds(list.tick(90_001)), ['offline'])
    assert.deepEqual(kinds(list.heard(A, 95_000).effects), ['up'])
  })

  it('marks a lost neighbour offline at once, and forgets it after an hour', () => {
    list.opened(info(A), [], 0)
    assert.deepEqual(kinds(list.lost(A, 10)), ['offline'])
    assert.deepEqual(kinds(list.lost(A, 11)), [])
    assert.deepEqual(list.tick(3_600_009), [])
    assert.deepEqual(kinds(list.tick(3_600_010)), ['removed'])
    assert.equal(list.get(A), undefined)
  })

  it('holds one that restarts for 30 s, and takes it back within', () => {
    list.opened(info(A), [], 0)
    assert.deepEqual(kinds(list.closed(A, true, 100)), ['holding'])
    assert.deepEqual(list.tick(30_099), [])
    assert.deepEqual(kinds(list.opened(info(A), [], 30_099)), ['up'])
    list.closed(A, true, 40_000)
    assert.deepEqual(kinds(list.tick(70_000)), ['removed'])
  })

  it('removes one that disconnects for good, and knows nothing of strangers', () => {
    list.opened(info(A), [], 0)
    assert.deepEqual(kinds(list.closed(A, false, 1)), ['removed'])
    assert.deepEqual(list.closed(A, false, 2), [])
    assert.deepEqual(list.heard(A, 3), { known: false, effects: [] })
  })

  it('does not take a heartbeat for an interconnection', () => {
    list.opened(info(A), [], 0)
    list.closed(A, true, 1)
    assert.equal(list.heard(A, 2).known, false)
    assert.equal(list.get(A)?.state, 'holding')
  })

  it('is bounded', () => {
    list.opened(info(A), [], 0)
    list.opened(info(B), [], 0)
    assert.equal(list.hasRoom('spiffe://c.example/agw/gw'), false)
    assert.equal(list.hasRoom(A), true)
    list.connecting(info('spiffe://c.example/agw/gw'), 0)
    assert.equal(list.all().length, 2)
  })

  it('smooths round trips', () => {
    list.opened(info(A), [], 0)
    list.heard(A, 1, 8)
    list.heard(A, 2, 16)
    assert.equal(list.get(A)?.rttMs, 9)
  })

  it('wants a common version of both protocols (draft 3.4.1: protocol compatibility)', () => {
    assert.deepEqual(compatibility(['relay/2', 'relay/1', 'sync/1'], ['sync/1', 'relay/1', 'x/9']), { ok: true, protocols: ['relay/1', 'sync/1'] })
    assert.deepEqual(compatibility(['relay/1', 'sync/1'], ['relay/2', 'sync/1']), { ok: false, missing: ['relay'] })
    assert.deepEqual(compatibility(['relay/1', 'sync/1'], []), { ok: false, missing: ['relay', 'sync'] })
  })
})
