import assert from 'node:assert/strict'
import { create, fromBinary, type Message, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import type { ServerStream } from '../../../../../src/ports/rpc.ts'
import type { DataSettings } from '../../../../../src/roles/agw/data/settings.ts'
import { DATA_DEFAULTS } from '../../../../../src/roles/agw/data/settings.ts'
import { HansaError } from '../../../../../src/schema/errors.ts'
import type { RelayHeader } from '../../../../../src/schema/generated/hansa/v1/gateway_pb.ts'
import {
  type SendMessageRequest,
  SendMessageRequestSchema,
  type SendMessageResponse,
  SendMessageResponseSchema,
  type StreamResponse,
  type Task,
  TaskSchema,
  TaskState
} from '../../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { readMessage, writeMessage } from '../../../../../src/wire/messages.ts'
import { type OperationName, operations } from '../../../../../src/wire/operations.ts'
import { MemoryStore } from '../../../../support/memory-store.ts'
import { collect, type Gateway, NORTH, SOUTH, World } from './world.ts'

const TTL = 600_000
const INBOX = 'urn:hansa:inbox'

describe('messages for agents that are offline (draft 3.3.1)', () => {
  let world: World
  let store: MemoryStore
  let north: Gateway
  let south: Gateway
  let handle: string
  let made: number
  /** What the agent's node was given, and how it answers. */
  let given: { readonly header: RelayHeader; readonly request: SendMessageRequest; readonly traceparent: string | undefined }[]
  let answer: (request: SendMessageRequest) => MessageInitShape<typeof SendMessageResponseSchema> | Promise<MessageInitShape<typeof SendMessageResponseSchema>>

  function keeper(settings: Partial<DataSettings> = {}, name = 'gw', on = store): Gateway {
    const newId = (): string => `${name}${String(made++).padStart(22, '0')}`.slice(-22)
    return world.gateway(SOUTH, settings, { inbox: { store: on, newId } }, name)
  }

  beforeEach(async () => {
    world = new World()
    store = new MemoryStore()
    made = 0
    given = []
    answer = ({ message }) => ({
      payload: { case: 'message', value: { messageId: `re ${message?.messageId}`, parts: [{ content: { case: 'text', value: 'done' } }] } }
    })
    ;[north, south] = [world.gateway(NORTH), keeper()]
    for (const { plane } of [north, south]) await plane.start()
    handle = world.agent('laptop', south, serve)
    world.route(handle, north, south)
    world.homes.set(handle, south.identity.spiffeId)
    world.tell(south, 'online', handle)
  })

  /** How the agent's own task is. */
  let task: MessageInitShape<typeof TaskSchema>

  async function serve(stream: ServerStream, header: RelayHeader): Promise<void> {
    if (header.operation === 'GetTask') {
      await readMessage(stream, 1e6)
      return writeMessage(stream, toBinary(TaskSchema, create(TaskSchema, task)))
    }
    const request = fromBinary(SendMessageRequestSchema, (await readMessage(stream, 1e8)) ?? new Uint8Array())
    given.push({ header, request, traceparent: stream.traceparent })
    const response = create(SendMessageResponseSchema, await answer(request))
    await writeMessage(stream, toBinary(SendMessageResponseSchema, response))
  }

  function ask(name: OperationName, message: Message, from = north): Promise<Message[]> {
    const { signal } = new AbortController()
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const principal = from.identity
    const request = { principal, target: handle, operation: operations[name], message, extensions: ['urn:x'], signal, traceparent }
    return world.clock.run(collect(from.plane.door.call(request)))
  }
  const words = (messageId: string, more: object = {}, inbox: object | null = { ttlMs: TTL }): Message =>
    create(SendMessageRequestSchema, {
      message: {
        messageId,
        role: 1,
        contextId: 'talk',
        parts: [{ content: { case: 'text', value: 'hello' } }],
        ...(inbox && { metadata: { [INBOX]: inbox as never } })
      },
      ...more
    })
  async function send(messageId: string, from = north): Promise<Task> {
    const [response] = (await ask('SendMessage', words(messageId), from)) as SendMessageResponse[]
    assert.ok(response?.payload.case === 'task', 'a receipt')
    return response.payload.value
  }
  async function about(name: 'GetTask' | 'CancelTask', id: string, from = north): Promise<Task> {
    const [task] = await ask(name, create(operations[name].request, { id } as never), from)
    return task as Task
  }
  const stateOf = async (id: string): Promise<TaskState | undefined> => (await about('GetTask', id)).status?.state
  const inboxOf = ({ metadata }: Task): Record<string, unknown> => metadata?.[INBOX] as Record<string, unknown>
  const ids = (): (string | undefined)[] => given.map(({ request }) => request.message?.messageId)

  it('an agent that is online is called as always, and told that the message comes once', async () => {
    const [response] = (await ask('SendMessage', words('m1'))) as SendMessageResponse[]
    assert.equal(response?.payload.case, 'message')
    assert.equal(given[0]?.header.inbox !== undefined, true)
    assert.deepEqual(south.plane.inbox?.list(), [])
  })

  it('keeps a message, gives a task as receipt and the same one again, and delivers it when the agent is back', async () => {
    world.tell(south, 'offline', handle)
    const receipt = await send('m1')
    assert.deepEqual([receipt.status?.state, receipt.contextId, inboxOf(receipt)['state']], [TaskState.SUBMITTED, 'talk', 'waiting'])
    assert.equal(inboxOf(receipt)['expiresAt'], new Date(world.clock.now() + TTL).toISOString())
    assert.equal((await send('m1')).id, receipt.id)
    assert.equal(given.length, 0)
    await send('m2')

    world.tell(south, 'online', handle)
    await world.clock.settle()
    assert.deepEqual(ids(), ['m1', 'm2'])
    const first = given[0]
    assert.deepEqual(
      [first?.header.principal, first?.header.operation, first?.header.extensions, first?.header.inbox?.kept, first?.traceparent],
      [north.identity.spiffeId, 'SendMessage', ['urn:x'], true, '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01']
    )
    const done = await about('GetTask', receipt.id)
    assert.deepEqual([done.status?.state, done.artifacts[0]?.parts[0]?.content.value], [TaskState.COMPLETED, 'done'])
    assert.equal((await send('m1')).id, receipt.id, 'a copy that comes late')
    await world.clock.advance(10_000)
    assert.equal(given.length, 2)
  })

  it('acknowledges nothing that is not on disk', async () => {
    world.tell(south, 'offline', handle)
    await world.clock.settle()
    store.failNextCommit()
    await assert.rejects(send('m1'), { code: 'STORE_FAILED' })
    assert.deepEqual(south.plane.inbox?.list(), [])
    assert.equal((await send('m1')).status?.state, TaskState.SUBMITTED)
  })

  it('keeps a message whose delivery finds nobody, and tries it again by itself', async () => {
    const peer = world.agents.get(handle)?.peer ?? ''
    world.net.down.add(peer)
    const receipt = await send('m1')
    assert.equal(receipt.status?.state, TaskState.SUBMITTED)
    world.net.down.delete(peer)
    await world.clock.until(() => given.length > 0, 120_000)
    assert.equal(await stateOf(receipt.id), TaskState.COMPLETED)
  })

  it('what comes while another message of the sender is delivered goes behind it', async () => {
    world.tell(south, 'offline', handle)
    await send('m1')
    let let_go = (): void => undefined
    const said = answer
    answer = async (request) => {
      await new Promise<void>((resolve) => (let_go = resolve))
      return said(request)
    }
    world.tell(south, 'online', handle)
    await world.clock.settle()
    const second = await send('m2')
    const first = south.plane.inbox?.list()[0]
    assert.deepEqual([first?.state, await stateOf(first?.id ?? '')], ['delivering', TaskState.WORKING])
    await assert.rejects(about('CancelTask', first?.id ?? ''), { code: 'TASK_NOT_CANCELABLE' })
    answer = said
    let_go()
    await world.clock.settle()
    assert.deepEqual(ids(), ['m1', 'm2'])
    assert.equal(await stateOf(second.id), TaskState.COMPLETED)
  })

  it('a sender who has reached a bound of its own holds up nobody else', async () => {
    world.tell(south, 'offline', handle)
    await send('n1')
    await send('n2')
    await send('s1', south)
    const said = answer
    answer = (request) => {
      if (request.message?.messageId === 'n1') throw new HansaError('TOO_MANY_CALLS', 'too many of yours')
      return said(request)
    }
    world.tell(south, 'online', handle)
    await world.clock.settle()
    assert.deepEqual(ids(), ['n1', 's1'], 'and keeps its own order')
    answer = said
    await world.clock.advance(2_000)
    assert.deepEqual(ids(), ['n1', 's1', 'n1', 'n2'])
  })

  it('a receipt is told to its sender only', async () => {
    world.tell(south, 'offline', handle)
    const { id } = await send('m1')
    await assert.rejects(about('GetTask', id, south), { code: 'TASK_NOT_FOUND' })
    await assert.rejects(about('CancelTask', id, south), { code: 'TASK_NOT_FOUND' })
    await assert.rejects(about('GetTask', `inbox-${'x'.repeat(22)}.agw.gw`), { code: 'TASK_NOT_FOUND' })
  })

  it('a message that waits can be taken back, by its sender and by the operator', async () => {
    world.tell(south, 'offline', handle)
    const [one, two] = [await send('m1'), await send('m2')]
    assert.equal((await about('CancelTask', one.id)).status?.state, TaskState.CANCELED)
    await assert.rejects(about('CancelTask', one.id), { code: 'TASK_NOT_CANCELABLE' })
    await south.plane.inbox?.drop(two.id)
    assert.equal(await stateOf(two.id), TaskState.CANCELED)
    await south.plane.inbox?.drop(two.id)
    await assert.rejects(about('GetTask', two.id), { code: 'TASK_NOT_FOUND' })
    await assert.rejects(south.plane.inbox?.drop(two.id) ?? Promise.resolve(), { code: 'NOT_FOUND' })
    world.tell(south, 'online', handle)
    await world.clock.advance(5_000)
    assert.equal(given.length, 0)
  })

  it('expires, and is not delivered afterwards', async () => {
    world.tell(south, 'offline', handle)
    const { id } = await send('m1')
    await world.clock.advance(TTL + 2_000)
    const expired = await about('GetTask', id)
    assert.deepEqual([expired.status?.state, inboxOf(expired)['state']], [TaskState.FAILED, 'expired'])
    world.tell(south, 'online', handle)
    await world.clock.advance(2_000)
    assert.equal(given.length, 0)
  })

  it('of one that was tried and never answered, nobody says that it was not delivered', async () => {
    const said = async (id: string) => {
      const { status } = await about('GetTask', id)
      return [status?.state, status?.message?.parts[0]?.content.value]
    }
    answer = () => Promise.reject(new HansaError('CONNECTION_LOST', 'it broke'))
    const first = await send('m1')
    const second = await send('m2')
    world.tell(south, 'offline', handle)
    world.offline.add(handle)
    assert.ok(ids().includes('m1') && !ids().includes('m2'))
    await about('CancelTask', second.id)
    await world.clock.advance(TTL + 2_000)
    assert.deepEqual(await said(first.id), [
      TaskState.FAILED,
      `The message expired, and nobody knows whether ${handle} has had it: it was tried, and not answered.`
    ])
    assert.deepEqual(await said(second.id), [TaskState.CANCELED, 'The message was not delivered: its sender canceled it.'])
  })

  it('a domain that was unlisted meanwhile is not delivered for', async () => {
    world.tell(south, 'offline', handle)
    const { id } = await send('m1')
    south.listed.splice(south.listed.indexOf(NORTH), 1)
    world.tell(south, 'online', handle)
    await world.clock.settle()
    assert.equal(given.length, 0)
    south.listed.push(NORTH)
    const refused = await about('GetTask', id)
    assert.deepEqual([refused.status?.state, inboxOf(refused)['reason']], [TaskState.REJECTED, 'UNKNOWN_DOMAIN'])
  })

  it('what the agent refuses or fails at is over, and the reason is told', async () => {
    world.tell(south, 'offline', handle)
    const [one, two] = [await send('m1'), await send('m2')]
    answer = ({ message }) => {
      throw new HansaError(message?.messageId === 'm1' ? 'CONTENT_TYPE_NOT_SUPPORTED' : 'AGENT_FAILED', 'not that')
    }
    world.tell(south, 'online', handle)
    await world.clock.settle()
    assert.deepEqual([await stateOf(one.id), await stateOf(two.id)], [TaskState.REJECTED, TaskState.FAILED])
    assert.equal(given.length, 2)
  })

  it('the task that an agent answers with is named, and its state is that of the receipt', async () => {
    world.tell(south, 'offline', handle)
    const { id } = await send('m1')
    task = { id: 'task 7', contextId: 'talk', status: { state: TaskState.INPUT_REQUIRED } }
    answer = () => ({ payload: { case: 'task', value: task } })
    world.tell(south, 'online', handle)
    await world.clock.settle()
    const mirrored = await about('GetTask', id)
    assert.deepEqual([mirrored.id, mirrored.status?.state, inboxOf(mirrored)['taskId']], [id, TaskState.INPUT_REQUIRED, 'task 7'])
    task = { ...task, status: { state: TaskState.COMPLETED }, artifacts: [{ artifactId: 'a', parts: [{ content: { case: 'text', value: 'at last' } }] }] }
    const ended = await about('GetTask', id)
    assert.deepEqual([ended.id, ended.status?.state, ended.artifacts[0]?.parts[0]?.content.value], [id, TaskState.COMPLETED, 'at last'])
    world.tell(south, 'offline', handle)
    assert.equal(await stateOf(id), TaskState.COMPLETED, 'as it was last seen')
  })

  it('an answer that is too large is not kept, and the receipt says so', async () => {
    world.tell(south, 'offline', handle)
    const { id } = await send('m1')
    answer = () => ({ payload: { case: 'message', value: { messageId: 'x', parts: [{ content: { case: 'text', value: 'x'.repeat(2 ** 20) } }] } } })
    world.tell(south, 'online', handle)
    await world.clock.settle()
    const done = await about('GetTask', id)
    assert.equal(done.status?.state, TaskState.COMPLETED)
    assert.match(String(done.status?.message?.parts[0]?.content.value), /too large to be kept/)
  })

  it('SendStreamingMessage has one event, the receipt', async () => {
    world.tell(south, 'offline', handle)
    const events = (await ask('SendStreamingMessage', words('m1'))) as StreamResponse[]
    assert.deepEqual(
      events.map(({ payload }) => payload.case),
      ['task']
    )
    world.tell(south, 'online', handle)
    await world.clock.settle()
    assert.deepEqual(
      given.map(({ header }) => header.operation),
      ['SendMessage']
    )
  })

  it('refuses webhooks, messages without an ID, and requests that are none', async () => {
    world.tell(south, 'offline', handle)
    const webhook = { configuration: { taskPushNotificationConfig: { url: 'https://client.example/hook' } } }
    await assert.rejects(ask('SendMessage', words('m1', webhook)), { code: 'PUSH_NOTIFICATION_NOT_SUPPORTED' })
    await assert.rejects(ask('SendMessage', words('')), { code: 'INVALID_ARGUMENT' })
    for (const wrong of [{ ttlMs: 0 }, { ttlMs: 8 * 86_400_000 }, { ttlMs: '1h' }, { forever: true }])
      assert.throws(() => ask('SendMessage', words('m1', {}, wrong)), { code: 'INVALID_ARGUMENT' })
    await assert.rejects(ask('SendMessage', words('m1', {}, null)), { code: 'AGENT_UNREACHABLE' })
  })

  it('refuses IDs that would fill its memory', async () => {
    world.tell(south, 'offline', handle)
    const long = 'x'.repeat(513)
    await assert.rejects(send(long), { code: 'INVALID_ARGUMENT' })
    await assert.rejects(ask('SendMessage', words('m1', { message: { messageId: 'm1', contextId: long, metadata: { [INBOX]: {} } } })), {
      code: 'INVALID_ARGUMENT'
    })
    assert.equal(south.plane.inbox?.list().length, 0)
  })

  it('takes no more than its bounds, and says for which agent', async () => {
    const small = new MemoryStore()
    const tight = keeper({ inbox: { ...DATA_DEFAULTS.inbox, perAgent: 4 } }, 'tight', small)
    await tight.plane.start()
    world.homes.set(handle, tight.identity.spiffeId)
    world.tell(tight, 'online', handle)
    world.tell(tight, 'offline', handle)
    await send('m1')
    await send('m2')
    await assert.rejects(send('m3'), ({ code, metadata }: HansaError) => code === 'INBOX_FULL' && metadata['agent'] === handle)
    assert.equal(small.count('inbox'), 2)
  })

  it('a gateway that was killed in the middle of a delivery sends the message again, with the same ID', async () => {
    world.tell(south, 'offline', handle)
    const { id } = await send('m1')
    answer = () => new Promise(() => undefined)
    world.tell(south, 'online', handle)
    await world.clock.settle()
    assert.deepEqual([ids(), south.plane.inbox?.list()[0]?.state], [['m1'], 'delivering'])
    // Another process, the same disk; the agent has not come back yet.
    answer = () => ({ payload: { case: 'message', value: { messageId: 're', parts: [] } } })
    world.offline.add(handle)
    south = keeper()
    await south.plane.start()
    assert.equal(await stateOf(id), TaskState.SUBMITTED)
    assert.equal((await send('m2')).status?.state, TaskState.SUBMITTED, 'the agent is known from before')
    world.tell(south, 'online', handle)
    await world.clock.settle()
    assert.deepEqual(ids(), ['m1', 'm1', 'm2'])
    assert.equal(await stateOf(id), TaskState.COMPLETED)
  })

  it('a gateway that keeps nothing says that the agent cannot be reached', async () => {
    const none = keeper({ inbox: { ...DATA_DEFAULTS.inbox, enabled: false } }, 'none')
    await none.plane.start()
    world.homes.set(handle, none.identity.spiffeId)
    world.tell(none, 'offline', handle)
    await assert.rejects(send('m1'), { code: 'AGENT_UNREACHABLE' })
    assert.equal(none.plane.inbox, undefined)
  })

  it('an agent that nobody knows cannot be written to, nor one whose registration has ended', async () => {
    world.tell(south, 'offline', handle)
    const { id } = await send('m1')
    world.tell(south, 'ended', handle)
    await world.clock.settle()
    assert.equal(await stateOf(id), TaskState.REJECTED)
    await south.plane.inbox?.drop(id)
    await assert.rejects(send('m2'), { code: 'AGENT_UNREACHABLE' })
  })

  it('delivers to an agent that came back at another gateway of the domain, in the name of the sender', async () => {
    world.tell(south, 'offline', handle)
    const { id } = await send('m1')
    const other = keeper({}, 'other', new MemoryStore())
    await other.plane.start()
    world.routes.get(handle)?.set(other.identity.spiffeId, 'local')
    world.route(handle, south, other)
    world.offline.delete(handle)
    await world.clock.advance(1_500)
    assert.deepEqual(
      given.map(({ header }) => [header.principal, header.inbox?.kept]),
      [[north.identity.spiffeId, true]]
    )
    // A question for the other gateway finds the one that the receipt names.
    world.route(handle, north, other)
    assert.equal(await stateOf(id), TaskState.COMPLETED)
  })
})
