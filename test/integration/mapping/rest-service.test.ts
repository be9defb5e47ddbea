import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { create, type Message as AnyMessage, toJson } from '@bufbuild/protobuf'
import { createAgentClient } from '../../../src/node/agent-clients.ts'
import { createMappedTransport } from '../../../src/node/mapping/mapped-transport.ts'
import type { AgentFace, AgentTransport } from '../../../src/ports/agent-client.ts'
import * as a2a from '../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { operations } from '../../../src/wire/operations.ts'
import { ask, mappingOf, PRINCIPAL, refusedWith, said, sending } from '../../support/mapped.ts'
import { until } from '../../support/until.ts'

const YAML = `
timeout: 500ms
maxBytes: 2000
secrets: { token: { file: token } }
health: { path: /health }
patterns: ['(?<nights>\\d+) nights in (?<city>\\p{L}+)']
inputs: { nights: { from: /data/nights, type: integer, required: true }, city: { from: /data/city, default: Berlin } }
http:
  url: /hotels/{{/inputs/city}}/bookings
  headers: { authorization: 'Bearer {{/secrets/token}}', x-principal: '{{/principal}}' }
  body: { nights: '{{/inputs/nights}}', session: '{{/contextId}}' }
  response: { text: 'Booked: {{/id}}', data: '{{}}' }
  errors: { 418: { code: UNSUPPORTED_OPERATION, message: /error/why }, 5xx: { code: OVERLOADED } }
skills:
  raw: { http: { url: '/raw/{{/text}}', method: GET } }
  watch: { http: { url: /watch, stream: { format: sse, text: /delta?, progress: /status?, end: '[DONE]' } } }
  lines: { http: { url: /lines, method: GET, stream: { format: lines, data: '{{}}' } } }
`

