import assert from 'node:assert/strict'
import { once } from 'node:events'
import http2 from 'node:http2'
import { connect } from 'node:net'
import type { Client, ClientReadableStream } from '@grpc/grpc-js'
import { AgentCard, SendMessageRequest } from '@a2a-js/sdk'
import { ClientFactory } from '@a2a-js/sdk/client'
import { GrpcTransportFactory } from '@a2a-js/sdk/client/grpc'
import { create, type Message, toBinary } from '@bufbuild/protobuf'
import { EmptySchema } from '@bufbuild/protobuf/wkt'
import type { GatewayDoor } from '../../../src/ports/gateway-door.ts'
import { ERRORS, type ErrorCode, HansaError } from '../../../src/schema/errors.ts'
import * as a2a from '../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { ERROR_STATUS, GRPC_CODES } from '../../../src/wire/binding/error-status.ts'
import { isA2aOperation, operations } from '../../../src/wire/operations.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { until } from '../../support/until.ts'
import { FakeDoor, replyOf } from '../http/fake-door.ts'
import { AGENT, type DoorServer, self, serveDoor } from './door-server.ts'
import { plainClient, refusal, said, unary } from './plain-client.ts'

type CallRequest = Parameters<GatewayDoor['call']>[0]

const hello = { tenant: AGENT, message: { messageId: 'm1', role: 'ROLE_USER', parts: [{ text: 'hello' }] } }
const event = (text: string): Message => create(a2a.StreamResponseSchema, { payload: { case: 'message', value: replyOf(text) } })

