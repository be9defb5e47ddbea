import assert from 'node:assert/strict'
import { stateName } from '../../../../../src/core/task/work-state.ts'
import { NeedState, type TaskRun } from '../../../../../src/schema/generated/hansa/v1/task_pb.ts'
import { CrashStore } from '../../../../support/crash-store.ts'
import { FakeClock } from '../../../../support/fake-clock.ts'
import { graphOf, taskNode } from '../../../../support/task-node.ts'
import { TaskWorld } from '../../../../support/task-world.ts'

/** mulberry32. */
function randomOf(seed: number): () => number {
  let a = seed
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const GRAPH = graphOf([
  { id: 'a', does: 'w' },
  { id: 'b', does: 'x', after: ['a'] },
  { id: 'c', does: 'y', after: ['a'] },
  { id: 'd', does: 'z', after: ['b', 'c'] },
  { id: 'fails', does: 'bad', attempts: 2, allowFailure: true },
  { id: 'good', does: 'w', needs: [{ step: 'fails', on: NeedState.FAILED }] },
  { id: 'never', does: 'w', after: ['fails'] }
])

function agents(world: TaskWorld, random: () => number, idempotent: boolean): void {
  for (const [index, capability] of ['w', 'x', 'y', 'z', 'bad'].entries())
    for (const name of ['one', 'two'])
      world.add({
        handle: `${capability}-${name}@north.example`,
        capability,
        idempotent,
        streaming: (index + name.length) % 2 === 0,
        deed: () => ({ ms: Math.floor(random() * 400), plain: random() < 0.3, ...(capability === 'bad' ? { end: 'failed', plain: false } : {}) })
      })
}

describe('crashes of an orchestrator (draft 2.4)', () => {
  const SEED = Number(process.env['HANSA_SEED'] ?? 4_711)

  /** Processes one after the other, each killed at one of its first commits, then one that lives to the end of the run. */
  async function live(seed: number, idempotent: boolean): Promise<{ run: TaskRun; world: TaskWorld; deaths: number }> {
    const random = randomOf(seed)
    const clock = new FakeClock()
    const world = new TaskWorld(clock)
    agents(world, random, idempotent)
    let store = new CrashStore()
    let begun = false
    let deaths = 0
    for (let life = 0; ; life++) {
      let died = false
      const last = life >= 4
      const dieAt = last ? Infinity : 1 + Math.floor(random() * 9)
      store = new CrashStore(store.disk, { dieAt, kept: random() < 0.5, died: () => (died = true) })
      const { tasks, die } = taskNode(world, clock, store)
      const starting = tasks.start()
      await clock.settle()
      if (!died) await starting
      if (!died && !begun) {
        // Nobody has been told that it has begun before that is on disk.
        void tasks.run(GRAPH, { id: 'run' }).catch(() => undefined)
        await clock.settle()
      }
      begun = store.disk.get('tasks')?.has('run') === true && store.disk.get('task-graphs')?.has('run') === true
      const over = () => died || (begun && tasks.list().some(({ endedAt }) => endedAt !== undefined))
      if (!died) await clock.until(() => over() || !begun, 1_200_000, 50)
      if (!died && begun) {
        await clock.advance(1_000)
        if (!died) {
          const run = tasks.show('run')
          await tasks.stop()
          return { run, world, deaths }
        }
      }
      deaths++
      die()
      void tasks.stop()
      await clock.advance(Math.floor(random() * 300))
    }
  }

  it('nothing is lost and nothing done twice where agents honour the key: the same end, wherever the process dies', async () => {
    let deaths = 0
    for (let round = 0; round < 120; round++) {
      const seed = SEED + round
      const { run, world, deaths: died } = await live(seed, true)
      deaths += died
      const states = Object.fromEntries(run.steps.map(({ step, state }) => [step, stateName(state)]))
      assert.deepEqual(
        states,
        { a: 'completed', b: 'completed', c: 'completed', d: 'completed', fails: 'failed', good: 'completed', never: 'skipped' },
        `seed ${seed}: ${JSON.stringify(run.steps.map(({ step, error }) => [step, error?.code, error?.message]))}`
      )
      assert.equal(stateName(run.state), 'completed', `seed ${seed}`)
      assert.equal(new Set(world.worked).size, world.worked.length, `seed ${seed}: a message was worked on twice: ${world.worked.join(' ')}`)
      const done = world.done.map((id) => id.split('.')[1])
      assert.equal(new Set(done).size, done.length, `seed ${seed}: a step was done twice: ${done.join(' ')}`)
    }
    assert.ok(deaths > 120, `only ${deaths} processes have died`)
  }).timeout(120_000)

  it('where they do not, nothing is done twice either: what nobody can know is said', async () => {
    let unknown = 0
    for (let round = 0; round < 40; round++) {
      const seed = SEED + 10_000 + round
      const { run, world } = await live(seed, false)
      const done = world.done.map((id) => id.split('.')[1])
      assert.equal(new Set(done).size, done.length, `seed ${seed}: a step was done twice: ${done.join(' ')}`)
      for (const { step, state, error } of run.steps) {
        if (stateName(state) === 'failed' && step !== 'fails') {
          assert.equal(error?.code, 'OUTCOME_UNKNOWN', `seed ${seed}: ${step}`)
          unknown++
        }
      }
    }
    assert.ok(unknown > 0)
  }).timeout(120_000)
})
