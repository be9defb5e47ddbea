import assert from 'node:assert/strict'
import { Heap } from '../../../../src/core/structures/heap.ts'
import { seededRandom } from '../../../support/memory/random.ts'

describe('core/structures: heap', () => {
  it('gives entries in order, whatever the order in which they came, also between', () => {
    const random = seededRandom(7)
    const heap = new Heap<number>((a, b) => a < b)
    assert.equal(heap.pop(), undefined)
    let held: number[] = []
    for (let turn = 0; turn < 2_000; turn++) {
      if (random() < 0.6) {
        const entry = Math.floor(random() * 100)
        held.push(entry)
        heap.push(entry)
      } else {
        held = held.sort((a, b) => a - b)
        assert.equal(heap.pop(), held.shift())
      }
    }
    for (const entry of held.sort((a, b) => a - b)) assert.equal(heap.pop(), entry)
    assert.equal(heap.pop(), undefined)
  })
})
