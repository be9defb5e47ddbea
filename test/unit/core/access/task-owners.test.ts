import assert from 'node:assert/strict'
import { createTaskOwners, type KnownTask } from '../../../../src/core/access/task-owners.ts'

const of = (principal: string, state = 0): KnownTask => ({ principal, path: ['spiffe://a.example/agw/gw'], state })

describe('owners of tasks', () => {
  it('remember the first, per agent', () => {
    const owners = createTaskOwners({ perPrincipal: 10, total: 100 })
    owners.learn('x@a.example', 't', of('alice'))
    owners.learn('x@a.example', 't', of('mallory'))
    assert.ok(owners.find('x@a.example', 't', 'alice'))
    assert.equal(owners.find('x@a.example', 't', 'mallory'), undefined)
    assert.equal(owners.find('y@a.example', 't', 'alice'), undefined)
  })

  it('let a principal crowd out only its own tasks', () => {
    const owners = createTaskOwners({ perPrincipal: 3, total: 100 })
    owners.learn('x@a.example', 'victim', of('alice'))
    for (let i = 0; i < 1000; i++) owners.learn('x@a.example', `${i}`, of('mallory'))
    assert.ok(owners.find('x@a.example', 'victim', 'alice'))
    assert.ok(owners.find('x@a.example', '999', 'mallory'))
    assert.equal(owners.find('x@a.example', '996', 'mallory'), undefined)
  })

  it('forget the principal that was quiet longest, and give its tasks to nobody', () => {
    const owners = createTaskOwners({ perPrincipal: 3, total: 3 })
    owners.learn('x@a.example', '1', of('a'))
    owners.learn('x@a.example', '2', of('b'))
    owners.learn('x@a.example', '3', of('a'))
    owners.learn('x@a.example', '4', of('c'))
    assert.ok(owners.find('x@a.example', '1', 'a'))
    assert.equal(owners.find('x@a.example', '2', 'b'), undefined)
  })

  it('know the last state that the owner was told, and the way', () => {
    const owners = createTaskOwners({ perPrincipal: 3, total: 3 })
    owners.learn('x@a.example', '1', of('a', 2))
    owners.learn('x@a.example', '1', of('a', 3))
    owners.learn('x@a.example', '1', of('b', 4))
    owners.learn('x@a.example', '1', of('a'))
    assert.deepEqual(owners.find('x@a.example', '1', 'a'), of('a', 3))
  })
})
