import assert from 'node:assert/strict'
import { MinHeap } from '../../../../src/core/structures/min-heap.ts'

describe('core/structures MinHeap', () => {
  it('gives the least first, whatever the order of insertion', () => {
    const heap = new MinHeap<number>((item) => item)
    const items = Array.from({ length: 500 }, (_, at) => (at * 7919) % 499)
    for (const item of items) heap.push(item)
    assert.equal(heap.peek(), 0)
    assert.equal(heap.size, 500)
    const out: number[] = []
    for (let next = heap.pop(); next !== undefined; next = heap.pop()) out.push(next)
    assert.deepEqual(
      out,
      items.toSorted((a, b) => a - b)
    )
    assert.equal(heap.pop(), undefined)
  })
})
