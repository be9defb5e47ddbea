import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { create, type Message } from '@bufbuild/protobuf'
import { type CardClientSettings, createCardClient } from '../../../src/adapters/http/card-client.ts'
import { createJsonRpcTransport } from '../../../src/adapters/http/jsonrpc-transport.ts'
import type { AgentClient, AgentTransport } from '../../../src/ports/agent-client.ts'
import { HansaError } from '../../../src/schema/errors.ts'
import {
  CancelTaskRequestSchema,
  GetTaskRequestSchema,
  Role,
  SendMessageRequestSchema,
  type SendMessageResponse,
  type StreamResponse,
  type Task,
  TaskState
} from '../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { operations } from '../../../src/wire/operations.ts'
import { sdkAgents } from '../../support/sdk-agent.ts'

const clientOf = ({ maxAnswer, ...settings }: Omit<CardClientSettings, 'transports'> & { readonly maxAnswer?: number }): AgentClient =>
  createCardClient({ ...settings, transports: [createJsonRpcTransport({ maxAnswer })] })
const say = (text: string): Message =>
  create(SendMessageRequestSchema, { message: { messageId: 'm1', role: Role.USER, parts: [{ content: { case: 'text', value: text } }] } })
const options = (signal = new AbortController().signal) => ({ signal, extensions: [], principal: 'spiffe://north.example/agent/a' })

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

describe('an agent known by its card: an agent made with the A2A SDK', () => {
  it('reads its card, byte by byte, from its origin', async () => {
    const agent = await sdkAgents.echo()
    try {
      const client = clientOf({ card: new URL(agent.card).origin })
      const card = await client.card(new AbortController().signal)
      assert.deepEqual(Buffer.from(card), Buffer.from(await (await fetch(agent.card)).arrayBuffer()))
    } finally {
      await agent.close()
    }
  })

  it('sends a message and reads the answer', async () => {
    const agent = await sdkAgents.echo()
    try {
      const [answer, ...rest] = await collect(clientOf({ card: agent.card }).invoke(operations.SendMessage, say('hello'), options()))
      const { payload } = answer as SendMessageResponse
      assert.equal(rest.length, 0)
      assert.equal(payload.case === 'message' && payload.value.parts[0]?.content.value, 'hello')
    } finally {
      await agent.close()
    }
  })

  it('reads a stream of many large pieces to its end', async () => {
    const agent = await sdkAgents.counter()
    try {
      const events = await collect(clientOf({ card: agent.card }).invoke(operations.SendStreamingMessage, say('20 100000'), options()))
      const kinds = events.map((event) => (event as StreamResponse).payload.case)
      assert.equal(kinds[0], 'task')
      assert.equal(kinds.filter((kind) => kind === 'artifactUpdate').length, 20)
      assert.equal(kinds.at(-1), 'statusUpdate')
    } finally {
      await agent.close()
    }
  })

  it('cancels a task, and leaves it alone when only the stream is cut', async () => {
    const agent = await sdkAgents.waiter()
    try {
      const client = clientOf({ card: agent.card })
      const cut = new AbortController()
      const stream = client.invoke(operations.SendStreamingMessage, say('wait'), options(cut.signal))[Symbol.asyncIterator]()
      const first = (await stream.next()).value as StreamResponse
      const id = first.payload.case === 'task' ? first.payload.value.id : ''
      cut.abort(new HansaError('CANCELED', 'enough'))
      await assert.rejects(
        async () => {
          while (!(await stream.next()).done);
        },
        { code: 'CANCELED' }
      )
      assert.equal(agent.running(), 1, 'a stream is not its task')
      const [task] = await collect(client.invoke(operations.CancelTask, create(CancelTaskRequestSchema, { id }), options()))
      assert.equal((task as Task).status?.state, TaskState.CANCELED)
    } finally {
      agent.finish()
      await agent.close()
    }
  })

  it("keeps the agent's own errors", async () => {
    const agent = await sdkAgents.echo()
    try {
      const answer = collect(clientOf({ card: agent.card }).invoke(operations.GetTask, create(GetTaskRequestSchema, { id: 'none' }), options()))
      await assert.rejects(answer, { code: 'TASK_NOT_FOUND' })
    } finally {
      await agent.close()
    }
  })

  it('sees that an agent is there, and that it is gone', async () => {
    const agent = await sdkAgents.echo()
    const client = clientOf({ card: agent.card })
    assert.equal(await client.probe(new AbortController().signal), true)
    await agent.close()
    assert.equal(await client.probe(new AbortController().signal), false)
    await assert.rejects(collect(client.invoke(operations.SendMessage, say('hello'), options())), { code: 'AGENT_UNREACHABLE' })
  })
})

