import assert from 'node:assert/strict'
import { createTaskOwners } from '../../../../src/core/access/task-owners.ts'

describe('owners of tasks', () => {
  it('remember the first, per agent', () => {
    const owners = createTaskOwners({ perPrincipal: 10, principals: 10 })
    owners.learn('x@a.example', 't', 'alice')
    owners.learn('x@a.example', 't', 'mallory')
    assert.equal(owners.owns('x@a.example', 't', 'alice'), true)
    assert.equal(owners.owns('x@a.example', 't', 'mallory'), false)
    assert.equal(owners.owns('y@a.example', 't', 'alice'), false)
  })

  it('let a principal crowd out only its own tasks', () => {
    const owners = createTaskOwners({ perPrincipal: 3, principals: 10 })
    owners.learn('x@a.example', 'victim', 'alice')
    for (let i = 0; i < 1000; i++) owners.learn('x@a.example', `${i}`, 'mallory')
    assert.equal(owners.owns('x@a.example', 'victim', 'alice'), true)
    assert.equal(owners.owns('x@a.example', '999', 'mallory'), true)
    assert.equal(owners.owns('x@a.example', '996', 'mallory'), false)
  })

  it('forget the principal that was quiet longest, and give its tasks to nobody', () => {
    const owners = createTaskOwners({ perPrincipal: 3, principals: 2 })
    owners.learn('x@a.example', '1', 'a')
    owners.learn('x@a.example', '2', 'b')
    owners.learn('x@a.example', '3', 'a')
    owners.learn('x@a.example', '4', 'c')
    assert.equal(owners.owns('x@a.example', '1', 'a'), true)
    assert.equal(owners.owns('x@a.example', '2', 'b'), false)
  })
})
