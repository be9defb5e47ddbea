import assert from 'node:assert/strict'
import { createCallBounds } from '../../../../src/core/traffic/call-bounds.ts'

describe('bounds on calls in flight', () => {
  it('refuses one key above its bound and leaves others alone', () => {
    const bounds = createCallBounds({ perKey: 2, total: 10 })
    assert.equal(bounds.enter('a'), undefined)
    assert.equal(bounds.enter('a'), undefined)
    assert.equal(bounds.enter('a'), 'key')
    assert.equal(bounds.enter('b'), undefined)
    bounds.leave('a')
    assert.equal(bounds.enter('a'), undefined)
  })

  it('refuses everybody above the total', () => {
    const bounds = createCallBounds({ perKey: 2, total: 2 })
    bounds.enter('a')
    bounds.enter('b')
    assert.equal(bounds.enter('c'), 'total')
    assert.equal(bounds.open, 2)
    bounds.leave('b')
    assert.equal(bounds.enter('c'), undefined)
  })

  it('does not let a call be counted out twice', () => {
    const bounds = createCallBounds({ perKey: 2, total: 2 })
    bounds.enter('a')
    bounds.leave('a')
    assert.throws(() => bounds.leave('a'), RangeError)
  })
})
