import { toBinary } from '@bufbuild/protobuf'
import assert from 'node:assert/strict'
import { stateName } from '../../../../src/core/task/work-state.ts'
import { TaskRunSchema } from '../../../../src/schema/generated/hansa/v1/task_pb.ts'
import { ChaosWorld } from './chaos-world.ts'

/** Another with SEED=n; more with RUNS=n. */
const SEED = Number(process.env['SEED'] ?? 1)
const RUNS = Number(process.env['RUNS'] ?? 400)

describe('core/task under chaos', () => {
  it(`every run ends as it must, whatever fails and whenever the orchestrator dies (seeds ${SEED} to ${SEED + RUNS - 1})`, () => {
    const ends = new Map<string, number>()
    let crashes = 0
    for (let seed = SEED; seed < SEED + RUNS; seed++) {
      const world = new ChaosWorld(seed)
      try {
        const end = stateName(world.live().state)
        ends.set(end, (ends.get(end) ?? 0) + 1)
      } catch (cause) {
        throw new Error(`seed ${seed}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
      }
      crashes += world.crashes
    }
    // The world is one in which all of that happens.
    if (RUNS < 100) return
    for (const end of ['completed', 'failed', 'canceled']) assert.ok((ends.get(end) ?? 0) > RUNS / 20, `hardly any run ended ${end}`)
    assert.ok(crashes > RUNS)
  })

  it('the same seed comes to the same end', () => {
    for (let seed = SEED; seed < SEED + 20; seed++) {
      const [one, other] = [new ChaosWorld(seed).live(), new ChaosWorld(seed).live()]
      assert.deepEqual(toBinary(TaskRunSchema, one), toBinary(TaskRunSchema, other), `seed ${seed}`)
    }
  })
})
