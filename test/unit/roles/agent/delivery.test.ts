import assert from 'node:assert/strict'
import { create, fromBinary, type Message, toBinary } from '@bufbuild/protobuf'
import { HansaError } from '../../../../src/schema/errors.ts'
import { RelayHeaderSchema, RelayTrailerSchema } from '../../../../src/schema/generated/hansa/v1/gateway_pb.ts'
import { AgentDescriptionSchema } from '../../../../src/schema/generated/hansa/v1/directory_pb.ts'
import {
  GetTaskRequestSchema,
  ListTasksResponseSchema,
  SendMessageRequestSchema,
  SendMessageResponseSchema,
  StreamResponseSchema,
  TaskSchema,
  TaskState
} from '../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { PeerIdentity } from '../../../../src/ports/identity.ts'
import { methods } from '../../../../src/wire/methods.ts'
import { operations } from '../../../../src/wire/operations.ts'
import { FakeServerStream, identity, serveAttachment, serveRegistration } from './fakes.ts'
import { MemoryStore } from '../../../support/memory-store.ts'
import { ARS, GW1, house } from './house.ts'

const CLIENT = 'spiffe://south.example/agent/traveller'
const text = (words: string) => ({ messageId: 'm1', parts: [{ content: { case: 'text' as const, value: words } }] })
const request = toBinary(SendMessageRequestSchema, create(SendMessageRequestSchema, { message: text('to Oslo') }))
const message = (words: string) => create(StreamResponseSchema, { payload: { case: 'message', value: text(words) } })
const reply = (words: string) => create(SendMessageResponseSchema, { payload: { case: 'message', value: text(words) } })

interface Call {
  readonly operation?: string
  readonly target?: string
  readonly principal?: string
  readonly caller?: PeerIdentity
  readonly body?: readonly Uint8Array[]
  readonly header?: Uint8Array
  readonly extensions?: readonly string[]
}

function stream(call: Call): FakeServerStream {
  const { operation = 'SendMessage', target = 'flight@north.example', principal = CLIENT, body = [request], extensions = ['urn:x'] } = call
  const header = call.header ?? toBinary(RelayHeaderSchema, create(RelayHeaderSchema, { operation, target, principal, extensions: [...extensions] }))
  const last = body.length - 1
  return new FakeServerStream(
    call.caller ?? GW1,
    header,
    body.map((bytes, index) => ({ bytes, last: index === last }))
  )
}

async function running(config = {}, store?: MemoryStore) {
  const made = house(config, undefined, undefined, store)
  serveRegistration(made.rpc, ARS, () => made.clock.now())
  const gateway = serveAttachment(made.rpc, GW1, 30_000)
  await made.service.start()
  await made.clock.run(made.service.ready())
  const serve = async (to: FakeServerStream) => made.rpc.served.get(methods.deliver.id)?.(to)
  return { ...made, gateway, serve }
}

