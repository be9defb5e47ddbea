import assert from 'node:assert/strict'
import { create, type JsonObject, toJson } from '@bufbuild/protobuf'
import type { MessageContext } from '../../src/adapters/inprocess-agent/handler.ts'
import { stateName } from '../../src/core/task/work-state.ts'
import type { HansaNode } from '../../src/node/hansa-node.ts'
import { replyText } from '../../src/roles/agent/reply-text.ts'
import {
  CancelTaskRequestSchema,
  GetTaskRequestSchema,
  ListTasksRequestSchema,
  ListTasksResponseSchema,
  type StreamResponse,
  type Task,
  TaskSchema,
  TaskState
} from '../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { HansaError } from '../../src/schema/errors.ts'
import { type TaskRun, WorkState } from '../../src/schema/generated/hansa/v1/task_pb.ts'
import { foundWorld, type World } from '../support/draft-world.ts'
import { until } from '../support/until.ts'

const WORKER = 'worker@south.example'

describe('draft 2.4 AI Agents', () => {
  let world: World
  let asker: HansaNode
  let other: HansaNode
  let workerNode: HansaNode
  /** What the worker was told with each message. */
  const told: MessageContext[] = []
  /** Lets the work that waits go on. */
  let goOn: () => void = () => undefined

  before(async () => {
    world = await foundWorld()
    const { net, north, south } = world
    const [first, second, third] = await Promise.all([
      net.agent(north, 'asker', { capabilities: ['ask'] }),
      net.agent(north, 'other', { capabilities: ['ask'] }),
      net.agent(south, 'worker', { capabilities: ['work'], handler: (_message, context) => answer(context) })
    ])
    asker = first.node
    other = second.node
    workerNode = third.node
    await until('the worker is reachable', () => asker.swarm.trace(WORKER).catch(() => undefined))
  })
  after(() => world.net.stop())

  /** Recalls a conversation, fails, or works in three pieces, waiting after the first. */
  function answer(context: MessageContext) {
    told.push(context)
    if (context.text === 'recall')
      return told
        .filter(({ contextId }) => contextId === context.contextId)
        .map(({ text }) => text)
        .join(', ')
    if (context.text === 'fail') throw new Error('a secret of the worker')
    return work(context)
  }

  async function* work({ text, signal }: MessageContext) {
    yield `${text}: begun. `
    await new Promise<void>((resolve, reject) => {
      goOn = resolve
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    })
    yield 'confirmation LX-42.'
  }

  /** Begins work and stays with the stream until the first piece has come. */
  async function begin(text: string): Promise<{ task: Task; rest: AsyncIterator<StreamResponse> }> {
    const events = asker.swarm.stream(WORKER, text)[Symbol.asyncIterator]()
    const first = await events.next()
    assert.ok(!first.done && first.value.payload.case === 'task')
    const task = first.value.payload.value
    for (;;) {
      const next = await events.next()
      assert.ok(!next.done)
      if (next.value.payload.case === 'artifactUpdate') return { task, rest: events }
    }
  }

  const get = (node: HansaNode, id: string) => node.swarm.invoke(WORKER, 'GetTask', TaskSchema, create(GetTaskRequestSchema, { id }))
  const cancel = (node: HansaNode, id: string) => node.swarm.invoke(WORKER, 'CancelTask', TaskSchema, create(CancelTaskRequestSchema, { id }))

  it('session management: a conversation keeps its context across domains, so that earlier messages are not repeated', async () => {
    const message = (text: string) => ({ contextId: 'trip-1', parts: [{ content: { case: 'text' as const, value: text } }] })
    const elsewhere = { ...message('in Oslo'), contextId: 'trip-2' }
    for (const text of ['to Lisbon', 'in May']) {
      const { rest } = await beginIn(message(text))
      goOn()
      while (!(await rest.next()).done);
    }
    const { rest } = await beginIn(elsewhere)
    goOn()
    while (!(await rest.next()).done);
    const { response } = await asker.swarm.send(WORKER, message('recall'))
    assert.equal(replyText(response), 'to Lisbon, in May, recall')
    assert.ok(response.payload.case === 'message' && response.payload.value.contextId === 'trip-1')
  })

  async function beginIn(message: Parameters<HansaNode['swarm']['stream']>[1]) {
    const rest = asker.swarm.stream(WORKER, message)[Symbol.asyncIterator]()
    await rest.next()
    await rest.next()
    return { rest }
  }

  it('session management: a conversation that begins without a context gets one, a new one each time', async () => {
    const contexts: string[] = []
    for (const _ of [1, 2]) {
      const { response } = await asker.swarm.send(WORKER, 'recall')
      if (response.payload.case === 'message') contexts.push(response.payload.value.contextId)
    }
    assert.equal(new Set(contexts).size, 2)
    assert.ok(contexts.every((context) => context !== '' && told.some(({ contextId }) => contextId === context)))
  })

  it('task management: the execution status of a task can be asked for while it is in progress and when it is completed, with its results', async () => {
    const { task, rest } = await begin('flight')
    assert.equal((await get(asker, task.id)).status?.state, TaskState.WORKING)
    goOn()
    while (!(await rest.next()).done);
    const done = await get(asker, task.id)
    assert.equal(done.status?.state, TaskState.COMPLETED)
    const results = done.artifacts.flatMap(({ parts }) => parts.map(({ content }) => content.value))
    assert.deepEqual(results.join(''), 'flight: begun. confirmation LX-42.')
  })

  it('task management: a running task can be followed anew by its owner', async () => {
    const { task, rest } = await begin('visa')
    await rest.return?.()
    const events: StreamResponse[] = []
    const following = (async () => {
      for await (const event of asker.swarm.subscribe(WORKER, task.id)) {
        events.push(event)
        if (event.payload.case === 'task') goOn()
      }
    })()
    await following
    assert.equal(events[0]?.payload.case, 'task')
    const last = events.at(-1)?.payload
    assert.ok(last?.case === 'statusUpdate' && last.value.status?.state === TaskState.COMPLETED)
  })

  it('task management: handles exceptions: a failed task says so, without the inside of the agent', async () => {
    const { response } = await asker.swarm.send(WORKER, 'fail')
    assert.ok(response.payload.case === 'task')
    assert.equal(response.payload.value.status?.state, TaskState.FAILED)
    assert.ok(!JSON.stringify(toJson(TaskSchema, response.payload.value)).includes('secret'))
  })

  it('task management: a task is canceled by its owner; the agent stops, and it cannot be canceled twice', async () => {
    const { task } = await begin('cancel me')
    assert.equal((await cancel(asker, task.id)).status?.state, TaskState.CANCELED)
    assert.ok(told.at(-1)?.signal.aborted)
    assert.equal((await get(asker, task.id)).status?.state, TaskState.CANCELED)
    await assert.rejects(cancel(asker, task.id), { code: 'TASK_NOT_CANCELABLE' })
  })

  it('task management: nobody but its owner reads, follows, lists or cancels a task', async () => {
    const { task } = await begin('private')
    for (const [node, why] of [
      [other, 'another agent of the domain'],
      [world.southGateway, 'the gateway of the agent itself']
    ] as const) {
      await assert.rejects(get(node, task.id), { code: 'TASK_NOT_FOUND' }, why)
      await assert.rejects(cancel(node, task.id), { code: 'TASK_NOT_FOUND' }, why)
      await assert.rejects(
        (async () => {
          for await (const event of node.swarm.subscribe(WORKER, task.id)) void event
        })(),
        { code: 'TASK_NOT_FOUND' },
        why
      )
    }
    const list = (node: HansaNode) => node.swarm.invoke(WORKER, 'ListTasks', ListTasksResponseSchema, create(ListTasksRequestSchema))
    assert.ok((await list(asker)).tasks.some(({ id }) => id === task.id))
    assert.deepEqual((await list(other)).tasks, [])
    assert.equal((await get(asker, task.id)).status?.state, TaskState.WORKING)
    await assert.rejects(get(asker, 'no-such-task'), { code: 'TASK_NOT_FOUND' })
    goOn()
  })

  /** Plans a workflow or goal and does it to its end. */
  async function perform(goal: JsonObject) {
    const { signal } = new AbortController()
    const { id } = await asker.tasks.run(await asker.planner.plan({ goal }, signal))
    let last: TaskRun | undefined
    for await (const run of asker.tasks.watch(id, signal)) last = run
    assert.ok(last !== undefined)
    const step = (name: string) => last.steps.find((one) => one.step === name)
    return { run: last, step, state: (name: string) => stateName(step(name)?.state ?? WorkState.UNSPECIFIED) }
  }

  it('task orchestration: subtasks are assigned to agents by capability and done in the order that they need, over two domains', async () => {
    const { net, north } = world
    await net.agent(north, 'flight', { capabilities: ['travel/flight-booking'], handler: () => 'confirmation LX-42' })
    await until('the flight agent is found', async () => (await asker.swarm.find({ capabilities: ['travel/flight-booking'] })).agents.length > 0)
    const before = told.length
    const { run, step } = await perform({
      name: 'journey',
      steps: {
        // Written first, done second.
        visa: { capability: 'work', text: 'recall', inputs: { flight: 'steps.flight.text' } },
        flight: { capability: 'travel/flight-booking', text: 'to Lisbon' }
      },
      results: { flight: 'steps.flight.text' }
    })
    assert.equal(run.state, WorkState.COMPLETED)
    assert.deepEqual([step('flight')?.attempts[0]?.agent, step('visa')?.attempts[0]?.agent], ['flight@north.example', WORKER])
    // Results of a subtask are recorded, and told to the one that needs them.
    assert.equal(step('flight')?.output?.text, 'confirmation LX-42')
    assert.deepEqual(
      told.slice(before).map(({ data }) => data),
      [{ flight: 'confirmation LX-42' }]
    )
    assert.ok((step('visa')?.startedAt ?? 0n) >= (step('flight')?.endedAt ?? 1n))
  })

  it('task orchestration: what cannot be planned is refused, and what is missing is named', async () => {
    const refused = asker.planner.plan({ goal: { want: ['visa-number'], given: { destination: 'Lisbon' } } }, new AbortController().signal)
    await assert.rejects(refused, (error) => error instanceof HansaError && error.code === 'NO_PLAN' && error.metadata['missing'] === 'visa-number')
  })

  it('task management: exceptions of a subtask are handled: others go on, what needs it is skipped, results that there are stay', async () => {
    const { run, step, state } = await perform({
      name: 'half a journey',
      steps: {
        lost: { agent: WORKER, text: 'fail', attempts: 2, backoff: '10ms' },
        after: { agent: WORKER, text: 'recall', needs: { lost: 'completed' } },
        kept: { agent: WORKER, text: 'recall' }
      }
    })
    assert.equal(run.state, WorkState.FAILED)
    assert.deepEqual([state('lost'), state('after'), state('kept')], ['failed', 'skipped', 'completed'])
    assert.equal(step('lost')?.attempts.length, 2)
    assert.ok(!JSON.stringify(step('lost')?.error).includes('secret'))
    assert.match(step('kept')?.output?.text ?? '', /recall/)
  })

  it('session management: everything that was said is traceable, at both ends alike, and cannot be changed unseen', async () => {
    const id = 'traceable'
    await asker.swarm.send(WORKER, { contextId: id, parts: [{ content: { case: 'text', value: 'recall' } }] })
    const ends = [asker, workerNode].map(({ sessions }) => sessions)
    const [here, there] = ends
    assert.ok(here !== undefined && there !== undefined)
    for (const sessions of ends) {
      const entries = await sessions.entries(id)
      assert.deepEqual(
        entries.map(({ from, content }) => [from.includes('worker'), content.case]),
        [
          [false, 'message'],
          [true, 'message']
        ]
      )
      assert.equal((await sessions.verify(id)).firstBroken, undefined)
    }
    const theirs: string[] = []
    for await (const line of there.exportLines(id)) theirs.push(line)
    assert.equal((await here.compare(id, theirs.join('\n'))).same, true)
    const forged = theirs.join('\n').replaceAll('recall', 'refuse')
    const compared = await here.compare(id, forged)
    assert.equal(compared.same && compared.otherOk, false)
  })
})
