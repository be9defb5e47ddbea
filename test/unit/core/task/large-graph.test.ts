import assert from 'node:assert/strict'
import { checkGraph } from '../../../../src/core/task/check-graph.ts'
import { newRun } from '../../../../src/core/task/new-run.ts'
import { TaskMachine } from '../../../../src/core/task/task-machine.ts'
import { NeedState, WorkState } from '../../../../src/schema/generated/hansa/v1/task_pb.ts'
import { error, graphOf, output, type StepInit } from './task-world.ts'

const STEPS = 10_000
/** Generous: a loaded machine is several times slower. What is quadratic takes minutes. */
const BOUND_MS = 5_000

const chain: StepInit[] = Array.from({ length: STEPS }, (_, at) => ({
  id: `s${at}`,
  inputs: at === 0 ? [] : [{ name: 'before', from: `steps.s${at - 1}.data.n` }]
}))
const fan: StepInit[] = Array.from({ length: STEPS }, (_, at) => ({
  id: `s${at}`,
  needs: at === 0 ? [] : at === STEPS - 1 ? Array.from({ length: STEPS - 2 }, (_, other) => ({ step: `s${other + 1}` })) : [{ step: 's0' }]
}))

function runThrough(steps: StepInit[]): { machine: TaskMachine; most: number; ms: number } {
  const began = performance.now()
  const machine = new TaskMachine(newRun(graphOf(steps, { parallel: 200 }), { id: 'run', contextId: 'context', now: 0 }))
  let [effects, most] = [machine.apply({ kind: 'start' }, 0), 0]
  for (let now = 1; effects.length > 0; now++) {
    const assigned = effects.flatMap((effect) => (effect.kind === 'assign' ? [effect.step] : []))
    effects = assigned.flatMap((step) => {
      machine.apply({ kind: 'assigned', step, agent: 'a@x.example', idempotent: true, messageId: step }, now)
      const after = machine.apply({ kind: 'completed', step, attempt: 1, output: output({ n: 1 }) }, now)
      most = Math.max(most, machine.takeChanges().steps.length)
      return after
    })
  }
  return { machine, most, ms: performance.now() - began }
}

describe('core/task with 10,000 steps', () => {
  for (const [name, steps] of [
    ['a chain', chain],
    ['a fan', fan]
  ] as const) {
    it(`${name} is checked and runs through in linear time, with few steps to keep at a time`, () => {
      const { machine, most, ms } = runThrough(steps)
      assert.equal(machine.run.state, WorkState.COMPLETED)
      assert.ok(most <= 2, `${most} steps changed at once`)
      assert.ok(ms < BOUND_MS, `${ms} ms`)
    })

    it(`${name} is skipped at once when its first step fails, without running out of stack`, () => {
      const machine = new TaskMachine(newRun(graphOf([{ ...steps[0], attempts: 1 }, ...steps.slice(1)]), { id: 'run', contextId: 'context', now: 0 }))
      machine.apply({ kind: 'start' }, 0)
      machine.apply({ kind: 'assigned', step: 's0', agent: 'a@x.example', idempotent: true, messageId: 'm' }, 0)
      machine.apply({ kind: 'failed', step: 's0', attempt: 1, fate: 'failed', error: error('AGENT_FAILED') }, 0)
      assert.equal(machine.run.steps.filter(({ state }) => state === WorkState.SKIPPED).length, STEPS - 1)
      assert.equal(machine.run.state, WorkState.FAILED)
    })
  }

  it('a chain of steps that are all skipped for their conditions ends without running out of stack', () => {
    const steps = chain.map(({ id }, at) => ({
      id,
      conditions: [{ from: 'given.nothing', operator: 1 as const }],
      needs: at === 0 ? [] : [{ step: `s${at - 1}`, on: NeedState.ENDED }]
    }))
    const machine = new TaskMachine(newRun(graphOf(steps), { id: 'run', contextId: 'context', now: 0 }))
    assert.deepEqual(machine.apply({ kind: 'start' }, 0), [{ kind: 'ended' }])
    assert.equal(machine.run.state, WorkState.COMPLETED)
  })

  it('is checked quickly, and a circle through all of it is found', () => {
    const began = performance.now()
    checkGraph(graphOf(chain))
    assert.ok(performance.now() - began < BOUND_MS / 5)
    const circle = graphOf([{ ...chain[0], needs: [{ step: `s${STEPS - 1}` }] }, ...chain.slice(1)])
    assert.throws(() => checkGraph(circle), /s0 -> s9999 -> .* -> s0$/)
  })
})
