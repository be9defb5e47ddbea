import assert from 'node:assert/strict'
import { ByteBudget } from '../../../../src/core/structures/byte-budget.ts'

describe('a budget of bytes', () => {
  it('refuses a caller above its own bound while others go on', () => {
    const budget = new ByteBudget({ perKey: 10, total: 100 })
    const first = budget.open('a')
    first.take(6)
    const second = budget.open('a')
    assert.throws(() => second.take(5), { code: 'OVERLOADED' })
    budget.open('b').take(10)
    first.release()
    second.take(10)
  })

  it('refuses everybody above the bound of all, and no longer when bytes came back', () => {
    const budget = new ByteBudget({ perKey: 10, total: 15 })
    const [first, second] = [budget.open('a'), budget.open('b')]
    first.take(10)
    assert.throws(() => second.take(6), { code: 'OVERLOADED' })
    second.take(5)
    first.release()
    first.release()
    budget.open('c').take(10)
    assert.throws(() => budget.open('d').take(1), { code: 'OVERLOADED' })
  })
})
