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

    it('is what a message is that may have been sent before a restart, and cannot be delivered now', () => {
      const bench = new TaskBench([{ id: 'a' }])
      bench.start()
      bench.assign('a', A, false)
      bench.restart()
      bench.fail('a', 'undelivered')
      assert.equal(bench.step('a').error?.code, 'OUTCOME_UNKNOWN')
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

  describe('time', () => {
    it('stops an attempt that takes too long, and tries again once it has stopped', () => {
      const bench = new TaskBench([{ id: 'a', timeoutMs: 500 }])
      bench.start()
      bench.assign('a', A, false)
      assert.deepEqual(bench.later(500), ['cancel a#1', 'wake 61500'])
      assert.deepEqual(bench.apply({ kind: 'canceled', step: 'a', attempt: 1 }), [`merit ${A} bad 500`, 'wake 2500'])
      assert.equal(bench.step('a').attempts[0]?.error?.code, 'DEADLINE_EXCEEDED')
      assert.deepEqual(bench.later(1_000), [`assign a not ${A}`])
    })

    it('takes an attempt that cannot be stopped as unknown', () => {
      const bench = new TaskBench([{ id: 'a', timeoutMs: 500 }])
      bench.start()
      bench.assign('a', A, false)
      bench.later(500)
      bench.apply({ kind: 'canceled', step: 'a', attempt: 1, error: error('AGENT_UNREACHABLE') })
      assert.equal(bench.step('a').error?.code, 'OUTCOME_UNKNOWN')
    })

    it('takes an agent that never says that it has stopped as unknown, too', () => {
      const bench = new TaskBench([{ id: 'a', timeoutMs: 500 }])
      bench.start()
      bench.assign('a', A, false)
      bench.later(500)
      assert.deepEqual(bench.later(60_000).at(-1), 'ended')
      assert.equal(bench.step('a').error?.code, 'OUTCOME_UNKNOWN')
    })

    it('takes what completes while it is being stopped', () => {
      const bench = new TaskBench([{ id: 'a', timeoutMs: 500 }])
      bench.start()
      bench.assign('a')
      bench.later(500)
      bench.complete('a')
      assert.equal(bench.whole, 'completed')
    })

    it('starts nothing after the deadline of the whole, and stops what is open', () => {
      const bench = new TaskBench([{ id: 'a' }, { id: 'b' }, { id: 'c', ...after('a', NeedState.FAILED) }], { deadlineMs: 5_000n, parallel: 1 })
      assert.deepEqual(bench.start(), ['assign a', 'wake 6000'])
      bench.assign('a')
      assert.deepEqual(bench.later(5_000).slice(0, 1), ['cancel a#1'])
      assert.equal(bench.step('b').error?.code, 'DEADLINE_EXCEEDED')
      bench.apply({ kind: 'canceled', step: 'a', attempt: 1 })
      assert.equal(bench.step('a').error?.code, 'DEADLINE_EXCEEDED')
      assert.deepEqual(bench.states(), ['failed', 'failed', 'failed'])
      assert.equal(bench.whole, 'failed')
    })

    it('does not pause beyond the deadline', () => {
      const bench = new TaskBench([{ id: 'a' }], { deadlineMs: 900n })
      bench.start()
      bench.assign('a')
      assert.deepEqual(bench.fail('a', 'failed').at(-1), 'ended')
    })
  })

  describe('questions', () => {
    const asked = (): TaskBench => {
      const bench = new TaskBench([{ id: 'a', timeoutMs: 500 }])
      bench.start()
      bench.assign('a')
      bench.apply({ kind: 'accepted', step: 'a', attempt: 1, taskId: 't1' })
      bench.apply({ kind: 'asked', step: 'a', attempt: 1, question: message('which?') })
      return bench
    }

    it('the whole waits when nothing else can go on, and the clock of the attempt stands', () => {
      const bench = asked()
      assert.equal(bench.state('a'), 'input required')
      assert.equal(bench.whole, 'input required')
      assert.deepEqual(bench.later(100_000), [])
      assert.deepEqual(bench.apply({ kind: 'answer', step: 'a', message: message('this') }), ['reply a#1', 'wake 101500'])
      assert.equal(bench.whole, 'in progress')
    })

    it('the answer is kept until the agent has it', () => {
      const bench = asked()
      bench.apply({ kind: 'answer', step: 'a', message: message('this') })
      assert.deepEqual(bench.restart().slice(0, 2), ['resend a#1', 'reply a#1'])
      // The agent is heard to ask what is just being answered.
      bench.apply({ kind: 'asked', step: 'a', attempt: 1, question: message('which?') })
      assert.equal(bench.state('a'), 'in progress')
      bench.apply({ kind: 'answered', step: 'a', attempt: 1 })
      assert.equal(bench.step('a').answer, undefined)
      assert.deepEqual(bench.restart().slice(0, 1), ['resend a#1'])
    })

    it('the agent may ask more', () => {
      const bench = asked()
      bench.apply({ kind: 'answer', step: 'a', message: message('this') })
      bench.apply({ kind: 'asked', step: 'a', attempt: 1, question: message('and when?') })
      assert.equal(bench.state('a'), 'input required')
      assert.equal(bench.step('a').answer, undefined)
    })

    it('survive a restart, after which the task is followed again', () => {
      const bench = asked()
      assert.deepEqual(bench.restart(), ['resend a#1'])
      assert.equal(bench.step('a').question?.messageId, 'which?')
      assert.equal(bench.whole, 'input required')
    })

    it('are answered only where one was asked', () => {
      const bench = asked()
      const answer = { kind: 'answer' as const, message: message('this') }
      assert.throws(() => bench.apply({ ...answer, step: 'none' }), { code: 'NOT_FOUND' })
      bench.apply({ ...answer, step: 'a' })
      assert.throws(() => bench.apply({ ...answer, step: 'a' }), { code: 'INVALID_ARGUMENT' })
    })
  })

  describe('cancel', () => {
    it('ends what has not begun at once, and the rest when it has stopped', () => {
      const bench = new TaskBench([{ id: 'a' }, { id: 'b' }, { id: 'c', ...after('a') }, { id: 'd' }, { id: 'e' }, { id: 'f', ...after('e') }])
      bench.start()
      for (const id of ['a', 'b', 'd']) bench.assign(id)
      assert.deepEqual(bench.apply({ kind: 'cancel' }).slice(0, 3), ['cancel a#1', 'cancel b#1', 'cancel d#1'])
      assert.deepEqual(bench.states(), ['in progress', 'in progress', 'canceled', 'in progress', 'canceled', 'canceled'])
      bench.apply({ kind: 'canceled', step: 'a', attempt: 1 })
      bench.complete('b')
      assert.deepEqual(bench.apply({ kind: 'canceled', step: 'd', attempt: 1, error: error('AGENT_UNREACHABLE') }).at(-1), 'ended')
      assert.deepEqual(bench.states(), ['canceled', 'completed', 'canceled', 'failed', 'canceled', 'canceled'])
      assert.equal(bench.step('d').error?.code, 'OUTCOME_UNKNOWN')
      assert.equal(bench.whole, 'canceled')
    })

    it('goes on after a restart', () => {
      const bench = new TaskBench([{ id: 'a' }])
      bench.start()
      bench.assign('a')
      bench.apply({ kind: 'cancel' })
      assert.deepEqual(bench.restart().slice(0, 1), ['cancel a#1'])
      bench.apply({ kind: 'canceled', step: 'a', attempt: 1 })
      assert.equal(bench.whole, 'canceled')
    })

    it('does not hide that an outcome is unknown', () => {
      const bench = new TaskBench([{ id: 'a' }])
      bench.start()
      bench.assign('a')
      bench.fail('a', 'unknown')
      bench.apply({ kind: 'cancel' })
      assert.equal(bench.step('a').error?.code, 'OUTCOME_UNKNOWN')
      assert.equal(bench.whole, 'canceled')
    })

    it('changes nothing in a run that has ended, and ends one that never began', () => {
      const bench = new TaskBench([{ id: 'a' }])
      bench.start()
      bench.run('a')
      assert.deepEqual(bench.apply({ kind: 'cancel' }), [])
      assert.equal(bench.whole, 'completed')
      const fresh = new TaskBench([{ id: 'a' }])
      assert.deepEqual(fresh.apply({ kind: 'cancel' }), ['ended'])
      assert.equal(fresh.whole, 'canceled')
    })
  })

  describe('late events', () => {
    it('of an attempt that is over change nothing', () => {
      const bench = new TaskBench([{ id: 'a' }])
      bench.start()
      bench.assign('a')
      bench.fail('a', 'failed')
      bench.machine.takeChanges()
      bench.apply({ kind: 'completed', step: 'a', attempt: 1, output: { $typeName: 'hansa.v1.StepOutput', text: 'late', files: [] } })
      bench.apply({ kind: 'progress', step: 'a', attempt: 1, text: 'late' })
      bench.assign('a')
      assert.deepEqual(bench.machine.takeChanges(), { run: false, steps: [] })
      assert.equal(bench.state('a'), 'pending')
    })
  })

  describe('recovery', () => {
    it('takes up everything that was on its way', () => {
      const bench = new TaskBench([{ id: 'a' }, { id: 'b' }, { id: 'c' }, { id: 'd', ...after('a') }])
      bench.start()
      bench.assign('a')
      bench.assign('c')
      bench.fail('c', 'failed')
      bench.now += 10
      assert.deepEqual(bench.restart(), ['resend a#1', 'assign b', 'wake 2000'])
      assert.deepEqual(bench.later(990).slice(0, 1), [`assign c not ${A}`])
    })

    it('begins a run that has not begun, and says again that one has ended', () => {
      const bench = new TaskBench([{ id: 'a' }])
      assert.deepEqual(bench.restart(), ['assign a'])
      bench.run('a')
      assert.deepEqual(bench.restart(), ['ended'])
    })

    it('keeps to a deadline that has passed meanwhile', () => {
      const bench = new TaskBench([{ id: 'a' }], { deadlineMs: 5_000n })
      bench.start()
      bench.now += 6_000
      const told = bench.restart()
      assert.deepEqual(told, ['ended'])
      assert.equal(bench.machine.run.error?.code, 'DEADLINE_EXCEEDED')
    })

    it('resends an unknown outcome also after a restart in the pause', () => {
      const bench = new TaskBench([{ id: 'a' }])
      bench.start()
      bench.assign('a')
      bench.fail('a', 'unknown')
      bench.restart()
      assert.deepEqual(bench.later(1_000).slice(0, 1), ['resend a#2'])
    })
  })

  describe('resume', () => {
    it('gives what failed and was skipped a fresh set of tries, and leaves what has completed', () => {
      const bench = new TaskBench([{ id: 'a', attempts: 1 }, { id: 'b', ...after('a') }, { id: 'c' }], { budget: 3 })
      bench.start()
      bench.run('c')
      bench.assign('a')
      bench.fail('a', 'failed')
      assert.equal(bench.whole, 'failed')
      assert.deepEqual(bench.apply({ kind: 'resume' }), ['assign a'])
      bench.assign('a')
      assert.equal(bench.attempt('a'), 2)
      bench.complete('a')
      bench.run('b')
      assert.equal(bench.whole, 'completed')
      assert.equal(bench.machine.run.error, undefined)
    })

    it('does nothing again whose outcome is unknown, unless that is safe', () => {
      const unknown = (repeatable: boolean, idempotent: boolean): TaskBench => {
        const bench = new TaskBench([{ id: 'a', attempts: 1, repeatable }])
        bench.start()
        bench.assign('a', A, idempotent)
        bench.fail('a', 'unknown')
        assert.equal(bench.step('a').error?.code, 'OUTCOME_UNKNOWN')
        return bench
      }
      assert.throws(() => unknown(false, false).apply({ kind: 'resume' }), { code: 'OUTCOME_UNKNOWN' })
      assert.deepEqual(unknown(true, false).apply({ kind: 'resume' }), ['assign a'])
      assert.deepEqual(unknown(false, true).apply({ kind: 'resume' }).slice(0, 1), ['resend a#2'])
    })

    it('ends pauses in a run that goes on', () => {
      const bench = new TaskBench([{ id: 'a' }])
      bench.start()
      bench.assign('a')
      bench.fail('a', 'failed')
      assert.deepEqual(bench.apply({ kind: 'resume' }), [`assign a not ${A}`])
    })

    it('is not for what has completed', () => {
      const bench = new TaskBench([{ id: 'a' }])
      bench.start()
      bench.run('a')
      assert.throws(() => bench.apply({ kind: 'resume' }), { code: 'INVALID_ARGUMENT' })
    })
  })
})
