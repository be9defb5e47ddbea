import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { Server, ServerCredentials, type handleServerStreamingCall } from '@grpc/grpc-js'
import { AgentCard } from '@a2a-js/sdk'
import { type AgentExecutor, DefaultRequestHandler, InMemoryTaskStore } from '@a2a-js/sdk/server'
import { A2AService, grpcService, UserBuilder } from '@a2a-js/sdk/server/grpc'
import { create, fromBinary, type Message, toBinary } from '@bufbuild/protobuf'
import { anyPack } from '@bufbuild/protobuf/wkt'
import { createGrpcTransport } from '../../../src/adapters/grpc/grpc-transport.ts'
import type { AgentFace, AgentTransport, InvokeOptions } from '../../../src/ports/agent-client.ts'
import { HansaError } from '../../../src/schema/errors.ts'
import { ErrorInfoSchema } from '../../../src/schema/generated/google/rpc/error_details_pb.ts'
import { StatusSchema } from '../../../src/schema/generated/google/rpc/status_pb.ts'
import * as a2a from '../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { operations } from '../../../src/wire/operations.ts'
import { counter, counterCard } from '../../fixtures/agents/counter.ts'
import { echo, echoCard } from '../../fixtures/agents/echo.ts'
import { waiter, waiterCard } from '../../fixtures/agents/waiter.ts'
import { until } from '../../support/until.ts'
import { FakeDoor, replyOf } from '../http/fake-door.ts'
import { AGENT, serveDoor } from './door-server.ts'

const PRINCIPAL = 'spiffe://south.example/agent/desk'

