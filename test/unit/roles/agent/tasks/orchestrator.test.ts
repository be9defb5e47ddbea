import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { stateName } from '../../../../../src/core/task/work-state.ts'
import { HansaError } from '../../../../../src/schema/errors.ts'
import { NeedState, type TaskRun, WorkState } from '../../../../../src/schema/generated/hansa/v1/task_pb.ts'
import type { Orchestrator } from '../../../../../src/roles/agent/tasks/orchestrator.ts'
import { CrashStore } from '../../../../support/crash-store.ts'
import { FakeClock } from '../../../../support/fake-clock.ts'
import { MemoryStore } from '../../../../support/memory-store.ts'
import { graphOf, taskNode } from '../../../../support/task-node.ts'
import { TaskWorld } from '../../../../support/task-world.ts'

const text = (value: string) => ({ content: { case: 'text' as const, value } })

describe('orchestration of tasks (draft 2.4)', () => {
  let clock: FakeClock
  let world: TaskWorld
  let tasks: Orchestrator
  let store: MemoryStore

  beforeEach(async () => {
    clock = new FakeClock()
    world = new TaskWorld(clock)
    store = new MemoryStore()
    tasks = taskNode(world, clock, store).tasks
    await tasks.start()
  })
  afterEach(() => tasks.stop())

  const ended = (id: string) => tasks.show(id).endedAt !== 0n
  const end = async (id: string, limitMs = 600_000): Promise<TaskRun> => {
    await clock.until(() => ended(id), limitMs, 100)
    return tasks.show(id)
  }
  const states = (run: TaskRun) => Object.fromEntries(run.steps.map(({ step, state }) => [step, stateName(state)]))

  it('does one step after the other, with what the earlier one has put out', async () => {
    const seen: string[] = []
    world.add({
      handle: 'flight@north.example',
      capability: 'travel/flight',
      deed: (message) => {
        seen.push(message.parts.map(({ content }) => (content.case === 'text' ? content.value : JSON.stringify(content.value))).join(' | '))
        return {
          ms: 50,
          progress: 'looking',
          parts: [
            text('seat 4A'),
            { content: { case: 'data', value: { kind: { case: 'structValue', value: { fields: { seat: { kind: { case: 'stringValue', value: '4A' } } } } } } } }
          ]
        }
      }
    })
    world.add({
      handle: 'hotel@south.example',
      capability: 'travel/hotel',
      deed: (message) => ({ plain: true, parts: [text(`room for ${message.parts.length}`)] })
    })
    const graph = graphOf([
      { id: 'fly', does: 'travel/flight', text: 'to Oslo' },
      { id: 'sleep', does: 'travel/hotel', text: 'near {seat}', inputs: [{ name: 'seat', from: 'steps.fly.data.seat' }] }
    ])
    const { id } = await tasks.run(graph)
    const run = await end(id)
    assert.deepEqual(states(run), { fly: 'completed', sleep: 'completed' })
    assert.equal(run.state, WorkState.COMPLETED)
    assert.deepEqual(seen, ['to Oslo'])
    assert.equal(run.steps[0]?.output?.text, 'seat 4A')
    assert.deepEqual(run.steps[0]?.output?.data, { seat: '4A' })
    assert.equal(run.steps[0]?.progress, 'looking')
    assert.equal(run.steps[1]?.output?.text, 'room for 2')
    const attempt = run.steps[0]?.attempts[0]
    assert.deepEqual([attempt?.messageId, attempt?.agent, attempt?.idempotent], [`${id}.fly.1`, 'flight@north.example', true])
    assert.deepEqual(world.worked, [`${id}.fly.1`, `${id}.sleep.1`])
  })

  it('the same name again starts nothing; another graph under it is refused', async () => {
    world.add({ handle: 'a@north.example', capability: 'x', deed: () => ({ ms: 100 }) })
    const graph = graphOf([{ id: 'one', does: 'x' }])
    const both = await Promise.all([tasks.run(graph, { id: 'trip' }), tasks.run(graphOf([{ id: 'one', does: 'x' }]), { id: 'trip' })])
    assert.deepEqual(
      both.map(({ id }) => id),
      ['trip', 'trip']
    )
    await assert.rejects(tasks.run(graphOf([{ id: 'two', does: 'x' }]), { id: 'trip' }), { code: 'INVALID_ARGUMENT' })
    await end('trip')
    assert.equal((await tasks.run(graph, { id: 'trip' })).state, WorkState.COMPLETED)
    await assert.rejects(tasks.run(graph, { id: '../trip' }), { code: 'INVALID_ARGUMENT' })
    assert.deepEqual(world.worked, ['trip.one.1'])
    assert.throws(() => tasks.show('other'), { code: 'NOT_FOUND' })
  })

  it('another agent takes over where one fails, is offline or refuses', async () => {
    world.add({ handle: 'a@north.example', capability: 'x', deed: () => ({ end: 'failed' }) })
    world.add({ handle: 'b@north.example', capability: 'x', deed: () => ({ end: 'rejected' }) })
    world.add({ handle: 'c@south.example', capability: 'x', deed: () => ({ ms: 10 }) })
    const { id } = await tasks.run(graphOf([{ id: 'one', does: 'x', attempts: 5 }]))
    const run = await end(id)
    assert.equal(run.state, WorkState.COMPLETED)
    const agents = run.steps[0]?.attempts.map(({ agent }) => agent) ?? []
    assert.equal(agents.at(-1), 'c@south.example')
    assert.equal(new Set(agents).size, agents.length)
    assert.equal(world.done.length, 1)
  })

  it('an agent that is gone before it has the message is replaced', async () => {
    const gone = world.add({ handle: 'a@north.example', capability: 'x', idempotent: false })
    world.add({ handle: 'b@south.example', capability: 'x', idempotent: false })
    await tasks.run(graphOf([{ id: 'warm', does: 'x' }]), { id: 'warm' })
    await end('warm')
    // The directory's answer is remembered for a while, and wrong now.
    gone.online = false
    const ids = ['r1', 'r2', 'r3', 'r4']
    for (const id of ids) await tasks.run(graphOf([{ id: 'one', does: 'x' }]), { id })
    for (const id of ids) assert.equal((await end(id)).state, WorkState.COMPLETED)
    assert.equal(world.done.length, 5)
  })

  it('a lost connection: sent again under the same ID where that is honoured, and worked on once', async () => {
    world.add({ handle: 'a@north.example', capability: 'x', loseBefore: 2, loseAfter: 2, deed: () => ({ ms: 300 }) })
    const { id } = await tasks.run(graphOf([{ id: 'one', does: 'x' }]))
    const run = await end(id)
    assert.deepEqual(states(run), { one: 'completed' })
    assert.deepEqual(world.worked, [`${id}.one.1`])
    assert.equal(run.steps[0]?.attempts.length, 1)
  })

  it('a lost connection to an agent that does not honour it: nobody knows, and says so', async () => {
    world.add({ handle: 'a@north.example', capability: 'x', idempotent: false, streaming: false, loseAfter: 1, deed: () => ({ plain: true }) })
    world.add({ handle: 'b@north.example', capability: 'y' })
    const { id } = await tasks.run(
      graphOf([
        { id: 'one', does: 'x' },
        { id: 'two', does: 'y', needs: [{ step: 'one', on: NeedState.FAILED }] }
      ])
    )
    const run = await end(id)
    assert.deepEqual(states(run), { one: 'failed', two: 'completed' })
    assert.equal(run.steps[0]?.error?.code, 'OUTCOME_UNKNOWN')
    assert.match(run.steps[0]?.error?.message ?? '', /a@north\.example/)
    assert.equal(world.worked.filter((one) => one.includes('.one.')).length, 1)
  })

  it('polls an agent that does not stream, and one call is enough for a message', async () => {
    world.add({ handle: 'slow@north.example', capability: 'slow', streaming: false, deed: () => ({ ms: 20_000 }) })
    world.add({ handle: 'quick@north.example', capability: 'quick', streaming: false, deed: () => ({ plain: true, ms: 10 }) })
    const slow = await tasks.run(graphOf([{ id: 'one', does: 'slow' }]))
    assert.equal((await end(slow.id)).state, WorkState.COMPLETED)
    const before = world.sends
    const quick = await tasks.run(graphOf([{ id: 'one', does: 'quick' }]))
    assert.equal((await end(quick.id)).state, WorkState.COMPLETED)
    assert.equal(world.sends - before, 1)
  })

  it('asks its operator what an agent asks, and hands the answer on', async () => {
    world.add({ handle: 'a@north.example', capability: 'x', deed: () => ({ ask: 'window or aisle?', parts: [text('booked')] }) })
    const { id } = await tasks.run(graphOf([{ id: 'one', does: 'x' }]))
    await clock.until(() => tasks.show(id).state === WorkState.INPUT_REQUIRED)
    const asking = tasks.show(id).steps[0]
    assert.deepEqual(
      asking?.question?.parts.map(({ content }) => content.value),
      ['window or aisle?']
    )
    await assert.rejects(tasks.answer(id, 'none', { parts: [text('x')] }), { code: 'NOT_FOUND' })
    await assert.rejects(tasks.answer(id, 'one', { parts: [] }), { code: 'INVALID_ARGUMENT' })
    await tasks.answer(id, 'one', { parts: [text('window')] })
    const run = await end(id)
    assert.equal(run.steps[0]?.output?.text, 'booked')
    await assert.rejects(tasks.answer(id, 'one', { parts: [text('late')] }), { code: 'INVALID_ARGUMENT' })
  })

  it('a cancel reaches every running step at its agent', async () => {
    world.add({ handle: 'a@north.example', capability: 'x', deed: () => ({ ms: 60_000 }) })
    world.add({ handle: 'b@north.example', capability: 'y', streaming: false, deed: () => ({ ms: 60_000 }) })
    world.add({ handle: 'c@north.example', capability: 'z', deed: () => ({ ask: 'well?' }) })
    const { id } = await tasks.run(
      graphOf([
        { id: 'one', does: 'x' },
        { id: 'two', does: 'y' },
        { id: 'three', does: 'z' },
        { id: 'four', does: 'x', after: ['one'] }
      ])
    )
    await clock.advance(1_000)
    await tasks.cancel(id)
    const run = await end(id)
    assert.equal(run.state, WorkState.CANCELED)
    assert.deepEqual(states(run), { one: 'canceled', two: 'canceled', three: 'canceled', four: 'canceled' })
    assert.deepEqual([...world.canceled].sort(), [`${id}.one.1`, `${id}.three.1`, `${id}.two.1`])
    assert.equal(world.done.length, 0)
    assert.equal((await tasks.cancel(id)).state, WorkState.CANCELED)
  })

  it('keeps files by their hash, and gives them to the steps behind', async () => {
    const bytes = new TextEncoder().encode('%PDF')
    let got: Uint8Array | undefined
    world.add({
      handle: 'a@north.example',
      capability: 'x',
      deed: () => ({ parts: [{ content: { case: 'raw', value: bytes }, filename: 'ticket.pdf', mediaType: 'application/pdf' }] })
    })
    world.add({
      handle: 'b@north.example',
      capability: 'y',
      deed: ({ parts }) => {
        for (const { content } of parts) if (content.case === 'raw') got = content.value
        return {}
      }
    })
    const { id } = await tasks.run(
      graphOf([
        { id: 'one', does: 'x' },
        { id: 'two', does: 'y', inputs: [{ name: 'ticket', from: 'steps.one.files' }] }
      ])
    )
    const run = await end(id)
    const hash = createHash('sha256').update(bytes).digest('hex')
    const [file] = run.steps[0]?.output?.files ?? []
    assert.deepEqual(
      [file?.name, file?.mediaType, Number(file?.size), Buffer.from(file?.sha256 ?? []).toString('hex')],
      ['ticket.pdf', 'application/pdf', 4, hash]
    )
    assert.deepEqual(tasks.file(hash), bytes)
    assert.deepEqual(got, bytes)
    assert.throws(() => tasks.file('00'), { code: 'NOT_FOUND' })
  })

  it('an answer above the bounds has failed', async () => {
    world.add({ handle: 'a@north.example', capability: 'x', deed: () => ({ parts: [text('x'.repeat(1024 * 1024 + 1))] }) })
    const { id } = await tasks.run(graphOf([{ id: 'one', does: 'x', attempts: 1 }]))
    const run = await end(id)
    assert.deepEqual([run.state, run.steps[0]?.error?.code], [WorkState.FAILED, 'FRAME_TOO_LARGE'])
  })

  it('watchers see it at once, as it changes, and to its end', async () => {
    world.add({ handle: 'a@north.example', capability: 'x', deed: () => ({ ms: 5_000 }) })
    const { id } = await tasks.run(graphOf([{ id: 'one', does: 'x' }]))
    const seen: string[] = []
    const watching = (async () => {
      for await (const run of tasks.watch(id, new AbortController().signal)) seen.push(stateName(run.steps[0]?.state ?? 0))
    })()
    await clock.run(watching)
    assert.equal(seen.at(-1), 'completed')
    assert.ok(seen.includes('in progress'))
    const after: TaskRun[] = []
    for await (const run of tasks.watch(id, new AbortController().signal)) after.push(run)
    assert.deepEqual(
      after.map(({ state }) => state),
      [WorkState.COMPLETED]
    )
  })

  it('a run that failed goes on where it failed', async () => {
    let well = false
    world.add({ handle: 'a@north.example', capability: 'x', deed: () => ({}) })
    world.add({ handle: 'b@north.example', capability: 'y', deed: () => ({ end: well ? 'completed' : 'failed' }) })
    const { id } = await tasks.run(
      graphOf([
        { id: 'one', does: 'x' },
        { id: 'two', does: 'y', after: ['one'] }
      ])
    )
    assert.equal((await end(id)).state, WorkState.FAILED)
    well = true
    assert.equal((await tasks.resume(id)).state, WorkState.IN_PROGRESS)
    assert.deepEqual(
      tasks.list().map(({ state }) => state),
      [WorkState.IN_PROGRESS]
    )
    assert.equal((await end(id)).state, WorkState.COMPLETED)
    assert.equal(world.worked.filter((one) => one.includes('.one.')).length, 1)
    await assert.rejects(tasks.resume(id), { code: 'INVALID_ARGUMENT' })
    assert.equal(tasks.show(id).state, WorkState.COMPLETED)
    assert.deepEqual(
      tasks.list({ state: WorkState.COMPLETED }).map((run) => run.id),
      [id]
    )
  })

  it('is bounded: runs that go on, and runs that have ended', async () => {
    await tasks.stop()
    const bounded = taskNode(world, clock, store, { bounds: { active: 2, ended: 3 } }).tasks
    tasks = bounded
    await bounded.start()
    const agent = world.add({ handle: 'a@north.example', capability: 'x', deed: () => ({ ms: 1_000 }) })
    const graph = graphOf([{ id: 'one', does: 'x' }])
    await bounded.run(graph, { id: 'r1' })
    await bounded.run(graph, { id: 'r2' })
    await assert.rejects(bounded.run(graph, { id: 'r3' }), { code: 'OVERLOADED' })
    await end('r2')
    assert.ok(agent.online !== false)
    for (const id of ['r3', 'r4', 'r5']) {
      await bounded.run(graph, { id })
      await end(id)
    }
    assert.deepEqual(
      bounded
        .list()
        .map(({ id }) => id)
        .sort(),
      ['r3', 'r4', 'r5']
    )
    assert.throws(() => bounded.show('r1'), { code: 'NOT_FOUND' })
    assert.equal(store.count('task-graphs'), 3)
    assert.equal(store.count('task-steps'), 3)
    await clock.advance(31 * 86_400_000)
    assert.deepEqual(bounded.list(), [])
    assert.equal(store.count('tasks') + store.count('task-graphs') + store.count('task-steps') + store.count('task-ends'), 0)
  })

  it('waits for a disk that refuses, and loses nothing', async () => {
    world.add({
      handle: 'a@north.example',
      capability: 'x',
      deed: () => ({ ms: 100, parts: [{ content: { case: 'raw', value: Uint8Array.of(1, 2, 3) }, filename: 'f' }] })
    })
    const { id } = await tasks.run(graphOf([{ id: 'one', does: 'x' }]))
    await clock.advance(50)
    store.failNextCommit()
    const run = await end(id)
    assert.equal(run.state, WorkState.COMPLETED)
    await clock.advance(5_000)
    await tasks.stop()
    tasks = taskNode(world, clock, store).tasks
    await tasks.start()
    assert.deepEqual(states(tasks.show(id)), { one: 'completed' })
    assert.equal(
      tasks.file(
        createHash('sha256')
          .update(Uint8Array.of(1, 2, 3))
          .digest('hex')
      ).length,
      3
    )
  })

  it('acts on nothing before it is on disk', async () => {
    world.add({ handle: 'a@north.example', capability: 'x' })
    for (const kept of [false, true]) {
      await tasks.stop()
      const crash = new CrashStore(new Map(), { dieAt: 1, kept })
      const first = taskNode(world, clock, crash)
      await first.tasks.start()
      void first.tasks.run(graphOf([{ id: 'one', does: 'x' }]), { id: 'r' }).catch(() => undefined)
      await clock.advance(10_000)
      // The first commit has the choice of the agent, too; it did not say that it was done, so nothing was sent.
      assert.deepEqual([crash.dead, world.sends], [true, 0])
      first.die()
      tasks = taskNode(world, clock, new CrashStore(crash.disk)).tasks
      await tasks.start()
      if (!kept) assert.throws(() => tasks.show('r'), { code: 'NOT_FOUND' })
      else assert.equal((await end('r')).state, WorkState.COMPLETED)
    }
    assert.equal(world.sends, 1)
  })

  it('a step without any agent fails with the reason', async () => {
    const { id } = await tasks.run(graphOf([{ id: 'one', does: 'nothing' }]))
    const run = await end(id)
    assert.deepEqual([run.state, run.steps[0]?.error?.code], [WorkState.FAILED, 'AGENT_NOT_FOUND'])
    assert.ok(run.error !== undefined)
    assert.ok(!(run.error instanceof HansaError))
  })
})
