import assert from 'node:assert/strict'
import { stateName } from '../../../../../src/core/task/work-state.ts'
import type { Orchestrator } from '../../../../../src/roles/agent/tasks/orchestrator.ts'
import { NeedState, type TaskRun, WorkState } from '../../../../../src/schema/generated/hansa/v1/task_pb.ts'
import { CrashStore } from '../../../../support/crash-store.ts'
import { FakeClock } from '../../../../support/fake-clock.ts'
import { MemoryStore } from '../../../../support/memory-store.ts'
import { graphOf, taskNode } from '../../../../support/task-node.ts'
import { TaskWorld } from '../../../../support/task-world.ts'

const text = (value: string) => ({ content: { case: 'text' as const, value } })

const DAY_MS = 86_400_000

describe('attempts at steps, where something goes wrong (draft 2.4)', () => {
  let clock: FakeClock
  let world: TaskWorld
  let tasks: Orchestrator

  beforeEach(async () => {
    clock = new FakeClock()
    world = new TaskWorld(clock)
    tasks = taskNode(world, clock, new MemoryStore()).tasks
    await tasks.start()
  })
  afterEach(() => tasks.stop())

  const end = async (id: string, limitMs = 3_600_000): Promise<TaskRun> => {
    await clock.until(() => tasks.show(id).endedAt !== 0n, limitMs, 250)
    return tasks.show(id)
  }
  const one = (run: TaskRun) => ({ state: stateName(run.steps[0]?.state ?? 0), code: run.steps[0]?.error?.code, attempts: run.steps[0]?.attempts.length })

  it('an agent that starts anew without its task, and honours the key: nobody knows, and it is not done twice', async () => {
    world.add({ handle: 'a@north.example', capability: 'x', deed: () => ({ ms: 10_000 }) })
    const { id } = await tasks.run(graphOf([{ id: 'one', does: 'x' }]))
    await clock.advance(1_000)
    world.forget('a@north.example')
    const run = await end(id)
    assert.deepEqual([one(run).state, one(run).code], ['failed', 'OUTCOME_UNKNOWN'])
    assert.deepEqual(world.worked, [`${id}.one.1`])
  })

  it('after so long that the agent may have forgotten the message, it is not sent again', async () => {
    const agent = world.add({ handle: 'a@north.example', capability: 'x', loseAfter: 1_000 })
    const { id } = await tasks.run(graphOf([{ id: 'one', does: 'x', attempts: 1, timeoutMs: 5_000 }]))
    assert.equal(one(await end(id)).code, 'OUTCOME_UNKNOWN')
    await clock.advance(6 * DAY_MS)
    await tasks.resume(id)
    assert.equal(one(await end(id)).code, 'OUTCOME_UNKNOWN')
    await clock.advance(6 * DAY_MS)
    const before = world.sends
    world.forgetMessages()
    agent.loseAfter = 0
    await tasks.resume(id)
    assert.equal(one(await end(id)).code, 'OUTCOME_UNKNOWN')
    assert.deepEqual([world.worked.length, world.sends], [1, before])
  })

  it('the same, where the step may be done twice: another agent does it', async () => {
    world.add({ handle: 'a@north.example', capability: 'x', deed: () => ({ ms: 10_000 }) })
    const { id } = await tasks.run(graphOf([{ id: 'one', does: 'x', repeatable: true }]))
    await clock.advance(1_000)
    world.forget('a@north.example')
    world.add({ handle: 'b@north.example', capability: 'x' })
    const run = await end(id)
    assert.deepEqual([one(run).state, run.steps[0]?.attempts.at(-1)?.agent], ['completed', 'b@north.example'])
  })

  it('an agent that is away for a while in the midst of its work is waited for', async () => {
    for (const streaming of [true, false]) {
      const agent = world.add({ handle: `a-${streaming}@north.example`, capability: `x-${streaming}`, streaming, deed: () => ({ ms: 10_000 }) })
      const { id } = await tasks.run(graphOf([{ id: 'one', does: `x-${streaming}` }]))
      await clock.advance(1_000)
      agent.online = false
      await clock.advance(20_000)
      agent.online = true
      assert.deepEqual(one(await end(id)), { state: 'completed', code: undefined, attempts: 1 })
    }
    assert.equal(world.worked.length, 2)
  })

  it('an agent that hangs is stopped after the time of a try, and another one does it', async () => {
    world.add({ handle: 'a@north.example', capability: 'x', deed: () => ({ ms: 3_600_000 }) })
    const { id } = await tasks.run(graphOf([{ id: 'one', does: 'x', timeoutMs: 5_000 }]))
    await clock.advance(1_000)
    world.add({ handle: 'b@north.example', capability: 'x' })
    const run = await end(id)
    assert.deepEqual(one(run), { state: 'completed', code: undefined, attempts: 2 })
    assert.deepEqual(world.canceled, [`${id}.one.1`])
    assert.equal(run.steps[0]?.attempts[0]?.error?.code, 'DEADLINE_EXCEEDED')
  })

  it('an agent that does not stop when it is told to: that is said', async () => {
    world.add({ handle: 'a@north.example', capability: 'x', deed: () => ({ ms: 3_600_000, stubborn: true }) })
    const { id } = await tasks.run(graphOf([{ id: 'one', does: 'x' }]))
    await clock.advance(1_000)
    await tasks.cancel(id)
    const run = await end(id)
    assert.deepEqual([run.state, one(run).state, one(run).code], [WorkState.CANCELED, 'failed', 'OUTCOME_UNKNOWN'])
  })

  it('a cancel of what has told no task asks for it under the same ID, which is worked on once', async () => {
    world.add({ handle: 'a@north.example', capability: 'x', deed: () => ({ ms: 10_000, plain: true }) })
    const { id } = await tasks.run(graphOf([{ id: 'one', does: 'x' }]))
    await clock.advance(1_000)
    await tasks.cancel(id)
    const run = await end(id)
    assert.deepEqual([one(run).state, world.worked], ['completed', [`${id}.one.1`]])
  })

  it('a cancel that comes before anything was sent needs nobody', async () => {
    world.add({ handle: 'a@north.example', capability: 'x', busy: 1_000 })
    const { id } = await tasks.run(graphOf([{ id: 'one', does: 'x' }]))
    await clock.advance(1_000)
    await tasks.cancel(id)
    const run = await end(id)
    assert.deepEqual([run.state, one(run).state, world.worked.length], [WorkState.CANCELED, 'canceled', 0])
  })

  it('a gateway that has too much to do for a moment costs no try', async () => {
    world.add({ handle: 'a@north.example', capability: 'x', idempotent: false, busy: 5 })
    const { id } = await tasks.run(graphOf([{ id: 'one', does: 'x' }]))
    assert.deepEqual(one(await end(id)), { state: 'completed', code: undefined, attempts: 1 })
  })

  it('few slots serve many long tasks: who has told its task makes room', async () => {
    await tasks.stop()
    tasks = taskNode(world, clock, new MemoryStore(), { bounds: { calls: 2 } }).tasks
    await tasks.start()
    world.add({ handle: 'a@north.example', capability: 'x', deed: () => ({ ms: 300_000 }) })
    const { id } = await tasks.run(graphOf(Array.from({ length: 10 }, (_, index) => ({ id: `s${index}`, does: 'x', timeoutMs: 500_000 }))))
    await clock.until(() => world.worked.length === 10, 200_000, 500)
    assert.equal((await end(id)).state, WorkState.COMPLETED)
    assert.equal(world.done.length, 10)
  })

  it('an answer on its way survives the process, and arrives once', async () => {
    for (const idempotent of [true, false])
      for (const [dieAt, kept] of [
        [3, false],
        [3, true],
        [4, true]
      ] as const) {
        const here = new TaskWorld(clock)
        here.add({ handle: 'a@north.example', capability: 'x', idempotent, deed: () => ({ ask: 'well?', parts: [text('good')] }) })
        const crash = new CrashStore(new Map(), { dieAt, kept })
        const first = taskNode(here, clock, crash)
        await first.tasks.start()
        await first.tasks.run(graphOf([{ id: 'one', does: 'x' }]), { id: 'r' })
        await clock.until(() => first.tasks.show('r').state === WorkState.INPUT_REQUIRED || crash.dead, 60_000)
        let told = false
        void first.tasks.answer('r', 'one', { parts: [text('yes')] }).then(
          () => (told = true),
          () => undefined
        )
        await clock.advance(5_000)
        assert.ok(crash.dead, `${dieAt}`)
        first.die()
        const second = taskNode(here, clock, new CrashStore(crash.disk)).tasks
        await second.start()
        await clock.advance(5_000)
        if (second.show('r').state === WorkState.INPUT_REQUIRED) {
          assert.ok(!told, 'an answer that was acknowledged is lost')
          await second.answer('r', 'one', { parts: [text('yes')] })
        }
        await clock.until(() => second.show('r').endedAt !== 0n, 600_000, 250)
        assert.equal(second.show('r').steps[0]?.output?.text, 'good', `${idempotent} ${dieAt} ${kept}`)
        assert.equal(here.worked.length, 1)
        assert.equal(here.done.length, 1)
        await second.stop()
      }
  })

  it('a run that is resumed or canceled at any moment of its end hangs nowhere, and may be resumed', async () => {
    const tries = new Map<string, number>()
    const deed = ({ messageId }: { messageId: string }) => {
      const [run = ''] = messageId.split('.')
      tries.set(run, (tries.get(run) ?? 0) + 1)
      return tries.get(run) === 1 ? { end: 'failed' as const } : {}
    }
    world.add({ handle: 'a@north.example', capability: 'x', deed })
    for (let moment = 0; moment < 100; moment++) {
      const id = `r-${moment}`
      await tasks.run(graphOf([{ id: 'one', does: 'x', attempts: 1 }]), { id })
      for (let tick = 0; tick < moment; tick++) await Promise.resolve()
      await Promise.all([tasks.resume(id), tasks.resume(id)])
      // One that came before the end has found nothing to do.
      if ((await end(id)).state === WorkState.FAILED) await tasks.resume(id)
      const run = await end(id)
      assert.deepEqual([run.state, tries.get(id)], [WorkState.COMPLETED, 2], `moment ${moment}`)
      assert.equal((await tasks.cancel(id)).state, WorkState.COMPLETED)
    }
  })

  it('a run that goes on again is not forgotten as one that has ended, whenever another ends', async () => {
    for (let moment = 0; moment < 60; moment++) {
      const here = new TaskWorld(clock)
      here.add({ handle: 'a@north.example', capability: 'x', deed: ({ messageId }) => (messageId.startsWith('old') ? { end: 'failed' } : {}) })
      const store = new MemoryStore()
      const first = taskNode(here, clock, store, { bounds: { ended: 1 } })
      await first.tasks.start()
      await first.tasks.run(graphOf([{ id: 'one', does: 'x', attempts: 1 }]), { id: 'old' })
      await clock.until(() => first.tasks.show('old').endedAt !== 0n, 60_000, 250)
      await first.tasks.run(graphOf([{ id: 'one', does: 'x' }]), { id: 'new' })
      for (let tick = 0; tick < moment; tick++) await Promise.resolve()
      const resumed = await first.tasks.resume('old').catch(({ code }: { code: string }) => code)
      first.die()
      await first.tasks.stop()
      if (resumed === 'NOT_FOUND') continue
      const second = taskNode(here, clock, store).tasks
      await second.start()
      assert.equal(second.show('old').id, 'old', `moment ${moment}`)
      await second.stop()
    }
  })

  it('an answer whose arrival is not known is not given to the next question', async () => {
    for (const idempotent of [true, false]) {
      const handle = `a-${idempotent}@north.example`
      const deed = () => ({ ask: 'from where?', askAgain: 'to where?' })
      const agent = world.add({ handle, capability: `x-${idempotent}`, idempotent, deed })
      const { id } = await tasks.run(graphOf([{ id: 'one', does: `x-${idempotent}` }]))
      const question = () => tasks.show(id).steps[0]?.question?.parts[0]?.content.value
      await clock.until(() => question() === 'from where?', 60_000)
      agent.loseAfter = 1
      await tasks.answer(id, 'one', { parts: [text('Oslo')] })
      await clock.until(() => question() === 'to where?' || tasks.show(id).endedAt !== 0n, 60_000)
      assert.deepEqual([idempotent, tasks.show(id).state], [idempotent, WorkState.INPUT_REQUIRED])
      await tasks.answer(id, 'one', { parts: [text('Rome')] })
      assert.equal((await end(id)).state, WorkState.COMPLETED)
    }
  })

  it('nothing more is heard of a process that has stopped, and agents go on', async () => {
    const store = new MemoryStore()
    await tasks.stop()
    tasks = taskNode(world, clock, store).tasks
    await tasks.start()
    world.add({ handle: 'a@north.example', capability: 'x', deed: () => ({ ms: 10_000 }) })
    const { id } = await tasks.run(
      graphOf([
        { id: 'one', does: 'x' },
        { id: 'two', does: 'x', needs: [{ step: 'one', on: NeedState.ENDED }] }
      ])
    )
    await clock.advance(1_000)
    await tasks.stop()
    await assert.rejects(tasks.run(graphOf([{ id: 'one', does: 'x' }])), { code: 'OVERLOADED' })
    await clock.advance(30_000)
    assert.deepEqual([world.done.length, world.canceled.length], [1, 0])
    tasks = taskNode(world, clock, store).tasks
    await tasks.start()
    assert.equal((await end(id)).state, WorkState.COMPLETED)
    assert.equal(world.worked.length, 2)
  })
})
