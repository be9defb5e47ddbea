import assert from 'node:assert/strict'
import { stateName } from '../../../../../src/core/task/work-state.ts'
import { FakeClock } from '../../../../support/fake-clock.ts'
import { MemoryStore } from '../../../../support/memory-store.ts'
import { graphOf, taskNode } from '../../../../support/task-node.ts'
import { TaskWorld } from '../../../../support/task-world.ts'

const RUNS = 1_000
const STEPS = 20
const AGENTS = 50
const CAPABILITIES = 5

describe('many tasks at a time (draft 2.4)', () => {
  it(`${RUNS} runs of ${STEPS} steps over ${AGENTS} agents, of which every tenth fails: all come to their ends, and nothing is done twice`, async () => {
    const clock = new FakeClock()
    const world = new TaskWorld(clock)
    for (let index = 0; index < AGENTS; index++) {
      const fails = index % 10 === 9
      world.add({
        handle: `agent${index}@north.example`,
        capability: `work/kind${index % CAPABILITIES}`,
        deed: () => (fails ? { end: 'failed' } : { plain: index % 2 === 0 })
      })
    }
    // Two chains that meet at the end.
    const graph = graphOf(
      Array.from({ length: STEPS }, (_, index) => ({
        id: `s${index}`,
        does: `work/kind${index % CAPABILITIES}`,
        attempts: 5,
        after: index === STEPS - 1 ? [`s${index - 1}`, `s${index - 2}`] : index < 2 ? [] : [`s${index - 2}`]
      }))
    )
    const { tasks } = taskNode(world, clock, new MemoryStore())
    await tasks.start()
    const ids = Array.from({ length: RUNS }, (_, index) => `run${index}`)
    await Promise.all(ids.map((id) => tasks.run(graph, { id })))
    await clock.until(() => tasks.list().every(({ endedAt }) => endedAt !== undefined), 600_000, 500)
    const ends = new Map<string, number>()
    for (const { state } of tasks.list()) ends.set(stateName(state), (ends.get(stateName(state)) ?? 0) + 1)
    assert.deepEqual([...ends], [['completed', RUNS]])
    const done = world.done.map((id) => id.split('.').slice(0, 2).join('.'))
    assert.equal(done.length, RUNS * STEPS)
    assert.equal(new Set(done).size, RUNS * STEPS)
    assert.equal(new Set(world.worked).size, world.worked.length)
    // Each kind of work is looked for by thousands of steps, and the directory is asked now and then.
    assert.ok(world.finds < 200, `the directory was asked ${world.finds} times`)
    await tasks.stop()
  }).timeout(120_000)

  it('a long chain and a wide graph of 10,000 steps take no time that grows with the steps for each event', async () => {
    for (const after of [(index: number) => (index === 0 ? [] : [`s${index - 1}`]), () => []]) {
      const clock = new FakeClock()
      const world = new TaskWorld(clock)
      world.add({ handle: 'a@north.example', capability: 'x', deed: () => ({ plain: true }) })
      const { tasks } = taskNode(world, clock, new MemoryStore())
      await tasks.start()
      const graph = graphOf(Array.from({ length: 10_000 }, (_, index) => ({ id: `s${index}`, does: 'x', after: after(index) })))
      const { id } = await tasks.run(graph)
      await clock.until(() => tasks.list()[0]?.endedAt !== undefined, 60_000, 1)
      assert.equal(stateName(tasks.list()[0]?.state ?? 0), 'completed')
      assert.equal(world.done.length, 10_000)
      assert.equal(tasks.show(id).steps.length, 10_000)
      await tasks.stop()
    }
  }).timeout(120_000)
})
