import assert from 'node:assert/strict'
import { createQueue } from '../../../../src/roles/aca/queue.ts'

describe('ACA: the order in which it decides', () => {
  it('lets no number of applications keep the operator waiting', async () => {
    const queue = createQueue(3)
    const order: string[] = []
    const done = (name: string) => async () => void order.push(name)
    const all = [queue(done('under way')), ...['a', 'b', 'c'].map((name) => queue(done(name)))]
    const refused = queue(done('d'))
    all.push(queue(done('end'), 'end'), queue(done('revocation'), 'operator'))
    await assert.rejects(refused, { code: 'OVERLOADED' })
    await Promise.all(all)
    assert.deepEqual(order, ['under way', 'revocation', 'a', 'b', 'c', 'end'])
  })

  it('goes on after a task that fails, whichever way', async () => {
    const queue = createQueue(3)
    const broken = () => {
      throw new RangeError('broken')
    }
    const failed = queue(() => Promise.reject(new RangeError('refused')))
    const thrown = queue(broken)
    const good = queue(async () => 1)
    await assert.rejects(failed, /refused/)
    await assert.rejects(thrown, /broken/)
    assert.equal(await good, 1)
    assert.equal(await queue(async () => 2), 2)
  })
})
