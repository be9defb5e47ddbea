import assert from 'node:assert/strict'
import { create, toJson } from '@bufbuild/protobuf'
import type { MessageContext } from '../../src/adapters/inprocess-agent/handler.ts'
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
import { foundWorld, type World } from '../support/draft-world.ts'
import { until } from '../support/until.ts'

const WORKER = 'worker@south.example'

describe('draft 2.4 AI Agents', () => {
  let world: World
  let asker: HansaNode
  let other: HansaNode
  /** What the worker was told with each message. */
  const told: MessageContext[] = []
  /** Lets the work that waits go on. */
  let goOn: () => void = () => undefined

  before(async () => {
    world = await foundWorld()
    const { net, north, south } = world
    const [first, second] = await Promise.all([
      net.agent(north, 'asker', { capabilities: ['ask'] }),
      net.agent(north, 'other', { capabilities: ['ask'] }),
      net.agent(south, 'worker', { capabilities: ['work'], handler: (_message, context) => answer(context) })
    ])
    asker = first.node
    other = second.node
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
})