describe('node/mapping: a plain REST service as an agent', () => {
  let server: Server
  let transport: AgentTransport
  let face: AgentFace
  let handle: (request: IncomingMessage, response: ServerResponse, body: string) => void
  const open = new Set<ServerResponse>()

  before(async () => {
    server = createServer((request, response) => {
      open.add(response)
      response.on('close', () => open.delete(response))
      let body = ''
      request.on('data', (piece) => (body += String(piece)))
      request.on('end', () => handle(request, response, body))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    face = { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/`), binding: 'urn:hansa:binding:http', version: '1.0', tenant: '' }
    transport = createMappedTransport(await mappingOf(YAML, {}, { token: 's3cret\n' }))
  })

  after(async () => {
    await transport.close?.()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  const send = (...message: Parameters<typeof said>) => ask(transport, face, 'SendMessage', sending(said(...message)))
  const skill = (skillId: string, text = 'x') => said(text, undefined, { metadata: { skillId } })
  const answers = (status: number, body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
    (handle = (_, response) => response.writeHead(status, headers).end(body))
  const messageOf = ([first]: readonly AnyMessage[]) => {
    const response = first as a2a.SendMessageResponse
    assert.equal(response.payload.case, 'message')
    return toJson(a2a.MessageSchema, response.payload.value as a2a.Message) as Record<string, unknown>
  }

  it('speaks its binding and no other', () => {
    assert.equal(transport.speaks(face), true)
    assert.equal(transport.speaks({ ...face, binding: 'JSONRPC' }), false)
    assert.equal(transport.speaks({ ...face, url: new URL('file:///etc/passwd') }), false)
  })

  it('a message becomes a request, the answer a message in the same context', async () => {
    let seen: unknown
    handle = (request, response, body) => {
      const { authorization, 'x-principal': principal } = request.headers
      seen = { url: request.url, method: request.method, authorization, principal, body: JSON.parse(body) as unknown }
      response.writeHead(201, { 'content-type': 'application/json' }).end('{"id":"B7","nights":2}')
    }
    const message = messageOf(await send('2 nights in Rome'))
    assert.deepEqual(seen, {
      url: '/v1/hotels/Rome/bookings',
      method: 'POST',
      authorization: 'Bearer s3cret',
      principal: PRINCIPAL,
      body: { nights: 2, session: 'c1' }
    })
    assert.partialDeepStrictEqual(message, {
      contextId: 'c1',
      role: 'ROLE_AGENT',
      parts: [{ text: 'Booked: B7' }, { data: { id: 'B7', nights: 2 }, mediaType: 'application/json' }]
    })
  })

  it('streaming asked of a service that does not stream: one message event', async () => {
    answers(200, '{"id":"B8"}')
    const events = (await ask(transport, face, 'SendStreamingMessage', sending(said('', { nights: 1 })))) as a2a.StreamResponse[]
    assert.deepEqual(
      events.map(({ payload }) => payload.case),
      ['message']
    )
  })

  it('an answer without a rule comes as what it is', async () => {
    answers(200, 'sunny', { 'content-type': 'text/plain; charset=utf-8' })
    assert.partialDeepStrictEqual(messageOf(await ask(transport, face, 'SendMessage', sending(skill('raw')))), { parts: [{ text: 'sunny' }] })
    answers(200, '[1,2]')
    assert.partialDeepStrictEqual(messageOf(await ask(transport, face, 'SendMessage', sending(skill('raw')))), { parts: [{ data: [1, 2] }] })
    answers(200, '\x89PNG', { 'content-type': 'image/png' })
    assert.partialDeepStrictEqual(messageOf(await ask(transport, face, 'SendMessage', sending(skill('raw')))), { parts: [{ mediaType: 'image/png' }] })
  })

  for (const [status, body, code, why] of [
    [418, '{"error":{"why":"a teapot\\r\\n"}}', 'UNSUPPORTED_OPERATION', /HTTP 418: a teapot/],
    [418, 'no json', 'UNSUPPORTED_OPERATION', /HTTP 418$/],
    [500, '', 'OVERLOADED', /500/],
    [422, '', 'INVALID_ARGUMENT', /422/],
    [401, '', 'AGENT_FAILED', /401/],
    [404, '', 'NOT_FOUND', /404/],
    [429, '', 'RATE_LIMITED', /429/],
    [302, '', 'AGENT_FAILED', /302/],
    [200, '{"id":', 'INVALID_AGENT_RESPONSE', /not JSON/],
    [200, '{"other":1}', 'INVALID_AGENT_RESPONSE', /\/id is missing/],
    [200, '['.repeat(1_500), 'INVALID_AGENT_RESPONSE', /deeper/],
    [200, `{"id":"${'x'.repeat(3_000)}"}`, 'INVALID_AGENT_RESPONSE', /more than 2000 bytes/]
  ] as const)
    it(`HTTP ${status} ${body.slice(0, 20)} is ${code}`, async () => {
      answers(status, body, { location: 'http://169.254.169.254/', 'content-type': 'application/json' })
      await assert.rejects(send('', { nights: 1 }), refusedWith(code, why))
    })

  it('a service that is silent, breaks off, or is not there', async () => {
    handle = () => undefined
    await assert.rejects(send('', { nights: 1 }), refusedWith('DEADLINE_EXCEEDED', /500 ms/))
    handle = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"id"')
      response.destroy()
    }
    await assert.rejects(send('', { nights: 1 }), refusedWith('AGENT_UNREACHABLE', /./))
    const nowhere = { ...face, url: new URL('http://127.0.0.1:1/') }
    await assert.rejects(ask(transport, nowhere, 'SendMessage', sending(said('', { nights: 1 }))), refusedWith('AGENT_UNREACHABLE', /127\.0\.0\.1:1/))
    await assert.rejects(transport.knock(nowhere, new AbortController().signal), refusedWith('AGENT_UNREACHABLE', /./))
  })

  it('is knocked at its health path', async () => {
    const { signal } = new AbortController()
    handle = (request, response) => response.writeHead(request.url === '/v1/health' ? 204 : 500).end()
    await transport.knock(face, signal)
    answers(503, '')
    await assert.rejects(transport.knock(face, signal), refusedWith('AGENT_UNREACHABLE', /not well.*503/))
  })

  it('a streamed answer is a task of artifact chunks that can be read afterwards', async () => {
    handle = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: {"status":"looking"}\n\ndata: {"delta":"Hel"}\n\n: quiet\n\nda')
      response.end('ta: {"delta":"lo"}\n\ndata: [DONE]\n\ndata: {"delta":"never"}\n\n')
    }
    const events = (await ask(transport, face, 'SendStreamingMessage', sending(skill('watch')))) as a2a.StreamResponse[]
    const words = events
      .flatMap(({ payload }) => (payload.case === 'artifactUpdate' ? (payload.value.artifact?.parts ?? []) : []))
      .map(({ content }) => content.value)
    assert.deepEqual(words, ['Hel', 'lo'])
    const first = events[0]?.payload
    assert.ok(first?.case === 'task')
    const [task] = (await ask(transport, face, 'GetTask', create(a2a.GetTaskRequestSchema, { id: first.value.id }))) as a2a.Task[]
    assert.equal(task?.status?.state, a2a.TaskState.COMPLETED)
    assert.equal(task.artifacts[0]?.parts[0]?.content.value, 'Hello')
  })

  it('JSON lines stream as well, the last without a line end', async () => {
    handle = (_, response) => response.writeHead(200).end('{"n":1}\n\n{"n":2}')
    const [response] = (await ask(transport, face, 'SendMessage', sending(skill('lines')))) as a2a.SendMessageResponse[]
    assert.ok(response?.payload.case === 'task')
    assert.equal(response.payload.value.artifacts[0]?.parts.length, 2)
  })

  it('a stream that breaks, says nonsense, grows too large or falls silent fails its task', async () => {
    for (const [body, why] of [
      ['data: {"delta":\n\n', /not JSON/],
      [`data: ${'x'.repeat(3_000)}\n\n`, /larger than 2000/],
      ['data: {"delta":"a"}\n\n', /500 ms/]
    ] as const) {
      handle = (_, response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).write(body)
      const [response] = (await ask(transport, face, 'SendMessage', sending(skill('watch')))) as a2a.SendMessageResponse[]
      assert.ok(response?.payload.case === 'task')
      assert.equal(response.payload.value.status?.state, a2a.TaskState.FAILED)
      assert.match(String(response.payload.value.status.message?.parts[0]?.content.value), why)
    }
  })

  it('canceling the task ends the request; others know nothing of it', async () => {
    handle = (_, response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {"delta":"a"}\n\n')
    const options = { signal: new AbortController().signal, extensions: [], principal: PRINCIPAL }
    const stream = transport.invoke(face, operations.SendStreamingMessage, sending(skill('watch')), options)[Symbol.asyncIterator]()
    const first = ((await stream.next()).value as a2a.StreamResponse).payload
    assert.ok(first.case === 'task')
    const id = first.value.id
    const cancel = create(a2a.CancelTaskRequestSchema, { id })
    const stranger = transport.invoke(face, operations.CancelTask, cancel, { ...options, principal: 'spiffe://x.test/agent/y' })
    await assert.rejects(stranger[Symbol.asyncIterator]().next(), refusedWith('TASK_NOT_FOUND', /./))
    await until('the request', () => open.size > 0)
    const [task] = (await ask(transport, face, 'CancelTask', cancel)) as a2a.Task[]
    assert.equal(task?.status?.state, a2a.TaskState.CANCELED)
    await until('its end', () => open.size === 0)
    await stream.return?.()
  })

  it('is an agent by a card in a file and its mapping, and is probed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hansa-card-'))
    const card = {
      name: 'Hotel',
      description: 'Books rooms',
      version: '1.0.0',
      supportedInterfaces: [{ url: face.url.href, protocolBinding: face.binding, protocolVersion: '1.0' }],
      capabilities: {},
      defaultInputModes: ['text/plain'],
      defaultOutputModes: ['text/plain'],
      skills: []
    }
    await writeFile(join(folder, 'card.json'), JSON.stringify(card))
    const client = await createAgentClient(pathToFileURL(join(folder, 'card.json')).href, await mappingOf(YAML, {}, { token: 's3cret' }))
    try {
      const { signal } = new AbortController()
      handle = (request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(request.url === '/v1/health' ? '' : '{"id":"B9"}')
      assert.equal(await client.probe(signal), true)
      const answers: AnyMessage[] = []
      for await (const answer of client.invoke(operations.SendMessage, sending(said('3 nights in Oslo')), { signal, extensions: [], principal: PRINCIPAL }))
        answers.push(answer)
      assert.partialDeepStrictEqual(messageOf(answers), { parts: [{ text: 'Booked: B9' }, {}] })
      answers.length = 0
      handle = (_, response) => response.writeHead(503).end()
      assert.equal(await client.probe(signal), false)
    } finally {
      await client.close?.()
      await rm(folder, { recursive: true })
    }
  })

  it('hears the trace that the call belongs to', async () => {
    let heard: unknown
    handle = (request, response) => {
      heard = [request.headers['traceparent'], request.headers['tracestate']]
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"B7"}')
    }
    const trace = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', tracestate: 'k=v' }
    const options = { signal: new AbortController().signal, extensions: [], principal: PRINCIPAL, ...trace }
    for await (const answer of transport.invoke(face, operations.SendMessage, sending(said('3 nights in Oslo')), options)) void answer
    assert.deepEqual(heard, [trace.traceparent, trace.tracestate])
  })

  it('has no tasks, webhooks or other card where it does not stream', async () => {
    const id = { id: 'nothing' }
    await assert.rejects(ask(transport, face, 'GetTask', create(a2a.GetTaskRequestSchema, id)), refusedWith('TASK_NOT_FOUND', /./))
    await assert.rejects(ask(transport, face, 'CancelTask', create(a2a.CancelTaskRequestSchema, id)), refusedWith('TASK_NOT_FOUND', /./))
    const webhook = create(a2a.TaskPushNotificationConfigSchema, { taskId: 't', url: 'http://x.test' })
    await assert.rejects(ask(transport, face, 'CreateTaskPushNotificationConfig', webhook), refusedWith('PUSH_NOTIFICATION_NOT_SUPPORTED', /./))
    const card = create(a2a.GetExtendedAgentCardRequestSchema)
    await assert.rejects(ask(transport, face, 'GetExtendedAgentCard', card), refusedWith('EXTENDED_AGENT_CARD_NOT_CONFIGURED', /./))
    const other = { ...face, url: new URL(`${face.url.href}other`) }
    const [tasks] = (await ask(transport, other, 'ListTasks', create(a2a.ListTasksRequestSchema))) as a2a.ListTasksResponse[]
    assert.deepEqual(tasks?.tasks, [])
  })
})
