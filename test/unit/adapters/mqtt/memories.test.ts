import assert from 'node:assert/strict'
import { createRecentRequests } from '../../../../src/adapters/mqtt/recent-requests.ts'
import { createTaskAliases } from '../../../../src/adapters/mqtt/task-aliases.ts'

describe('task aliases', () => {
  it('hold both ways, for their scope alone, until their time', () => {
    const aliases = createTaskAliases({ max: 10, ttlMs: 100 })
    aliases.learn('ada>flight', 'real', 'mine', 0)
    assert.equal(aliases.realOf('ada>flight', 'mine', 50), 'real')
    assert.equal(aliases.nameOf('ada>flight', 'real', 50), 'mine')
    assert.equal(aliases.realOf('eve>flight', 'mine', 50), undefined)
    assert.equal(aliases.nameOf('eve>flight', 'real', 50), 'real')
    aliases.learn('ada>flight', 'real', undefined, 90)
    assert.equal(aliases.realOf('ada>flight', 'mine', 150), 'real', 'spoken of again')
    assert.equal(aliases.realOf('ada>flight', 'mine', 190), undefined)
    assert.equal(aliases.isReal('ada>flight', 'real', 190), false)
  })

  it('are bounded: the oldest goes, in both ways', () => {
    const aliases = createTaskAliases({ max: 3, ttlMs: 1e9 })
    for (let n = 0; n < 100; n++) aliases.learn('s', `r${n}`, `a${n}`, n)
    const left = Array.from({ length: 100 }, (_, n) => n).filter((n) => aliases.realOf('s', `a${n}`, 100) !== undefined)
    assert.deepEqual(left, [97, 98, 99])
    assert.ok(aliases.isReal('s', 'r99', 100) && !aliases.isReal('s', 'r96', 100))
  })
})

describe('recent requests', () => {
  const request = (over = true) => ({ destination: 'd', over, failed: false, last: undefined })

  it('are found under any of their keys until their time; open ones longer', () => {
    const recent = createRecentRequests<string>({ max: 10, ttlMs: 100 })
    const done = request()
    recent.add(['a', 'b'], done, 0)
    assert.equal(recent.find(['x', 'b'], 99), done)
    assert.equal(recent.find(['a'], 100), undefined)
    const open = request(false)
    recent.add(['c'], open, 0)
    assert.equal(recent.find(['c'], 500), open)
  })

  it('may be sent again after an error, and are bounded', () => {
    const recent = createRecentRequests<string>({ max: 3, ttlMs: 1e9 })
    recent.add(['f'], { ...request(), failed: true }, 0)
    assert.equal(recent.find(['f'], 1), undefined)
    for (let n = 0; n < 100; n++) recent.add([`k${n}`], request(), n)
    assert.equal(Array.from({ length: 100 }, (_, n) => n).filter((n) => recent.find([`k${n}`], 100) !== undefined).length, 3)
  })
})
