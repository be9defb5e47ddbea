import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { AgentCard, SendMessageRequest, TaskPushNotificationConfig } from '@a2a-js/sdk'
import { type Client, ClientFactory, JsonRpcTransportFactory, RestTransportFactory } from '@a2a-js/sdk/client'
import { create, type Message } from '@bufbuild/protobuf'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import type { Log } from '../../../src/ports/log.ts'
import { HansaError } from '../../../src/schema/errors.ts'
import {
  AgentCardSchema,
  ListTaskPushNotificationConfigsResponseSchema,
  ListTasksResponseSchema,
  Role,
  SendMessageResponseSchema,
  StreamResponseSchema,
  TaskPushNotificationConfigSchema,
  TaskSchema,
  TaskState
} from '../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { EmptySchema, ValueSchema } from '@bufbuild/protobuf/wkt'
import { type HttpDoor, httpDoor } from '../../support/http-door.ts'
import { FakeDoor } from './fake-door.ts'

const log: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined, child: () => log }
const self = { spiffeId: 'spiffe://north.example/agw/gw1', domain: 'north.example' }
const AGENT = '/agents/flight@north.example'

const task = { id: 't/1', contextId: 'c1', status: { state: TaskState.WORKING } }
const config = { taskId: 't/1', id: 'p1', url: 'http://client.example/hook', token: 'k', authentication: { scheme: 'Bearer', credentials: 'x' } }

/** One agent that knows every operation. */
async function* agent({ operation, message }: Parameters<FakeDoor['call']>[0]): AsyncGenerator<Message, void, undefined> {
  await Promise.resolve()
  const said = message as { message?: { parts: { content: { value?: unknown } }[]; messageId: string; contextId: string; taskId: string } }
  switch (operation.name) {
    case 'SendMessage': {
      const { parts = [], contextId = '', taskId = '' } = said.message ?? {}
      const reply = { messageId: 'r1', contextId, taskId, role: Role.AGENT, parts: parts as object[] }
      return yield create(SendMessageResponseSchema, { payload: { case: 'message', value: reply } })
    }
    case 'SendStreamingMessage':
    case 'SubscribeToTask':
      yield create(StreamResponseSchema, { payload: { case: 'task', value: task } })
      yield create(StreamResponseSchema, {
        payload: {
          case: 'artifactUpdate',
          value: { taskId: 't/1', contextId: 'c1', append: true, artifact: { artifactId: 'a1', parts: [{ content: { case: 'text', value: 'piece' } }] } }
        }
      })
      return yield create(StreamResponseSchema, {
        payload: { case: 'statusUpdate', value: { taskId: 't/1', contextId: 'c1', status: { state: TaskState.COMPLETED } } }
      })
    case 'ListTasks':
      return yield create(ListTasksResponseSchema, { tasks: [task], totalSize: 1, pageSize: 50 })
    case 'CancelTask':
      return yield create(TaskSchema, { ...task, status: { state: TaskState.CANCELED } })
    case 'GetTask':
      return yield create(TaskSchema, task)
    case 'ListTaskPushNotificationConfigs':
      return yield create(ListTaskPushNotificationConfigsResponseSchema, { configs: [config] })
    case 'DeleteTaskPushNotificationConfig':
      return yield create(EmptySchema)
    case 'GetExtendedAgentCard':
      return yield create(AgentCardSchema, {
        name: 'Flight, extended',
        supportedInterfaces: [{ url: 'http://x/', protocolBinding: 'JSONRPC', protocolVersion: '0.3' }],
        capabilities: { streaming: true }
      })
    default:
      return yield create(TaskPushNotificationConfigSchema, config)
  }
}

const bindings = [
  ['JSONRPC', '1.0', 'jsonrpc'],
  ['HTTP+JSON', '1.0', 'rest'],
  ['JSONRPC', '0.3', 'jsonrpc'],
  ['HTTP+JSON', '0.3', 'rest']
] as const