describe('gRPC transport to an agent', () => {
  let transport: AgentTransport
  const servers: Server[] = []

  beforeEach(() => {
    transport = createGrpcTransport()
  })
  afterEach(async () => {
    await transport.close?.()
    for (const server of servers.splice(0)) server.forceShutdown()
  })

  const face = (port: number, more: Partial<AgentFace> = {}): AgentFace => ({
    url: new URL(`grpc://127.0.0.1:${port}`),
    binding: 'GRPC',
    version: '1.0',
    tenant: '',
    ...more
  })
  const options = (more: Partial<InvokeOptions> = {}): InvokeOptions => ({
    signal: new AbortController().signal,
    extensions: [],
    principal: PRINCIPAL,
    ...more
  })
  const hello = (text: string, more: object = {}): Message =>
    create(a2a.SendMessageRequestSchema, {
      tenant: 'of the gateway',
      message: { ...replyOf(text), messageId: crypto.randomUUID(), role: a2a.Role.USER, ...more }
    })

  async function listen(server: Server, port = 0): Promise<number> {
    servers.push(server)
    return new Promise((resolve, reject) =>
      server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) => (error === null ? resolve(bound) : reject(error)))
    )
  }

  /** A plain agent by the SDK's own means. */
  function sdkAgent(card: object, executor: AgentExecutor, port = 0): Promise<number> {
    const full = AgentCard.fromJSON({
      version: '1',
      capabilities: { streaming: true },
      defaultInputModes: [],
      defaultOutputModes: [],
      supportedInterfaces: [{ url: 'agent.example:443', protocolBinding: 'GRPC', protocolVersion: '1.0' }],
      ...card
    })
    const server = new Server({ 'grpc.max_receive_message_length': -1 })
    const requestHandler = new DefaultRequestHandler(full, new InMemoryTaskStore(), executor)
    server.addService(A2AService, grpcService({ requestHandler, userBuilder: UserBuilder.noAuthentication }))
    return listen(server, port)
  }

  /** An agent that answers as the test says. */
  function rawAgent(method: string, handler: handleServerStreamingCall<Buffer, Buffer>): Promise<number> {
    const server = new Server()
    const bytes = (message: Buffer): Buffer => message
    server.register(`/lf.a2a.v1.A2AService/${method}`, handler, bytes, bytes, 'serverStream')
    return listen(server)
  }

  async function all(responses: AsyncIterable<Message>): Promise<Message[]> {
    const found: Message[] = []
    for await (const response of responses) found.push(response)
    return found
  }
  const codeOf = async (responses: AsyncIterable<Message>): Promise<string> => {
    try {
      await all(responses)
    } catch (thrown) {
      assert.ok(thrown instanceof HansaError, String(thrown))
      return thrown.code
    }
    return 'none'
  }

  it('says which interfaces it can call', () => {
    assert.ok(transport.speaks(face(1)))
    assert.ok(transport.speaks(face(1, { url: new URL('https://agent.example') })))
    assert.ok(!transport.speaks(face(1, { binding: 'JSONRPC' })))
    assert.ok(transport.speaks(face(1, { version: '0.3' })))
    assert.ok(!transport.speaks(face(1, { version: '0.2' })))
    assert.ok(!transport.speaks(face(1, { url: new URL('unix:/run/agent.sock') })))
  })

  describe('an agent of the SDK', () => {
    it('answers a message, a question about its task, and an error of A2A', async () => {
      const port = await sdkAgent(echoCard, echo)
      const [answer] = await all(transport.invoke(face(port), operations.SendMessage, hello('over gRPC'), options()))
      assert.ok(JSON.stringify(answer).includes('over gRPC'))
      assert.equal(
        await codeOf(transport.invoke(face(port), operations.GetTask, create(a2a.GetTaskRequestSchema, { id: 'none' }), options())),
        'TASK_NOT_FOUND'
      )
      assert.equal(
        await codeOf(transport.invoke(face(port), operations.GetExtendedAgentCard, create(a2a.GetExtendedAgentCardRequestSchema), options())),
        'UNSUPPORTED_OPERATION'
      )
    })

    it('streams a task to its end', async () => {
      const port = await sdkAgent(counterCard, counter)
      const events = await all(transport.invoke(face(port), operations.SendStreamingMessage, hello('5'), options()))
      const kinds = events.map((event) => (event as a2a.StreamResponse).payload.case)
      assert.equal(kinds.filter((kind) => kind === 'artifactUpdate').length, 5)
      assert.equal(kinds.at(-1), 'statusUpdate')
    })

    it('goes on working when the stream is left, and can be canceled by name', async () => {
      const executor = waiter()
      const port = await sdkAgent(waiterCard, executor)
      const life = new AbortController()
      let task = ''
      const reading = (async () => {
        for await (const event of transport.invoke(face(port), operations.SendStreamingMessage, hello('wait'), options({ signal: life.signal }))) {
          const { payload } = event as a2a.StreamResponse
          if (payload.case === 'task') task = payload.value.id
          if (task !== '') life.abort(new HansaError('CANCELED', 'the client went away'))
        }
      })()
      await assert.rejects(reading, { code: 'CANCELED' })
      const read = async (): Promise<a2a.Task> =>
        (await all(transport.invoke(face(port), operations.GetTask, create(a2a.GetTaskRequestSchema, { id: task }), options())))[0] as a2a.Task
      const state = (await read()).status?.state
      assert.ok(state === a2a.TaskState.WORKING || state === a2a.TaskState.SUBMITTED, String(state))
      await all(transport.invoke(face(port), operations.CancelTask, create(a2a.CancelTaskRequestSchema, { id: task }), options()))
      assert.equal((await read()).status?.state, a2a.TaskState.CANCELED)
    })
  })

  it('says who calls, its version, the extensions, the trace and the tenant of the card', async () => {
    const seen: Record<string, unknown>[] = []
    let tenant = ''
    const port = await rawAgent('SendMessage', (call) => {
      seen.push(call.metadata.getMap())
      tenant = a2aRequest(call.request).tenant
      call.write(
        Buffer.from(toBinary(a2a.SendMessageResponseSchema, create(a2a.SendMessageResponseSchema, { payload: { case: 'message', value: replyOf('yes') } })))
      )
      call.end()
    })
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    await all(
      transport.invoke(
        face(port, { tenant: 't7' }),
        operations.SendMessage,
        hello('hi'),
        options({ extensions: ['https://a.example/x'], traceparent, tracestate: 'a=1' })
      )
    )
    assert.equal(seen[0]?.['a2a-version'], '1.0')
    assert.equal(seen[0]['a2a-extensions'], 'https://a.example/x')
    assert.equal(seen[0]['x-hansa-principal'], PRINCIPAL)
    assert.equal(seen[0]['traceparent'], traceparent)
    assert.equal(seen[0]['tracestate'], 'a=1')
    assert.equal(tenant, 't7')
  })

  it('reads no faster than it is asked', async () => {
    let written = 0
    const answer = Buffer.from(
      toBinary(a2a.StreamResponseSchema, create(a2a.StreamResponseSchema, { payload: { case: 'message', value: replyOf('x'.repeat(1024 * 1024)) } }))
    )
    const port = await rawAgent('SendStreamingMessage', (call) => {
      const next = (): void => {
        if (written++ < 100) call.write(answer, next)
        else call.end()
      }
      next()
    })
    const responses = transport.invoke(face(port), operations.SendStreamingMessage, hello('go'), options())[Symbol.asyncIterator]()
    await responses.next()
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.ok(written <= 5, `the agent could write ${written} answers`)
    const before = process.memoryUsage().rss
    let count = 1
    let peak = 0
    for (let next = await responses.next(); next.done !== true; next = await responses.next()) {
      count++
      peak = Math.max(peak, process.memoryUsage().rss - before)
    }
    assert.equal(count, 100)
    assert.ok(peak < 100 * 1024 * 1024, `${Math.round(peak / 1024 / 1024)} MiB more for 100 MiB`)
  }).timeout(20_000)

  describe('an agent that', () => {
    it('is not there is unreachable, and is found when it comes back', async () => {
      const probe = createServer().listen(0, '127.0.0.1')
      await once(probe, 'listening')
      const { port } = probe.address() as AddressInfo
      await new Promise((resolve) => probe.close(resolve))
      assert.equal(await codeOf(transport.invoke(face(port), operations.SendMessage, hello('hi'), options())), 'AGENT_UNREACHABLE')
      await assert.rejects(transport.knock(face(port), new AbortController().signal), { code: 'AGENT_UNREACHABLE' })
      await sdkAgent(echoCard, echo, port)
      await transport.knock(face(port), new AbortController().signal)
      assert.equal((await all(transport.invoke(face(port), operations.SendMessage, hello('hi'), options()))).length, 1)
    })

    it('takes the connection and says nothing is not waited for longer than the signal', async () => {
      const silent = createServer((socket) => socket.on('error', () => undefined).resume()).listen(0, '127.0.0.1')
      await once(silent, 'listening')
      const { port } = silent.address() as AddressInfo
      await assert.rejects(transport.knock(face(port), AbortSignal.timeout(200)), { code: 'DEADLINE_EXCEEDED' })
      assert.equal(
        await codeOf(transport.invoke(face(port), operations.SendMessage, hello('hi'), options({ signal: AbortSignal.timeout(200) }))),
        'DEADLINE_EXCEEDED'
      )
      silent.close()
    })

    it('claims to be a gateway is not believed', async () => {
      const info = create(ErrorInfoSchema, { reason: 'CERTIFICATE_REVOKED', domain: 'hansa', metadata: { at: 'spiffe://north.example/agw/gw1' } })
      const details = toBinary(StatusSchema, create(StatusSchema, { code: 16, details: [anyPack(ErrorInfoSchema, info)] }))
      const port = await rawAgent('SendMessage', (call) => {
        call.metadata.set('grpc-status-details-bin', Buffer.from(details))
        call.emit('error', { code: 16, details: 'revoked', metadata: call.metadata })
      })
      assert.equal(await codeOf(transport.invoke(face(port), operations.SendMessage, hello('hi'), options())), 'AGENT_FAILED')
    })

    it('answers with bytes that are no message, twice, or not at all', async () => {
      const bad = await rawAgent('SendMessage', (call) => (call.write(Buffer.from('ffff', 'hex')), call.end()))
      assert.equal(await codeOf(transport.invoke(face(bad), operations.SendMessage, hello('hi'), options())), 'INVALID_AGENT_RESPONSE')
      const empty = await rawAgent('SendMessage', (call) => (call.write(Buffer.alloc(0)), call.end()))
      assert.equal(await codeOf(transport.invoke(face(empty), operations.SendMessage, hello('hi'), options())), 'INVALID_AGENT_RESPONSE')
      const none = await rawAgent('SendMessage', (call) => void call.end())
      assert.equal(await codeOf(transport.invoke(face(none), operations.SendMessage, hello('hi'), options())), 'INVALID_AGENT_RESPONSE')
      const large = await rawAgent('SendMessage', (call) => (call.write(Buffer.alloc(17 * 1024 * 1024)), call.end()))
      assert.equal(await codeOf(transport.invoke(face(large), operations.SendMessage, hello('hi'), options())), 'INVALID_AGENT_RESPONSE')
      assert.equal(
        await codeOf(transport.invoke(face(large), operations.GetTask, create(a2a.GetTaskRequestSchema, { id: 't' }), options())),
        'UNSUPPORTED_OPERATION'
      )
    }).timeout(10_000)

    it('goes away in the middle of a stream is unreachable', async () => {
      const door = new FakeDoor()
      const served = await serveDoor(door)
      door.answer = async function* ({ signal }) {
        yield create(a2a.StreamResponseSchema, { payload: { case: 'message', value: replyOf('one') } })
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
      }
      const responses = transport.invoke(face(served.port, { tenant: AGENT }), operations.SendStreamingMessage, hello('hi'), options())[Symbol.asyncIterator]()
      await responses.next()
      const refused = assert.rejects(responses.next(), (error: HansaError) => ['AGENT_UNREACHABLE', 'AGENT_FAILED'].includes(error.code))
      await served.close()
      await refused
    })
  })

  it('cancels the call within a second when its signal aborts, or its reader leaves', async () => {
    const door = new FakeDoor()
    const served = await serveDoor(door)
    const signals: AbortSignal[] = []
    door.answer = async function* ({ signal }) {
      signals.push(signal)
      yield create(a2a.StreamResponseSchema, { payload: { case: 'message', value: replyOf('one') } })
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    }
    const target = face(served.port, { tenant: AGENT })
    for await (const _ of transport.invoke(target, operations.SendStreamingMessage, hello('hi'), options())) break
    await until('the first to end', () => signals[0]?.aborted, 1_000)
    const life = new AbortController()
    const responses = transport.invoke(target, operations.SendStreamingMessage, hello('hi'), options({ signal: life.signal }))[Symbol.asyncIterator]()
    await responses.next()
    const next = responses.next()
    life.abort(new HansaError('CANCELED', 'enough'))
    await assert.rejects(next, { code: 'CANCELED', message: 'enough' })
    await until('the second to end', () => signals[1]?.aborted, 1_000)
    await served.close()
  })
})

function a2aRequest(bytes: Buffer): a2a.SendMessageRequest {
  return fromBinary(a2a.SendMessageRequestSchema, bytes)
}