describe('an agent known by its card: an agent that misbehaves', () => {
  let server: Server
  let origin: string
  let client: AgentClient
  let answer: (request: IncomingMessage, response: ServerResponse) => void
  let card: (response: ServerResponse) => void
  let seen: IncomingMessage | undefined

  beforeEach(async () => {
    card = (response) =>
      response.end(
        JSON.stringify({ name: 'x', supportedInterfaces: [{ url: `${origin}/rpc`, protocolBinding: 'JSONRPC', protocolVersion: '1.0', tenant: 't' }] })
      )
    answer = (_request, response) => response.end('{}')
    server = createServer((request, response) => {
      if (request.url !== '/rpc') return card(response)
      seen = request
      request.resume().on('end', () => answer(request, response))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    client = clientOf({ card: origin, maxAnswer: 10_000, maxCard: 2_000, cardTimeoutMs: 300 })
  })
  afterEach(() => {
    server.close()
    server.closeAllConnections()
  })

  const send = (): Promise<Message[]> => collect(client.invoke(operations.SendMessage, say('x'), options()))
  const stream = (): Promise<Message[]> => collect(client.invoke(operations.SendStreamingMessage, say('x'), options()))
  const sse = (text: string) => (_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(text)
  }

  const unary: readonly (readonly [string, string])[] = [
    ['no JSON', '<html>'],
    ['an array', '[]'],
    ['neither result nor error', '{"jsonrpc":"2.0","id":1}'],
    ['the id of another request', '{"jsonrpc":"2.0","id":99,"result":{}}'],
    ['a result of another type', '{"jsonrpc":"2.0","id":1,"result":{"message":{"parts":"none"}}}'],
    ['an error that is none', '{"jsonrpc":"2.0","id":1,"error":"no"}'],
    ['more than it may', `{"jsonrpc":"2.0","id":1,"result":{"message":{"messageId":"${'x'.repeat(20_000)}"}}}`]
  ]
  for (const [what, body] of unary)
    it(`refuses an answer with ${what}`, async () => {
      answer = (_request, response) => response.end(body)
      await assert.rejects(send(), { code: 'INVALID_AGENT_RESPONSE' })
    })

  it('refuses an event that is larger than it may be, and one that is no answer', async () => {
    answer = sse(`data: ${'x'.repeat(20_000)}\n\n`)
    await assert.rejects(stream(), { code: 'INVALID_AGENT_RESPONSE' })
    answer = sse('data: {"jsonrpc":"2.0","id":2,"result":{"task":7}}\n\n')
    await assert.rejects(stream(), { code: 'INVALID_AGENT_RESPONSE' })
  })

  it('tells apart an agent that failed and one that hung up', async () => {
    answer = (_request, response) => response.writeHead(500, { 'content-type': 'text/html' }).end('<h1>oops</h1>')
    await assert.rejects(send(), { code: 'AGENT_FAILED' })
    answer = (_request, response) => response.end('{"jsonrpc":"2.0","id":2,"error":{"code":-32603,"message":"out of coffee"}}')
    await assert.rejects(send(), { code: 'AGENT_FAILED', message: 'out of coffee' })
    answer = (request) => request.socket.destroy()
    await assert.rejects(send(), { code: 'AGENT_UNREACHABLE' })
  })

  it('does not follow redirects, for the card decides where an agent is', async () => {
    answer = (_request, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end()
    await assert.rejects(send(), { code: 'AGENT_FAILED' })
    card = (response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end()
    await assert.rejects(client.card(new AbortController().signal), { code: 'INVALID_AGENT_RESPONSE' })
  })

  it('refuses a card that is none, too large, without JSON-RPC or with a strange URL', async () => {
    const cards = [
      '<html>',
      `{"name":"${'x'.repeat(3000)}"}`,
      '{"name":"x"}',
      '{"name":"x","supportedInterfaces":[{"url":"http://x","protocolBinding":"JSONRPC","protocolVersion":"0.2"}]}'
    ]
    cards.push('{"name":"x","supportedInterfaces":[{"url":"file:///etc/passwd","protocolBinding":"JSONRPC","protocolVersion":"1.0"}]}')
    for (const body of cards) {
      card = (response) => response.end(body)
      await assert.rejects(client.card(new AbortController().signal), { code: 'INVALID_AGENT_RESPONSE' }, body.slice(0, 60))
    }
  })

  it('gives up on a card that does not come', async () => {
    card = () => undefined
    await assert.rejects(client.card(new AbortController().signal), { code: 'AGENT_UNREACHABLE' })
    assert.equal(await client.probe(new AbortController().signal), false)
  })

  it('closes the connection when the call is canceled', async () => {
    const closed = new Promise<void>((resolve) => (answer = (request) => request.socket.once('close', () => resolve())))
    const cut = new AbortController()
    const call = collect(client.invoke(operations.SendMessage, say('x'), options(cut.signal)))
    setTimeout(() => cut.abort(new HansaError('DEADLINE_EXCEEDED', 'too late')), 50)
    await assert.rejects(call, { code: 'DEADLINE_EXCEEDED' })
    await closed
  })

  it('closes the connection when its reader stops early, and reads no faster than it is read', async () => {
    let written = 0
    let closed = false
    answer = (request, response) => {
      request.socket.once('close', () => (closed = true))
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const event = `data: {"jsonrpc":"2.0","id":1,"result":{"message":{"messageId":"${'x'.repeat(9_000)}"}}}\n\n`
      const more = (): void => {
        while (!closed && written < 20_000) {
          written++
          if (!response.write(event)) return void response.once('drain', more)
        }
      }
      more()
    }
    const events = client.invoke(operations.SendStreamingMessage, say('x'), options())[Symbol.asyncIterator]()
    await events.next()
    let last = -1
    while (last !== written) {
      last = written
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    assert.ok(written < 5_000, `${written} events of 9 kB were taken for a reader that read one`)
    await events.return?.()
    while (!closed) await new Promise((resolve) => setTimeout(resolve, 10))
  })

  it('says which version it speaks and who calls, and echoes the tenant of the card', async () => {
    let body = ''
    server.prependListener('request', (request: IncomingMessage) => request.on('data', (piece: Buffer) => (body += piece.toString())))
    answer = (_request, response) => response.end('{"jsonrpc":"2.0","id":1,"result":{"message":{"messageId":"r"}}}')
    await send()
    assert.equal(seen?.headers['a2a-version'], '1.0')
    assert.equal(seen.headers['x-hansa-principal'], 'spiffe://north.example/agent/a')
    assert.equal((JSON.parse(body) as { params: { tenant: string } }).params.tenant, 't')
  })

  it('refuses an extension that would break out of its header', async () => {
    const call = collect(client.invoke(operations.SendMessage, say('x'), { ...options(), extensions: ['urn:x\r\nhost: evil'] }))
    await assert.rejects(call, { code: 'INVALID_ARGUMENT' })
  })
})

describe('the interfaces of a card', () => {
  const transport = (binding: string, calls: string[], fail: () => HansaError | undefined = () => undefined): AgentTransport => ({
    speaks: (face) => face.binding === binding,
    async *invoke(face) {
      calls.push(`${face.binding} ${face.version} ${face.url.href} ${face.tenant}`)
      const error = fail()
      if (error !== undefined) throw error
      yield await Promise.resolve(say('ok'))
    },
    knock: () => Promise.resolve()
  })

  it("are tried in the card's order, and the one that is spoken is kept until it fails; then the card is asked again", async () => {
    let urls = ['http://127.0.0.1:1/old']
    let cards = 0
    const face = (protocolBinding: string, url: string) => ({ url, protocolBinding, protocolVersion: '1.0.0', tenant: 't' })
    const server = createServer((_request, response) => {
      cards++
      response.end(
        JSON.stringify({ name: 'x', supportedInterfaces: [face('urn:other', 'http://x'), ...urls.map((url) => face('B', url)), face('A', 'http://a/')] })
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const calls: string[] = []
      let error: HansaError | undefined
      const card = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const client = createCardClient({ card, transports: [transport('A', calls), transport('B', calls, () => error)] })
      const call = () => collect(client.invoke(operations.SendMessage, say('x'), options()))
      await call()
      await call()
      assert.deepEqual([cards, calls], [1, ['B 1.0 http://127.0.0.1:1/old t', 'B 1.0 http://127.0.0.1:1/old t']])
      error = new HansaError('TASK_NOT_FOUND', 'its own affair')
      await assert.rejects(call(), { code: 'TASK_NOT_FOUND' })
      await assert.rejects(call(), { code: 'TASK_NOT_FOUND' })
      assert.equal(cards, 1, 'an error of the agent is no failure of its interface')
      error = new HansaError('AGENT_UNREACHABLE', 'moved')
      await assert.rejects(call(), { code: 'AGENT_UNREACHABLE' })
      error = undefined
      urls = []
      await call()
      assert.deepEqual([cards, calls.at(-1)], [2, 'A 1.0 http://a/ t'])
    } finally {
      server.close()
      server.closeAllConnections()
    }
  })
})
