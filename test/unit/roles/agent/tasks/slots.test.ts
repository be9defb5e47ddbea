import assert from 'node:assert/strict'
import { Slots } from '../../../../../src/roles/agent/tasks/slots.ts'

describe('slots for calls', () => {
  const never = new AbortController().signal

  it('so many at a time, the rest in order; a slot is given back once', async () => {
    const slots = new Slots(2)
    const order: number[] = []
    const first = await slots.take(never)
    const second = await slots.take(never)
    const waiting = [3, 4].map(async (who) => {
      const give = await slots.take(never)
      order.push(who)
      return give
    })
    assert.equal(slots.waiting, 2)
    first()
    first()
    await waiting[0]
    assert.deepEqual([order, slots.waiting], [[3], 1])
    second()
    await waiting[1]
    assert.deepEqual(order, [3, 4])
  })

  it('who leaves the queue takes nothing with it', async () => {
    const slots = new Slots(1)
    const give = await slots.take(never)
    const leaving = new AbortController()
    const left = slots.take(leaving.signal)
    leaving.abort(new Error('gone'))
    await assert.rejects(left, /gone/)
    give()
    assert.ok(await slots.take(never))
    await assert.rejects(slots.take(leaving.signal), /gone/)
  })
})