describe('gRPC door of a gateway', () => {
  let door: FakeDoor
  let served: DoorServer
  let client: Client

  beforeEach(async () => {
    door = new FakeDoor()
    served = await serveDoor(door)
    client = plainClient(served.address)
  })
  afterEach(async () => {
    client.close()
    await served.close()
  })

  const stream = (method: string, request: object, options: object = {}): ClientReadableStream<Record<string, unknown>> =>
    (Reflect.get(client, method) as (...args: unknown[]) => ClientReadableStream<Record<string, unknown>>).call(client, request, said(), options)

  describe('an unmodified A2A client', () => {
    const sdk = () =>
      new ClientFactory({ transports: [new GrpcTransportFactory()], preferredTransports: ['GRPC'] }).createFromAgentCard(
        AgentCard.fromJSON({
          name: 'Flight',
          description: 'Books flights',
          version: '3',
          supportedInterfaces: [{ url: served.address, protocolBinding: 'GRPC', protocolVersion: '1.0', tenant: AGENT }],
          capabilities: { streaming: true, pushNotifications: true },
          defaultInputModes: ['text/plain'],
          defaultOutputModes: ['text/plain'],
          skills: []
        })
      )

    it('sends a message to the agent that its card names as tenant, and reads the answer', async () => {
      const answer = await (await sdk()).sendMessage(SendMessageRequest.fromJSON({ message: hello.message }))
      assert.ok(JSON.stringify(answer).includes('you said hello'))
      assert.equal(door.calls[0]?.target, AGENT)
      assert.equal(door.calls[0].principal.spiffeId, self.spiffeId)
      assert.equal((door.calls[0].message as a2a.SendMessageRequest).tenant, '')
    })

    it('reads a stream event by event', async () => {
      const words: string[] = []
      for await (const each of (await sdk()).sendMessageStream(SendMessageRequest.fromJSON({ message: hello.message }))) words.push(JSON.stringify(each))
      assert.equal(words.length, 3)
      assert.ok(words[2]?.includes('three'))
    })

    it('understands an error of A2A', async () => {
      door.answer = () => failing(new HansaError('TASK_NOT_FOUND', 'no such task'))
      await assert.rejects((await sdk()).getTask({ id: 't1', tenant: '', historyLength: undefined }), { name: 'TaskNotFoundError' })
    })
  })

  it('serves all eleven operations to a client made from the .proto files', async () => {
    door.answer = answerAny
    const requests: Record<string, object> = {
      SendMessage: hello,
      SendStreamingMessage: hello,
      GetTask: { id: 't1' },
      ListTasks: {},
      CancelTask: { id: 't1' },
      SubscribeToTask: { id: 't1' },
      CreateTaskPushNotificationConfig: { taskId: 't1', url: 'https://hook.example/' },
      GetTaskPushNotificationConfig: { taskId: 't1', id: 'c1' },
      ListTaskPushNotificationConfigs: { taskId: 't1' },
      DeleteTaskPushNotificationConfig: { taskId: 't1', id: 'c1' },
      GetExtendedAgentCard: {}
    }
    for (const [name, request] of Object.entries(requests)) {
      assert.ok(isA2aOperation(name))
      const full = { ...request, tenant: AGENT }
      if (operations[name].streaming) assert.equal((await stream(name, full).toArray()).length, 2, name)
      else await unary(client, name, full)
    }
    assert.deepEqual(
      door.calls.map((call) => call.operation.name),
      Object.keys(requests)
    )
    await until('the door to notice', () => door.released === 11)
    assert.equal(door.admitted.length, 11)
  })

  it('hands on extensions, trace context, languages and the time that is left', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const metadata = said({
      'a2a-extensions': 'https://a.example/x, https://b.example/y',
      traceparent,
      tracestate: 'a=1',
      'accept-language': 'en;q=0.5, zh-Hans, es;q=0.9',
      'content-language': 'fr'
    })
    await unary(client, 'SendMessage', hello, metadata, { deadline: Date.now() + 20_000 })
    const call = door.calls[0]
    assert.deepEqual(call?.extensions, ['https://a.example/x', 'https://b.example/y'])
    assert.equal(call.traceparent, traceparent)
    assert.equal(call.tracestate, 'a=1')
    assert.equal(call.acceptLanguage, 'zh-Hans')
    assert.equal(call.contentLanguage, 'fr')
    assert.ok(call.timeoutMs !== undefined && call.timeoutMs > 15_000 && call.timeoutMs <= 20_000, String(call.timeoutMs))
  })

  describe('refuses', () => {
    it('with every error of Hansa in its own status, reason and domain', async () => {
      for (const code of Object.keys(ERRORS) as ErrorCode[]) {
        door.answer = () => failing(new HansaError(code, `about ${code}: 預訂 \ud800 100%`, { at: 'spiffe://south.example/agw/gw2', retryAfterMs: 1_500 }))
        const { code: status, message, info, retry } = await refusal(unary(client, 'GetTask', { tenant: AGENT, id: 't1' }))
        assert.equal(status, GRPC_CODES[ERROR_STATUS[code].grpc], code)
        assert.ok(message.startsWith(`about ${code}: 預訂`), message)
        assert.equal(info?.reason, code)
        assert.equal(info.domain, ERROR_STATUS[code].domain)
        assert.equal(info.metadata['at'], 'spiffe://south.example/agw/gw2')
        if (code === 'RATE_LIMITED' || code === 'TOO_MANY_CALLS') assert.deepEqual([retry?.retryDelay?.seconds, retry?.retryDelay?.nanos], [1n, 500_000_000])
        else assert.equal(retry, undefined)
      }
    })

    it('an error after the first answer of a stream, as its end', async () => {
      door.answer = async function* () {
        yield event('one')
        await Promise.resolve()
        throw new HansaError('CONNECTION_LOST', 'the line is gone')
      }
      const words: unknown[] = []
      const { info } = await refusal(
        (async () => {
          for await (const each of stream('SendStreamingMessage', hello)) words.push(each)
        })()
      )
      assert.equal(words.length, 1)
      assert.equal(info?.reason, 'CONNECTION_LOST')
    })

    it('who may not call, before the message is read', async () => {
      door.refuse = new HansaError('RATE_LIMITED', 'too fast', { retryAfterMs: 250 })
      const session = http2.connect(`http://${served.address}`)
      const request = session.request(headersOf('SendMessage'))
      // No message follows, and the answer is here all the same.
      const [headers] = (await once(request, 'response')) as [http2.IncomingHttpHeaders]
      assert.equal(headers['grpc-status'], '8')
      session.destroy()
      assert.equal(door.calls.length, 0)
    })

    it('other versions, and none', async () => {
      for (const version of ['0.3', '', '2.0']) {
        const { code, info } = await refusal(unary(client, 'SendMessage', hello, said({ 'a2a-version': version })))
        assert.equal(code, GRPC_CODES.FAILED_PRECONDITION)
        assert.equal(info?.reason, 'VERSION_NOT_SUPPORTED')
      }
      await until('the door to notice', () => door.released === 3)
    })

    it('requests without what A2A requires, and without an agent', async () => {
      const reasons: (string | undefined)[] = []
      for (const request of [{ tenant: AGENT }, { message: hello.message }, { ...hello, tenant: 'nobody at all' }])
        reasons.push((await refusal(unary(client, 'SendMessage', request))).info?.reason)
      assert.deepEqual(reasons, ['INVALID_ARGUMENT', 'INVALID_ARGUMENT', 'AGENT_NOT_FOUND'])
    })

    it('clients that came through a proxy and show no certificate', async () => {
      const { info } = await refusal(unary(client, 'SendMessage', hello, said({ 'x-forwarded-for': '203.0.113.9' })))
      assert.equal(info?.reason, 'UNAUTHENTICATED')
      assert.equal(door.admitted.length, 0)
    })

    it('unknown methods', async () => {
      const path = '/lf.a2a.v1.A2AService/Trace'
      const call = new Promise((resolve, reject) =>
        client.makeUnaryRequest(
          path,
          (message: Buffer) => message,
          (message: Buffer) => message,
          Buffer.alloc(0),
          (error, answer) => (error ? reject(error) : resolve(answer))
        )
      )
      assert.equal((await refusal(call)).code, GRPC_CODES.UNIMPLEMENTED)
    })
  })

  describe('the client who goes', () => {
    const held = (): Promise<CallRequest> =>
      new Promise((resolve) => {
        door.answer = async function* (request) {
          yield event('one')
          resolve(request)
          await new Promise((done) => request.signal.addEventListener('abort', done))
          request.signal.throwIfAborted()
        }
      })

    it('by canceling is noticed at once', async () => {
      const begun = held()
      const call = stream('SendStreamingMessage', hello)
      call.on('error', () => undefined).resume()
      const { signal } = await begun
      const start = performance.now()
      call.cancel()
      await until('the door to notice', () => signal.aborted && door.released === 1)
      assert.ok(performance.now() - start < 1_000)
    })

    it('by closing the connection is noticed at once', async () => {
      const begun = held()
      const session = http2.connect(`http://${served.address}`)
      const request = session.request(headersOf('SendStreamingMessage'))
      request.on('error', () => undefined).end(framed(Buffer.from(toBinary(a2a.SendMessageRequestSchema, helloMessage()))))
      const { signal } = await begun
      session.destroy()
      await until('the door to notice', () => signal.aborted && door.released === 1)
      await until('the door to notice', () => served.grpc.connections === 0)
    })

    it('by its own deadline ends the call', async () => {
      const begun = held()
      const call = stream('SendStreamingMessage', hello, { deadline: Date.now() + 200 })
      const { code } = await refusal(call.toArray())
      assert.equal(code, GRPC_CODES.DEADLINE_EXCEEDED)
      const { signal } = await begun
      await until('the door to notice', () => signal.aborted && door.released === 1)
    })
  })

  it('ends open calls with OVERLOADED when it stops', async () => {
    door.answer = async function* (request) {
      yield event('one')
      await new Promise((done) => request.signal.addEventListener('abort', done))
      request.signal.throwIfAborted()
    }
    const call = stream('SendStreamingMessage', hello)
    const first = once(call, 'data')
    const ended = refusal(new Promise((_resolve, reject) => call.once('error', reject)))
    await first
    await served.grpc.stop()
    assert.equal((await ended).info?.reason, 'OVERLOADED')
  })

  describe('large answers', () => {
    it('carries messages of nearly 16 MiB both ways, and refuses larger ones', async () => {
      const large = 'x'.repeat(16 * 1024 * 1024 - 100)
      const answer = await unary(client, 'SendMessage', { tenant: AGENT, message: { ...hello.message, parts: [{ text: large.slice(20) }] } })
      assert.ok(JSON.stringify(answer).length > large.length)
      const { code } = await refusal(unary(client, 'SendMessage', { tenant: AGENT, message: { ...hello.message, parts: [{ text: large + large }] } }))
      assert.equal(code, GRPC_CODES.RESOURCE_EXHAUSTED)
    }).timeout(20_000)

    it('pulls no answer from the agent before the client has read', async () => {
      let pulled = 0
      door.answer = async function* () {
        for (; pulled < 400;) {
          pulled++
          yield event('x'.repeat(256 * 1024))
          await Promise.resolve()
        }
      }
      const session = http2.connect(`http://${served.address}`)
      const request = session.request(headersOf('SendStreamingMessage'))
      request.end(framed(Buffer.from(toBinary(a2a.SendMessageRequestSchema, helloMessage()))))
      await once(request, 'response')
      await new Promise((resolve) => setTimeout(resolve, 300))
      assert.ok(pulled <= 3, `${pulled} answers were pulled`)
      const before = process.memoryUsage().rss
      let read = 0
      let peak = 0
      for await (const piece of request) {
        read += (piece as Buffer).length
        peak = Math.max(peak, process.memoryUsage().rss - before)
      }
      assert.ok(read > 100 * 1024 * 1024, String(read))
      assert.ok(peak < 80 * 1024 * 1024, `${Math.round(peak / 1024 / 1024)} MiB more for 100 MiB`)
      session.close()
    }).timeout(30_000)

    it('cuts a client that reads nothing for a minute, and only that call', async () => {
      await served.close()
      const clock = new FakeClock(Date.now())
      served = await serveDoor(door, { clock })
      let signal: AbortSignal | undefined
      door.answer = async function* (request) {
        if (request.operation.name === 'SendMessage')
          return yield create(a2a.SendMessageResponseSchema, { payload: { case: 'message', value: replyOf('still here') } })
        signal = request.signal
        for (;;) {
          yield event('x'.repeat(256 * 1024))
          await Promise.resolve()
        }
      }
      const session = http2.connect(`http://${served.address}`)
      const request = session.request(headersOf('SendStreamingMessage'))
      request.on('error', () => undefined).end(framed(Buffer.from(toBinary(a2a.SendMessageRequestSchema, helloMessage()))))
      await once(request, 'response')
      await until('the door to notice', () => clock.pending > 0)
      await clock.advance(59_000)
      assert.equal(signal?.aborted, false)
      await clock.advance(2_000)
      assert.equal(signal?.aborted, true)
      await until('the door to notice', () => door.released === 1)
      const other = session.request(headersOf('SendMessage'))
      other.end(framed(Buffer.from(toBinary(a2a.SendMessageRequestSchema, helloMessage()))))
      assert.ok(Buffer.concat(await other.toArray()).includes('still here'))
      session.destroy()
    })
  })

  describe('hostile clients', () => {
    const alive = async (): Promise<void> => void (await unary(client, 'SendMessage', hello))

    it('who send no HTTP/2 lose their connection, and nobody else does', async () => {
      for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\x02\x00\x01', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + '\xff'.repeat(4_000)]) {
        const socket = connect(served.port, '127.0.0.1')
        socket.on('error', () => undefined).end(Buffer.from(bytes, 'latin1'))
        await once(socket.resume(), 'close')
      }
      await until('the door to notice', () => served.grpc.connections === 0)
      await alive()
    })

    it('who send another content type, bytes that are no message, compressed rubbish or a large length are told so', async () => {
      const session = http2.connect(`http://${served.address}`)
      const ask = async (headers: object, body: Buffer): Promise<http2.IncomingHttpHeaders> => {
        const request = session.request({ ...headersOf('SendMessage'), ...headers })
        request.on('error', () => undefined).end(body)
        const [answer] = (await once(request, 'response')) as [http2.IncomingHttpHeaders]
        request.close()
        return answer
      }
      assert.equal((await ask({ 'content-type': 'application/json' }, Buffer.from('{}')))[':status'], 415)
      assert.equal((await ask({}, framed(Buffer.from('ffffffffff', 'hex'))))['grpc-status'], '3')
      assert.equal((await ask({}, framed(Buffer.alloc(0))))['grpc-status'], '3')
      assert.equal((await ask({}, Buffer.alloc(0)))['grpc-status'], '12')
      assert.equal((await ask({}, Buffer.from('00ffffffff00', 'hex')))['grpc-status'], '8')
      assert.equal((await ask({ 'grpc-encoding': 'gzip' }, framed(Buffer.from('not gzip'), 1)))['grpc-status'], '13')
      assert.equal((await ask({ 'grpc-timeout': 'soon' }, framed(Buffer.alloc(0))))['grpc-status'], '13')
      assert.equal((await ask({ ':path': '/%00/é\u0080"' }, Buffer.alloc(0)))['grpc-status'], '12')
      session.destroy()
      await until('the door to notice', () => door.released === door.admitted.length)
      await alive()
    })

    it('who send more fields than a message may have are refused', async () => {
      const part = Buffer.from('2200', 'hex')
      const inner = Buffer.concat(Array.from({ length: 300_000 }, () => part))
      const length = Buffer.from([(inner.length & 127) | 128, ((inner.length >> 7) & 127) | 128, inner.length >> 14])
      const session = http2.connect(`http://${served.address}`)
      const request = session.request(headersOf('SendMessage'))
      request.end(framed(Buffer.concat([Buffer.from('12', 'hex'), length, inner])))
      const [answer] = (await once(request, 'response')) as [http2.IncomingHttpHeaders]
      assert.equal(answer['grpc-status'], '3')
      session.destroy()
    })

    it('who open more streams than they may are held to a hundred', async () => {
      const session = http2.connect(`http://${served.address}`)
      const [settings] = (await once(session, 'remoteSettings')) as [http2.Settings]
      assert.equal(settings.maxConcurrentStreams, 100)
      for (let index = 0; index < 300; index++) session.request(headersOf('SendMessage')).on('error', () => undefined)
      await until('the door to notice', () => door.admitted.length >= 100)
      assert.equal(door.admitted.length, 100)
      await alive()
      session.destroy()
      await until('the door to notice', () => door.released === door.admitted.length)
    })

    it('who open a call and send nothing are told after two minutes', async () => {
      await served.close()
      const clock = new FakeClock(Date.now())
      served = await serveDoor(door, { clock })
      const session = http2.connect(`http://${served.address}`)
      const request = session.request(headersOf('SendMessage'))
      request.on('error', () => undefined)
      const answered = once(request, 'response') as Promise<[http2.IncomingHttpHeaders]>
      await until('the door to notice', () => door.admitted.length === 1)
      await clock.advance(121_000)
      assert.equal((await answered)[0]['grpc-status'], '4')
      await until('the door to notice', () => door.released === 1)
      session.destroy()
    })
  })

  it('never mixes up two clients, however their calls lie', async () => {
    await served.close()
    const addresses = ['203.0.113.1', '203.0.113.2']
    let taken = 0
    // The port says the first connection is one client, the next the other, and so on.
    served = await serveDoor(door, { identify: ({ address }) => ({ spiffeId: `spiffe://north.example/agent/${address ?? 'none'}` }) }, () => ({
      address: addresses[taken++ % 2] ?? ''
    }))
    const seen = new Map<string, Set<string>>()
    door.answer = async function* ({ principal, message }) {
      const who = (message as a2a.SendMessageRequest).message?.messageId ?? ''
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5))
      seen.set(who, (seen.get(who) ?? new Set()).add(principal.spiffeId))
      yield create(a2a.SendMessageResponseSchema, { payload: { case: 'message', value: replyOf('yes') } })
    }
    const clients = Array.from({ length: 6 }, () => plainClient(served.address))
    // One after the other, so that the order of connections is known.
    for (const each of clients) await unary(each, 'GetTask', { tenant: AGENT, id: 't1' }).catch(() => undefined)
    assert.equal(taken, 6)
    const work = Array.from({ length: 600 }, (_, index) => {
      const at = index % 6
      const each = clients[at]
      assert.ok(each)
      return unary(each, 'SendMessage', { tenant: AGENT, message: { ...hello.message, messageId: `client${at % 2}` } })
    })
    await Promise.all(work)
    for (const each of clients) each.close()
    assert.deepEqual([...(seen.get('client0') ?? [])], ['spiffe://north.example/agent/203.0.113.1'])
    assert.deepEqual([...(seen.get('client1') ?? [])], ['spiffe://north.example/agent/203.0.113.2'])
  }).timeout(10_000)
})

function headersOf(method: string): http2.OutgoingHttpHeaders {
  return {
    ':method': 'POST',
    ':path': `/lf.a2a.v1.A2AService/${method}`,
    'content-type': 'application/grpc',
    te: 'trailers',
    'a2a-version': '1.0'
  }
}

/** A message of gRPC: flag, length, bytes. */
function framed(bytes: Buffer, flag = 0): Buffer {
  const head = Buffer.from([flag, 0, 0, 0, 0])
  head.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

function helloMessage(): a2a.SendMessageRequest {
  return create(a2a.SendMessageRequestSchema, { tenant: AGENT, message: { ...replyOf('hello'), messageId: 'm1', role: a2a.Role.USER } })
}

async function* failing(error: Error): AsyncGenerator<Message, void, undefined> {
  await Promise.resolve()
  if (error instanceof Error) throw error
  yield create(EmptySchema)
}

async function* answerAny({ operation }: CallRequest): AsyncGenerator<Message, void, undefined> {
  await Promise.resolve()
  yield create(operation.response)
  if (operation.streaming) yield create(operation.response)
}
