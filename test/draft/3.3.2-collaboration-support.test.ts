import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toJson } from '@bufbuild/protobuf'
import type { HansaNode } from '../../src/node/hansa-node.ts'
import { replyText } from '../../src/roles/agent/reply-text.ts'
import { type Message, MessageSchema } from '../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { toHansaError } from '../../src/schema/errors.ts'
import { applicable, foundWorld, type World } from '../support/draft-world.ts'
import { until } from '../support/until.ts'

/** What an agent said of itself that knows only A2A JSON-RPC over HTTP, and what it was sent. */
interface HttpAgent {
  readonly card: string
  readonly requests: { readonly headers: IncomingHttpHeaders; readonly body: { method?: string; params?: { message?: unknown } } }[]
  close(): void
}

describe('draft 3.3.2 Collaboration Support', () => {
  let world: World
  let http: HttpAgent
  let asker: HansaNode
  const heard: Message[] = []
  before(async () => {
    world = await foundWorld()
    http = await serveHttpAgent()
    const { net, north, south, northGateway, southGateway } = world
    const [made] = await Promise.all([
      net.agent(north, 'asker', { capabilities: ['ask'] }),
      net.agent(south, 'native', { capabilities: ['hear'], handler: (message) => (heard.push(message), { parts: message.parts }) }),
      net.agent(south, 'plain', { capabilities: ['hear'], card: http.card })
    ])
    asker = made.node
    await until('both are reachable', () => applicable(northGateway).length === 3 && applicable(southGateway).length === 3)
  })
  after(async () => {
    await world.net.stop()
    http.close()
  })

  const message = {
    messageId: 'm-1',
    contextId: 'trip-1',
    role: 'ROLE_USER',
    parts: [
      { text: 'Zimmer für zwei 双人房' },
      { data: { nights: 2, pets: ['cat'], price: 1.5 } },
      { raw: Buffer.from([0, 1, 254, 255]).toString('base64'), filename: 'a.bin' }
    ],
    metadata: { 'urn:example:k': { deep: [true, null] } }
  }

  /** An HTTP client that knows nothing of Hansa, at the door of north's gateway. */
  async function post(
    agent: string,
    body: string
  ): Promise<{ result?: { message?: { parts?: unknown } }; error?: { code: number; data?: { reason?: string }[] } }> {
    const headers = { 'content-type': 'application/json', 'a2a-version': '1.0' }
    const response = await fetch(`${world.northGateway.ingress()}/agents/${agent}/jsonrpc`, {
      method: 'POST',
      headers,
      body,
      signal: AbortSignal.timeout(8_000)
    })
    return (await response.json()) as Awaited<ReturnType<typeof post>>
  }

  const send = (agent: string, params: object = { message }) => post(agent, JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'SendMessage', params }))

  it('decapsulates the packet and extracts the original content: what a client of HTTP and JSON sends, an agent on libp2p gets unchanged', async () => {
    const answer = await send('native@south.example')
    const came = heard.at(-1)
    assert.ok(came !== undefined)
    assert.deepEqual(toJson(MessageSchema, came), message)
    assert.deepEqual(answer.result?.message?.parts, message.parts)
  })

  it('re-encapsulates the content into the protocol format of the target: an agent on HTTP and JSON is called as its own protocol says', async () => {
    const { response } = await asker.swarm.send('plain@south.example', {
      parts: [{ content: { case: 'text', value: 'Zimmer für zwei 双人房' } }],
      contextId: 'trip-2'
    })
    assert.equal(replyText(response), 'heard: Zimmer für zwei 双人房')
    const request = http.requests.at(-1)
    assert.deepEqual([request?.headers['content-type'], request?.headers['a2a-version'], request?.body.method], ['application/json', '1.0', 'SendMessage'])
    const { parts, contextId, role } = request?.body.params?.message as { parts: unknown; contextId: string; role: string }
    assert.deepEqual([parts, contextId, role], [[{ text: 'Zimmer für zwei 双人房' }], 'trip-2', 'ROLE_USER'])
    // Who asks is told in the way of that protocol, as the network has verified it.
    assert.equal(request?.headers['x-hansa-principal'], 'spiffe://north.example/agent/asker')
  })

  it('from HTTP over the network to HTTP again nothing is lost either', async () => {
    await send('plain@south.example')
    assert.deepEqual(http.requests.at(-1)?.body.params?.message, message)
  })

  it('refuses what cannot be transformed, in the format of the sender, and forwards nothing of it', async () => {
    const before = [heard.length, http.requests.filter(({ body }) => body.method !== undefined).length]
    assert.equal((await post('native@south.example', '{"jsonrpc": "2.0", "id": 1,')).error?.code, -32700)
    assert.equal((await post('native@south.example', JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'Sing', params: {} }))).error?.code, -32601)
    assert.equal((await send('native@south.example', { message: { ...message, parts: 'no list' } })).error?.code, -32602)
    assert.equal((await send('nobody@south.example')).error?.data?.[0]?.reason, 'AGENT_NOT_FOUND')
    assert.deepEqual([heard.length, http.requests.filter(({ body }) => body.method !== undefined).length], before)
  })

  it('does not pass on as an answer what is none in the protocol of the target', async () => {
    for (const [text, code] of [
      ['answer garbage', 'INVALID_AGENT_RESPONSE'],
      ['answer an error', 'AGENT_FAILED']
    ] as const) {
      const refused = await asker.swarm.send('plain@south.example', text).then(
        () => 'an answer',
        (error: unknown) => toHansaError(error).code
      )
      assert.equal(refused, code, text)
    }
  })
})

/** A2A 1.0 JSON-RPC by hand, so that every byte that arrives can be looked at. */
async function serveHttpAgent(): Promise<HttpAgent> {
  const requests: HttpAgent['requests'] = []
  let origin = ''
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      response.setHeader('content-type', 'application/json')
      if (request.method === 'GET') {
        const face = { url: `${origin}/rpc`, protocolBinding: 'JSONRPC', protocolVersion: '1.0' }
        const modes = { defaultInputModes: ['text/plain'], defaultOutputModes: ['text/plain'] }
        const card = { name: 'Plain', description: 'Speaks HTTP', version: '1.0.0', capabilities: {}, skills: [], supportedInterfaces: [face], ...modes }
        response.end(JSON.stringify(card))
        return
      }
      const body = JSON.parse(Buffer.concat(chunks).toString()) as { id: number; method: string; params: { message: { parts: { text?: string }[] } } }
      requests.push({ headers: request.headers, body })
      const text = body.params.message.parts[0]?.text ?? ''
      if (text === 'answer garbage') response.end('{"jsonrpc":"2.0","id":' + body.id + ',"result":{"nonsense":1}}')
      else if (text === 'answer an error') response.end(JSON.stringify({ jsonrpc: '2.0', id: body.id, error: { code: -32000, message: 'out of order' } }))
      else {
        const reply = { messageId: 'r', role: 'ROLE_AGENT', parts: [{ text: `heard: ${text}` }] }
        response.end(JSON.stringify({ jsonrpc: '2.0', id: body.id, result: { message: reply } }))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    card: `${origin}/.well-known/agent-card.json`,
    requests,
    close: () => {
      server.close()
      server.closeAllConnections()
    }
  }
}