describe('A2A over HTTP at a gateway', () => {
  let door: FakeDoor
  let ingress: HttpDoor
  let base: string

  beforeEach(async () => {
    door = new FakeDoor()
    door.answer = agent
    ingress = httpDoor({ door, clock: systemClock, log, self: () => self, listen: '127.0.0.1:0', clients: 'loopback', version: '0.1.0', drainMs: 0 })
    base = await ingress.start()
  })
  afterEach(() => ingress.stop())

  const clientOf = (protocolBinding: string, protocolVersion: string, path: string): Promise<Client> => {
    const legacyCompat = { enabled: true }
    const transports = [new JsonRpcTransportFactory({ legacyCompat }), new RestTransportFactory({ legacyCompat })]
    const card = AgentCard.fromJSON({
      name: 'Flight',
      description: 'Books flights',
      version: '1',
      supportedInterfaces: [
        { url: `${base}${AGENT}/${path}`, protocolBinding, protocolVersion, tenant: protocolVersion === '1.0' ? 'flight@north.example' : '' }
      ],
      capabilities: { streaming: true, pushNotifications: true, extendedAgentCard: true },
      defaultInputModes: ['text/plain'],
      defaultOutputModes: ['text/plain'],
      skills: []
    })
    return new ClientFactory({ transports }).createFromAgentCard(card)
  }
  const hello = (more: object = {}) =>
    SendMessageRequest.fromJSON({
      message: { messageId: 'm1', contextId: 'c9', taskId: 't9', role: 'ROLE_USER', parts: [{ text: 'hello' }, { data: { a: [1] } }], ...more }
    })

  for (const [binding, version, path] of bindings)
    describe(`an unmodified client of A2A ${version} on ${binding}`, () => {
      let client: Client
      beforeEach(async () => (client = await clientOf(binding, version, path)))
      const names = () => door.calls.map(({ operation }) => operation.name)

      it('sends a message, whose IDs arrive and come back as they were', async () => {
        const raw = { raw: Buffer.from('bytes').toString('base64'), mediaType: 'application/x', filename: 'f' }
        const answer = JSON.stringify(await client.sendMessage(hello({ parts: [{ text: 'hello' }, { data: { a: [1] } }, raw] })))
        for (const part of ['"r1"', '"c9"', '"t9"', 'hello', '[1]']) assert.ok(answer.includes(part), `${part} in ${answer}`)
        const { message } = door.calls[0]?.message as unknown as { message: Record<string, unknown> }
        assert.deepEqual([message['messageId'], message['contextId'], message['taskId'], message['role']], ['m1', 'c9', 't9', Role.USER])
      })

      it('reads a stream event by event, and follows a task', async () => {
        const events: string[] = []
        for await (const event of client.sendMessageStream(hello())) events.push(event.payload?.$case ?? '')
        for await (const event of client.resubscribeTask({ tenant: '', id: 't/1' })) events.push(event.payload?.$case ?? '')
        assert.deepEqual(events, ['task', 'artifactUpdate', 'statusUpdate', 'task', 'artifactUpdate', 'statusUpdate'])
        assert.deepEqual(names(), ['SendStreamingMessage', 'SubscribeToTask'])
        assert.equal((door.calls[1]?.message as unknown as { id: string }).id, 't/1')
      })

      it('asks for a task and cancels it', async () => {
        assert.equal((await client.getTask({ tenant: '', id: 't/1', historyLength: 2 })).status?.state, TaskState.WORKING)
        assert.equal((await client.cancelTask({ tenant: '', id: 't/1', metadata: {} })).status?.state, TaskState.CANCELED)
        const [get, cancel] = door.calls.map(({ message }) => message as unknown as { id: string; historyLength?: number })
        assert.deepEqual([get?.id, get?.historyLength, cancel?.id], ['t/1', 2, 't/1'])
      })

      it('keeps webhooks', async () => {
        const sent = TaskPushNotificationConfig.fromJSON({ ...config })
        const ids = { tenant: '', taskId: 't/1', id: 'p1' }
        if (version === '1.0' || binding === 'JSONRPC') {
          const made = await client.createTaskPushNotificationConfig(sent)
          assert.deepEqual([made.taskId, made.id, made.url, made.token, made.authentication?.scheme], ['t/1', 'p1', config.url, 'k', 'Bearer'])
          assert.equal((await client.getTaskPushNotificationConfig(ids)).url, config.url)
          assert.equal((await client.listTaskPushNotificationConfig({ tenant: '', taskId: 't/1', pageSize: 0, pageToken: '' })).configs.length, 1)
        }
        await client.deleteTaskPushNotificationConfig(ids)
        const { taskId, id } = door.calls.at(-1)?.message as unknown as { taskId: string; id: string }
        assert.deepEqual([names().at(-1), taskId, id], ['DeleteTaskPushNotificationConfig', 't/1', 'p1'])
      })

      it('lists tasks where its version can, and reads the extended card', async () => {
        const list = client.listTasks({
          tenant: '',
          contextId: 'c1',
          status: TaskState.WORKING,
          pageSize: 5,
          pageToken: '',
          includeArtifacts: true,
          statusTimestampAfter: undefined
        })
        if (version === '1.0') assert.equal((await list).tasks[0]?.id, 't/1')
        else await assert.rejects(list)
        assert.equal((await client.getAgentCard()).name, 'Flight, extended')
      })

      it('understands an error of A2A, one of the network, and one in the middle of a stream', async () => {
        door.answer = () => failing(new HansaError('TASK_NOT_FOUND', 'no such task'))
        await assert.rejects(client.getTask({ id: 't', tenant: '' }), { name: /TaskNotFoundError/ })
        door.answer = () => failing(new HansaError('AGENT_UNREACHABLE', 'it sleeps'))
        await assert.rejects(client.sendMessage(hello()), /it sleeps/)
        await assert.rejects(client.sendMessageStream(hello()).next(), /it sleeps/)
        door.answer = async function* (call) {
          for await (const event of agent(call)) {
            yield event
            throw new HansaError('CONNECTION_LOST', 'the line was cut')
          }
        }
        let events = 0
        const read = async (): Promise<void> => {
          for await (const _event of client.sendMessageStream(hello())) events++
        }
        await assert.rejects(read(), /the line was cut/)
        assert.equal(events, 1)
      })

      it('is told that the agent is wrong when it answers with what JSON has not', async () => {
        door.answer = async function* () {
          await Promise.resolve()
          const data = create(ValueSchema, { kind: { case: 'numberValue', value: NaN } })
          const message = { messageId: 'r1', role: Role.AGENT, parts: [{ content: { case: 'data' as const, value: data } }] }
          yield create(SendMessageResponseSchema, { payload: { case: 'message', value: message } })
        }
        await assert.rejects(client.sendMessage(hello()), (error: Error) => {
          assert.match(`${error.name} ${error.message}`, /InvalidAgentResponse|cannot be said in JSON/)
          return true
        })
      })

      it('aborts its call within a second when it goes away', async () => {
        let aborted: (() => void) | undefined
        const gone = new Promise<void>((resolve) => (aborted = resolve))
        door.answer = async function* (call) {
          call.signal.addEventListener('abort', () => aborted?.())
          for await (const event of agent(call)) {
            yield event
            await gone
          }
        }
        const leave = new AbortController()
        const stream = client.sendMessageStream(hello(), { signal: leave.signal })
        await stream.next()
        const before = performance.now()
        leave.abort()
        await gone
        assert.ok(performance.now() - before < 1_000)
        await stream.return(undefined).catch(() => undefined)
      })
    })

  describe('plain REST', () => {
    const rest = (path: string, init: RequestInit = {}): Promise<Response> =>
      fetch(`${base}${AGENT}/rest${path}`, { ...init, headers: { 'a2a-version': '1.0', ...(init.headers as Record<string, string>) } })
    const message = { message: { messageId: 'm1', role: 'ROLE_USER', parts: [{ text: 'hello' }] } }
    const post = (path: string, body: unknown, type = 'application/a2a+json'): Promise<Response> =>
      rest(path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'content-type': type } })

    it('is enough with curl', async () => {
      const args = ['-s', '-i', '-H', 'A2A-Version: 1.0', '-H', 'Content-Type: application/a2a+json', '-d', JSON.stringify(message)]
      const { stdout } = await promisify(execFile)('curl', [...args, `${base}${AGENT}/rest/message:send`])
      assert.match(stdout, /^HTTP\/1\.1 200 /)
      assert.match(stdout, /content-type: application\/a2a\+json/i)
      assert.match(stdout, /"messageId":"r1"/)
      const stream = await promisify(execFile)('curl', [...args, '-N', `${base}${AGENT}/rest/message:stream`])
      assert.match(stream.stdout, /content-type: text\/event-stream/i)
      assert.equal(stream.stdout.match(/^data: /gm)?.length, 3)
    })

    it('has every path with a tenant before it, which is the agent, and no other', async () => {
      for (const tenant of ['flight@north.example', encodeURIComponent('flight@north.example')]) assert.equal((await rest(`/${tenant}/tasks/t1`)).status, 200)
      assert.equal((await rest('/other@north.example/tasks/t1')).status, 404)
    })

    it('passes languages, trace, deadline and extensions on', async () => {
      const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
      await rest('/tasks/t1', {
        headers: {
          'accept-language': '*, fr;q=0.2, es-MX;q=0.8, en;q=0.8',
          'content-language': 'de, en',
          'a2a-extensions': 'urn:a, urn:b',
          'request-timeout-ms': '1234',
          traceparent,
          tracestate: 'k=v'
        }
      })
      const { acceptLanguage, contentLanguage, extensions, timeoutMs, ...trace } = door.calls[0] ?? assert.fail()
      assert.deepEqual([acceptLanguage, contentLanguage, extensions, timeoutMs], ['es-MX', 'de', ['urn:a', 'urn:b'], 1234])
      assert.deepEqual([trace.traceparent, trace.tracestate], [traceparent, 'k=v'])
    })

    const refusals: readonly (readonly [what: string, ask: () => Promise<Response>, status: number, reason: string])[] = [
      ['a body that is no JSON', () => post('/message:send', '{'), 400, 'MALFORMED'],
      ['a body that is no object', () => post('/message:send', []), 400, 'INVALID_ARGUMENT'],
      ['a field that is not known', () => post('/message:send', { message: { ...message.message, mesage: 1 } }), 400, 'INVALID_ARGUMENT'],
      ['a message without an ID', () => post('/message:send', { message: { ...message.message, messageId: '' } }), 400, 'INVALID_ARGUMENT'],
      ['another content type', () => post('/message:send', 'x', 'text/plain'), 400, 'CONTENT_TYPE_NOT_SUPPORTED'],
      ['a body above 16 MiB', () => post('/message:send', ' '.repeat(16 * 1024 * 1024 + 1)), 413, 'FRAME_TOO_LARGE'],
      ['a query that is not known', () => rest('/tasks?page=1'), 400, 'INVALID_ARGUMENT'],
      ['a query that is there twice', () => rest('/tasks?pageSize=1&pageSize=2'), 400, 'INVALID_ARGUMENT'],
      ['a number that is none', () => rest('/tasks/t?historyLength=1e3'), 400, 'INVALID_ARGUMENT'],
      ['a flag that is none', () => rest('/tasks?includeArtifacts=yes'), 400, 'INVALID_ARGUMENT'],
      ['a state that is none', () => rest('/tasks?status=working'), 400, 'INVALID_ARGUMENT'],
      ['a time that is none', () => rest('/tasks?statusTimestampAfter=today'), 400, 'INVALID_ARGUMENT'],
      ['an ID that cannot be decoded', () => rest('/tasks/a%FFb'), 400, 'MALFORMED'],
      ['a path that is none', () => rest('/nothing'), 404, 'NOT_FOUND'],
      ['a method that the path has not', () => rest('/message:send'), 404, 'METHOD_NOT_FOUND'],
      ['an ID in the body that is not in the path', () => post('/tasks/t/pushNotificationConfigs', { taskId: 'u', url: 'http://x' }), 400, 'INVALID_ARGUMENT'],
      ['a version that is not spoken', () => rest('/tasks/t', { headers: { 'a2a-version': '2.0' } }), 400, 'VERSION_NOT_SUPPORTED']
    ]
    for (const [what, ask, status, reason] of refusals)
      it(`refuses ${what} with HTTP ${status}`, async () => {
        const response = await ask()
        const text = await response.text()
        assert.equal(response.status, status, text)
        const { error } = JSON.parse(text) as { error: { code: number; details: { reason: string; '@type': string }[] } }
        assert.equal(error.code, status)
        assert.equal(error.details[0]?.reason, reason)
        assert.equal(error.details[0]['@type'], 'type.googleapis.com/google.rpc.ErrorInfo')
        assert.match(response.headers.get('content-type') ?? '', /^application\/(a2a\+)?json/)
        assert.equal(door.calls.length, 0)
      })

    it('tells a client that sends no version which one this path is of', async () => {
      const response = await rest('/tasks/t', { headers: { 'a2a-version': '' } })
      const { code, message: why } = (await response.json()) as { code: number; message: string }
      assert.deepEqual([response.status, code], [400, -32600])
      assert.match(why, /send A2A-Version: 1\.0/)
    })

    for (const [code, status] of [
      ['RATE_LIMITED', 429],
      ['AGENT_UNREACHABLE', 503],
      ['DEADLINE_EXCEEDED', 504],
      ['LOOP', 508]
    ] as const)
      it(`answers ${code} with HTTP ${status}`, async () => {
        door.answer = () => failing(new HansaError(code, 'no', { at: self.spiffeId, retryAfterMs: 1500 }))
        for (const path of ['/message:send', '/message:stream']) {
          const response = await post(path, message)
          const { error } = (await response.json()) as { error: { code: number; details: { domain: string; metadata: Record<string, string> }[] } }
          assert.deepEqual([response.status, error.code, error.details[0]?.domain, error.details[0]?.metadata['at']], [status, status, 'hansa', self.spiffeId])
          if (code === 'RATE_LIMITED') assert.equal(response.headers.get('retry-after'), '2')
        }
      })

    it('refuses who is above the quota before the body is read', async () => {
      door.refuse = new HansaError('RATE_LIMITED', 'too many', { retryAfterMs: 1500 })
      const response = await post('/message:send', 'this is not even JSON')
      assert.deepEqual([response.status, response.headers.get('retry-after')], [429, '2'])
    })

    it('takes an ID of 256 characters, and a body of 16 MiB', async () => {
      const id = 'é'.repeat(256)
      assert.equal((await rest(`/tasks/${encodeURIComponent(id)}/pushNotificationConfigs/${encodeURIComponent(id)}`)).status, 200)
      const body = JSON.stringify({ message: { ...message.message, parts: [{ text: 'x'.repeat(16 * 1024 * 1024 - 200) }] } })
      assert.equal((await post('/message:send', body)).status, 200)
    })
  })
})

async function* failing(error: Error): AsyncGenerator<Message, void, undefined> {
  await Promise.resolve()
  if (error instanceof Error) throw error
  yield create(StreamResponseSchema)
}
