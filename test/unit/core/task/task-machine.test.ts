import assert from 'node:assert/strict'
import { NeedState, ConditionOperator } from '../../../../src/schema/generated/hansa/v1/task_pb.ts'
import { error, message, TaskBench, value } from './task-world.ts'

const A = 'a@x.example'
const B = 'b@x.example'
const after = (step: string, on: NeedState = NeedState.COMPLETED) => ({ needs: [{ step, on }] })

describe('core/task TaskMachine', () => {
  describe('order', () => {
    it('runs a step when what it needs has completed, and ends completed', () => {
      const bench = new TaskBench([{ id: 'a' }, { id: 'b', ...after('a') }])
      assert.deepEqual(bench.start(), ['assign a'])
      assert.deepEqual(bench.assign('a'), ['send a#1', 'wake 601000'])
      bench.now += 50
      assert.deepEqual(bench.complete('a'), [`merit ${A} good 50`, 'assign b'])
      bench.assign('b')
      assert.deepEqual(bench.complete('b').at(-1), 'ended')
      assert.equal(bench.whole, 'completed')
      assert.equal(bench.machine.run.endedAt, 1_050n)
    })

    it('skips what needs a failed step, down the whole chain, and fails', () => {
      const bench = new TaskBench([{ id: 'a', attempts: 1 }, { id: 'b', ...after('a') }, { id: 'c', ...after('b') }, { id: 'd' }])
      bench.start()
      bench.assign('a')
      bench.fail('a', 'failed')
      assert.deepEqual(bench.states(), ['failed', 'skipped', 'skipped', 'pending'])
      assert.equal(bench.step('c').error?.metadata['reason'], 'step b ended skipped')
      bench.run('d')
      assert.equal(bench.whole, 'failed')
      assert.equal(bench.machine.run.error?.message, 'step a: agent_failed')
      assert.equal(bench.machine.run.error?.metadata['step'], 'a')
    })

    it('runs a step that makes good for a failed one, and then has not failed', () => {
      const bench = new TaskBench([
        { id: 'a', attempts: 1 },
        { id: 'b', ...after('a', NeedState.FAILED) },
        { id: 'c', ...after('a', NeedState.ENDED) }
      ])
      bench.start()
      bench.assign('a')
      assert.deepEqual(bench.fail('a', 'failed').slice(1), ['assign b', 'assign c'])
      bench.run('b')
      bench.run('c')
      assert.equal(bench.whole, 'completed')
    })

    it('does not run it when there is nothing to make good for', () => {
      const bench = new TaskBench([{ id: 'a' }, { id: 'b', ...after('a', NeedState.FAILED) }])
      bench.start()
      bench.run('a')
      assert.deepEqual(bench.states(), ['completed', 'skipped'])
      assert.equal(bench.whole, 'completed')
    })

    it('has no more in flight than the graph says; who asks has no place', () => {
      const bench = new TaskBench([{ id: 'a' }, { id: 'b' }, { id: 'c' }], { parallel: 1 })
      assert.deepEqual(bench.start(), ['assign a'])
      bench.assign('a')
      assert.deepEqual(bench.apply({ kind: 'asked', step: 'a', attempt: 1, question: message('which?') }), ['assign b'])
      bench.assign('b')
      assert.deepEqual(bench.apply({ kind: 'answer', step: 'a', message: message('this') }), ['reply a#1'])
      assert.deepEqual(
        bench.complete('b').filter((effect) => effect.startsWith('assign')),
        []
      )
      assert.deepEqual(bench.complete('a').slice(1), ['assign c'])
    })
  })

  describe('inputs and conditions', () => {
    const conditional = (granted: boolean): TaskBench => {
      const bench = new TaskBench([
        { id: 'visa' },
        { id: 'fly', conditions: [{ from: 'steps.visa.data.granted', operator: ConditionOperator.EQUAL, value: value(true) }] }
      ])
      bench.start()
      bench.run('visa', { granted })
      return bench
    }

    it('runs a step when its condition holds', () => assert.equal(conditional(true).effects.at(-1)?.kind, 'assign'))

    it('skips it when not, which is no failure', () => {
      const bench = conditional(false)
      assert.equal(bench.step('fly').error?.message, 'it does not hold that steps.visa.data.granted is true')
      assert.equal(bench.whole, 'completed')
    })

    it('skips a step whose input is missing, unless it is optional', () => {
      const inputs = (optional: boolean) => ({ inputs: [{ name: 'x', from: 'steps.a.data.x', optional }] })
      const bench = new TaskBench([{ id: 'a' }, { id: 'b', ...inputs(false) }, { id: 'c', ...inputs(true) }])
      bench.start()
      bench.run('a', { y: 1 })
      assert.deepEqual(bench.states(), ['completed', 'skipped', 'pending'])
      assert.equal(bench.step('b').error?.message, 'its input x is missing: there is no steps.a.data.x')
    })

    it('takes an answer without a promised output as failed, and keeps what there was', () => {
      const bench = new TaskBench([{ id: 'a', outputs: ['x'], attempts: 1 }])
      bench.start()
      bench.assign('a')
      bench.complete('a', { y: 1 })
      assert.equal(bench.state('a'), 'failed')
      assert.equal(bench.step('a').error?.code, 'INVALID_AGENT_RESPONSE')
      assert.deepEqual(bench.step('a').output?.data, { y: 1 })
    })
  })

  describe('another try', () => {
    for (const fate of ['undelivered', 'failed', 'refused'] as const)
      it(`after a pause, at another agent if there is one: ${fate}`, () => {
        const bench = new TaskBench([{ id: 'a' }])
        bench.start()
        bench.assign('a', A)
        assert.deepEqual(bench.fail('a', fate), [`merit ${A} bad 0`, 'wake 2000'])
        assert.equal(bench.state('a'), 'pending')
        assert.deepEqual(bench.later(999), ['wake 2000'])
        assert.deepEqual(bench.later(1), [`assign a not ${A}`])
        assert.deepEqual(bench.assign('a', B), ['send a#2', 'wake 602000'])
        bench.fail('a', fate)
        assert.deepEqual(
          bench.later(1_999).filter((effect) => effect.startsWith('assign')),
          []
        )
        assert.deepEqual(bench.later(1), [`assign a not ${A} ${B}`])
      })

    it('ends with the last error when the tries are used up', () => {
      const bench = new TaskBench([{ id: 'a', attempts: 2 }])
      bench.start()
      bench.assign('a')
      bench.fail('a', 'failed')
      bench.later(1_000)
      bench.assign('a')
      bench.fail('a', 'failed', 'OVERLOADED')
      assert.equal(bench.step('a').error?.code, 'OVERLOADED')
      assert.equal(bench.step('a').attempts.length, 2)
    })

    it('counts as one when no agent fits', () => {
      const bench = new TaskBench([{ id: 'a', attempts: 2 }])
      bench.start()
      assert.deepEqual(bench.apply({ kind: 'unassigned', step: 'a', error: error('AGENT_NOT_FOUND') }), ['wake 2000'])
      assert.deepEqual(bench.later(1_000), ['assign a'])
      assert.deepEqual(bench.apply({ kind: 'unassigned', step: 'a', error: error('AGENT_NOT_FOUND') }), ['ended'])
      assert.equal(bench.machine.run.error?.code, 'AGENT_NOT_FOUND')
      assert.equal(bench.machine.run.spent, 0)
    })

    it('does not ask the one agent that has refused', () => {
      const named = new TaskBench([{ id: 'a', agent: { agent: A } }])
      named.start()
      named.assign('a')
      assert.deepEqual(named.fail('a', 'refused').slice(1), ['ended'])
      const only = new TaskBench([{ id: 'a' }])
      only.start()
      only.assign('a', A)
      only.fail('a', 'refused', 'PERMISSION_DENIED')
      only.later(1_000)
      assert.deepEqual(only.assign('a', A), ['ended'])
      assert.equal(only.step('a').error?.code, 'PERMISSION_DENIED')
    })

    it('is not begun beyond the budget', () => {
      const bench = new TaskBench([{ id: 'a' }, { id: 'b', ...after('a') }], { budget: 1 })
      bench.start()
      bench.run('a')
      assert.equal(bench.step('b').error?.code, 'BUDGET_EXCEEDED')
      assert.equal(bench.whole, 'failed')
    })
  })

  describe('an unknown outcome', () => {
    it('is reported where the agent does not honour the key', () => {
      const bench = new TaskBench([{ id: 'a' }])
      bench.start()
      bench.assign('a', A, false)
      assert.deepEqual(bench.fail('a', 'unknown', 'CONNECTION_LOST').slice(1), ['ended'])
      assert.equal(bench.step('a').error?.code, 'OUTCOME_UNKNOWN')
      assert.equal(bench.step('a').error?.metadata['agent'], A)
    })

    it('is asked again with the same message where it does', () => {
      const bench = new TaskBench([{ id: 'a', attempts: 3 }])
      bench.start()
      bench.assign('a', A, true)
      bench.fail('a', 'unknown')
      assert.deepEqual(bench.later(1_000), ['resend a#2', 'wake 602000'])
      bench.fail('a', 'undelivered')
      assert.deepEqual(bench.later(2_000).slice(0, 1), ['resend a#3'])
      assert.deepEqual(new Set(bench.step('a').attempts.map(({ messageId }) => messageId)), new Set(['m1']))
      bench.complete('a')
      assert.equal(bench.whole, 'completed')
    })

    it('goes to another agent when the step may be done twice', () => {
      const bench = new TaskBench([{ id: 'a', repeatable: true }])
      bench.start()
      bench.assign('a', A, false)
      bench.fail('a', 'unknown')
      assert.deepEqual(bench.later(1_000), [`assign a not ${A}`])
    })
  })
})
