import assert from 'node:assert/strict'
import { create } from '@bufbuild/protobuf'
import { getEventListeners } from 'node:events'
import { swarmTask, type TaskWork } from '../../../src/node/swarm-task.ts'
import { TaskGraphSchema, type TaskRun, TaskRunSchema, WorkState } from '../../../src/schema/generated/hansa/v1/task_pb.ts'

/** A node whose only task ends when it is told to. */
function work() {
  const canceled: string[] = []
  let end: (state: WorkState) => void = () => undefined
  const ended = new Promise<WorkState>((resolve) => (end = resolve))
  const run = (state: WorkState): TaskRun => create(TaskRunSchema, { id: 't1', state, graph: {} })
  const tasks = {
    run: async () => run(WorkState.IN_PROGRESS),
    async *watch() {
      yield run(WorkState.IN_PROGRESS)
      yield run(await ended)
    },
    async cancel(id: string) {
      canceled.push(id)
      end(WorkState.CANCELED)
      return run(WorkState.CANCELED)
    }
  }
  const planner = { plan: async () => create(TaskGraphSchema) }
  return { canceled, end, work: { tasks, planner } as unknown as TaskWork }
}

describe('a task of an application', () => {
  it('is canceled by its signal, and throws CANCELED then', async () => {
    const { work: node, canceled } = work()
    const abort = new AbortController()
    const task = swarmTask(node, { want: ['x'] }, { signal: abort.signal })
    await task.id
    abort.abort()
    await assert.rejects(Promise.resolve(task), { code: 'CANCELED' })
    assert.deepEqual(canceled, ['t1'])
  })

  it('leaves nothing behind at a signal that outlives it', async () => {
    const { work: node, end } = work()
    const { signal } = new AbortController()
    const task = swarmTask(node, { want: ['x'] }, { signal })
    await task.id
    assert.equal(getEventListeners(signal, 'abort').length, 1)
    end(WorkState.COMPLETED)
    assert.equal((await task).state, 'completed')
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(getEventListeners(signal, 'abort').length, 0)
  })
})