describe('delivery to the agent', () => {
  it('hands one request over with who asked and gives one answer back, with its time', async () => {
    const { client, serve, clock, service } = await running()
    let asked: { words: unknown; principal: string; extensions: readonly string[] } | undefined
    client.answer = async function* (_operation, message, { principal, extensions }) {
      asked = { words: (message as { message?: { parts: { content: { value?: unknown } }[] } }).message?.parts[0]?.content.value, principal, extensions }
      await clock.advance(7)
      yield reply('booked')
    }
    const call = stream({ body: [request.subarray(0, 3), request.subarray(3)] })
    await serve(call)
    assert.deepEqual(asked, { words: 'to Oslo', principal: CLIENT, extensions: ['urn:x'] })
    assert.equal(call.written.length, 1)
    assert.equal(fromBinary(SendMessageResponseSchema, call.written[0]?.bytes ?? new Uint8Array()).payload.case, 'message')
    const trailer = fromBinary(RelayTrailerSchema, call.trailer ?? new Uint8Array())
    assert.deepEqual([trailer.hops[0]?.gateway, trailer.hops[0]?.ms], ['spiffe://north.example/agent/flight', 7])
    await clock.run(service.stop())
  })

  it('streams, and asks the agent for more only when what it said was taken', async () => {
    const { client, serve, clock, service } = await running()
    let made = 0
    client.answer = async function* () {
      for (; made < 3; made++) yield message(`part ${made}`)
    }
    const call = stream({ operation: 'SendStreamingMessage' })
    call.full = true
    const done = serve(call)
    await clock.settle()
    assert.equal(call.written.length, 1)
    assert.equal(made, 0, 'the agent waits at its first response')
    for (let taken = 0; taken < 3; taken++) {
      call.take()
      await clock.settle()
    }
    await done
    assert.equal(call.written.length, 3)
    await clock.run(service.stop())
  })

  it('sends a long answer in fragments of at most 64 KiB', async () => {
    const { client, serve, clock, service } = await running()
    client.answer = async function* () {
      yield reply('x'.repeat(150_000))
    }
    const call = stream({})
    await serve(call)
    assert.deepEqual(
      call.written.map((one) => one.last),
      [false, false, true]
    )
    assert.ok(call.written.every((one) => one.bytes.length <= 65_532))
    await clock.run(service.stop())
  })

  it('ends at once when the caller goes away, and tells the agent', async () => {
    const { client, serve, clock, service } = await running()
    let told: AbortSignal | undefined
    client.answer = async function* (_operation, _request, { signal }) {
      told = signal
      yield message('first')
      await new Promise(() => undefined)
    }
    const call = stream({ operation: 'SendStreamingMessage' })
    const done = serve(call)
    await clock.settle()
    assert.equal(service.state().openCalls, 1)
    call.controller.abort(new HansaError('CANCELED', 'the caller went away'))
    await assert.rejects(done, { code: 'CANCELED' })
    assert.equal(told?.aborted, true)
    assert.equal(service.state().openCalls, 0)
    await clock.run(service.stop())
  })

  it('answers Trace without the agent and GetAgentCard with the exact bytes', async () => {
    const { client, serve, clock, service } = await running()
    const trace = stream({ operation: 'Trace', body: [] })
    await serve(trace)
    assert.equal(trace.written.length, 0)
    assert.ok(trace.trailer)
    const card = stream({ operation: 'GetAgentCard', body: [] })
    await serve(card)
    assert.deepEqual(card.written[0]?.bytes, client.cardBytes)
    await clock.run(service.stop())
  })

  const refused: readonly (readonly [string, Call, string])[] = [
    ['a header that is none', { header: Uint8Array.of(0xff, 0xff) }, 'MALFORMED'],
    ['a request that is none', { body: [Uint8Array.of(0xff, 0xff)] }, 'MALFORMED'],
    ['no request at all', { body: [] }, 'MALFORMED'],
    ['a message above its bound', { body: [new Uint8Array(9 << 20), new Uint8Array(9 << 20)] }, 'FRAME_TOO_LARGE'],
    ['an operation that does not exist', { operation: 'Reboot' }, 'UNSUPPORTED_OPERATION'],
    ['a message for somebody else', { target: 'hotel@north.example' }, 'AGENT_NOT_FOUND'],
    ['a principal that is no SPIFFE ID', { principal: 'root' }, 'INVALID_ARGUMENT'],
    ['another agent when calls go through gateways', { caller: identity('agent', 'hotel') }, 'PERMISSION_DENIED'],
    ['a gateway of another domain', { caller: identity('agw', 'gw9', 'south.example') }, 'PERMISSION_DENIED']
  ]
  for (const [what, call, code] of refused)
    it(`refuses ${what} and says where (${code})`, async () => {
      const { client, serve, clock, service } = await running()
      let reached = false
      client.answer = async function* () {
        reached = true
        yield reply('no')
      }
      await assert.rejects(serve(stream(call)), (error: HansaError) => {
        assert.equal(error.code, code)
        assert.equal(error.metadata['at'], 'spiffe://north.example/agent/flight')
        return true
      })
      assert.equal(reached, false)
      await clock.run(service.stop())
    })

  it('lets agents of its domain in directly when told to, each speaking for itself only', async () => {
    const { client, serve, clock, service } = await running({ intraDomain: 'direct' })
    let principal = ''
    client.answer = async function* (_operation, _request, options) {
      principal = options.principal
      yield reply('hello')
    }
    await serve(stream({ caller: identity('agent', 'hotel'), principal: CLIENT }))
    assert.equal(principal, 'spiffe://north.example/agent/hotel')
    await clock.run(service.stop())
  })

  const wrong: readonly (readonly [string, () => AsyncGenerator<Message>])[] = [
    ['nothing', async function* () {}],
    [
      'two messages to one request',
      async function* () {
        yield reply('one')
        yield reply('two')
      }
    ],
    [
      'another kind of message',
      async function* () {
        yield create(TaskSchema)
      }
    ]
  ]
  for (const [what, answer] of wrong)
    it(`reports an agent that answers ${what}`, async () => {
      const { client, serve, clock, service } = await running()
      client.answer = answer
      await assert.rejects(serve(stream({})), { code: 'INVALID_AGENT_RESPONSE' })
      await clock.run(service.stop())
    })

  it('works on no message twice where that was asked for, says so, and knows whose task it was after a restart', async () => {
    const store = new MemoryStore()
    const first = await running({ idempotent: true }, store)
    const record = first.service.state().registered?.description
    assert.deepEqual(fromBinary(AgentDescriptionSchema, record?.payload ?? new Uint8Array()).extensions, ['urn:hansa:idempotency'])
    let worked = 0
    first.client.answer = async function* () {
      worked++
      yield create(SendMessageResponseSchema, { payload: { case: 'task', value: { id: 't1', status: { state: TaskState.COMPLETED } } } })
    }
    const asking = { extensions: ['urn:hansa:idempotency'] }
    await Promise.all([first.serve(stream(asking)), first.serve(stream(asking))])
    assert.equal(worked, 1)
    await first.clock.run(first.service.stop())

    const again = await running({ idempotent: true }, store)
    again.client.answer = async function* () {
      throw new HansaError('TASK_NOT_FOUND', 'forgotten')
    }
    const get = toBinary(GetTaskRequestSchema, create(GetTaskRequestSchema, { id: 't1' }))
    const own = stream({ operation: 'GetTask', body: [get] })
    await again.serve(own)
    assert.equal(fromBinary(TaskSchema, own.written[0]?.bytes ?? new Uint8Array()).status?.state, TaskState.COMPLETED)
    await assert.rejects(again.serve(stream({ operation: 'GetTask', body: [get], principal: 'spiffe://south.example/agent/other' })), {
      code: 'TASK_NOT_FOUND'
    })
    await again.clock.run(again.service.stop())
  })

  it('keeps to itself what went wrong inside', async () => {
    const { client, serve, clock, service } = await running()
    client.answer = async function* () {
      throw new Error('password hunter2')
    }
    await assert.rejects(serve(stream({})), (error: HansaError) => error.code === 'INTERNAL' && !error.message.includes('hunter2'))
    await clock.run(service.stop())
  })

  it("says that an error of another node is the agent's own, whose work met it", async () => {
    const { client, serve, clock, service } = await running()
    client.answer = async function* () {
      throw new HansaError('RATE_LIMITED', 'slow down', { at: GW1.spiffeId, through: 'spiffe://south.example/agent/other' })
    }
    await assert.rejects(serve(stream({})), (error: HansaError) => {
      assert.deepEqual(error.metadata, { at: GW1.spiffeId, through: 'spiffe://north.example/agent/flight' })
      return error.isOfWork
    })
    client.answer = async function* () {
      throw new HansaError('RATE_LIMITED', 'slow down')
    }
    await assert.rejects(serve(stream({})), (error: HansaError) => !error.isOfWork)
    await clock.run(service.stop())
  })

  it('has the agent probed at once when a call cannot reach it', async () => {
    const { client, serve, clock, service, gateway } = await running()
    await clock.advance(1_000)
    client.online = false
    await assert.rejects(serve(stream({})), { code: 'AGENT_UNREACHABLE' })
    await clock.settle()
    assert.equal(gateway.statuses.at(-1), 2)
    await clock.run(service.stop())
  })

  it('takes no call when it is stopping, lets open ones end, and cuts them after the drain', async () => {
    const { client, serve, clock, service, gateway } = await running()
    client.answer = async function* () {
      await new Promise(() => undefined)
      yield reply('never')
    }
    const open = serve(stream({}))
    const cut = assert.rejects(open, { code: 'AGENT_UNREACHABLE' })
    const stopped = service.stop()
    await clock.settle()
    assert.equal(gateway.attached.size, 0, 'the gateway heard of it first')
    await assert.rejects(serve(stream({})), { code: 'AGENT_UNREACHABLE' })
    await clock.run(stopped)
    await cut
  })

  describe('keeps tasks apart, whoever calls', () => {
    const OTHER = 'spiffe://east.example/agent/spy'
    const bodyOf = (operation: 'SendMessage' | 'GetTask' | 'CancelTask' | 'SubscribeToTask' | 'ListTasks', task = '') => {
      const { request: schema } = operations[operation]
      return toBinary(schema, create(schema, operation === 'SendMessage' ? { message: { ...text('go on'), taskId: task } } : { id: task }))
    }

    async function withTask() {
      const made = await running({ intraDomain: 'direct' })
      const asked: string[] = []
      made.client.answer = async function* ({ name, response }, message) {
        asked.push(name)
        const words = (message as { message?: { parts: { content: { value?: unknown } }[] } }).message?.parts[0]?.content.value
        if (name === 'ListTasks') yield create(ListTasksResponseSchema, { tasks: [{ id: 't1' }, { id: 't2' }], totalSize: 2 })
        else if (name === 'SendMessage') yield create(SendMessageResponseSchema, { payload: { case: 'task', value: { id: words === 'second' ? 't2' : 't1' } } })
        else yield create(response, { id: 't1' })
      }
      const ask = async (operation: Parameters<typeof bodyOf>[0], task: string, call: Partial<Call> = {}) => {
        const served = stream({ operation, body: [bodyOf(operation, task)], ...call })
        await made.serve(served)
        return served.written[0]?.bytes ?? new Uint8Array()
      }
      await ask('SendMessage', '')
      return { ...made, asked, ask }
    }

    for (const operation of ['SendMessage', 'GetTask', 'CancelTask', 'SubscribeToTask'] as const)
      it(`${operation} of somebody else's task, through a gateway or directly, finds nothing and does not reach the agent`, async () => {
        const { ask, asked, clock, service } = await withTask()
        const reached = asked.length
        await assert.rejects(ask(operation, 't1', { principal: OTHER }), { code: 'TASK_NOT_FOUND' })
        const neighbor = identity('agent', 'hotel')
        await assert.rejects(ask(operation, 't1', { caller: neighbor }), { code: 'TASK_NOT_FOUND' })
        await assert.rejects(ask(operation, 'never seen'), { code: 'TASK_NOT_FOUND' })
        assert.equal(asked.length, reached)
        if (operation !== 'SubscribeToTask') await ask(operation, 't1')
        assert.equal(asked.length, operation === 'SubscribeToTask' ? reached : reached + 1, 'the owner reaches it')
        await clock.run(service.stop())
      })

    it('lists only the tasks of who asks', async () => {
      const { ask, clock, service } = await withTask()
      const listed = async (principal: string) => fromBinary(ListTasksResponseSchema, await ask('ListTasks', '', { principal })).tasks.map(({ id }) => id)
      assert.deepEqual([await listed(CLIENT), await listed(OTHER)], [['t1'], []])
      await clock.run(service.stop())
    })
  })
})
