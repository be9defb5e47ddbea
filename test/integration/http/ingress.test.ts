import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { ClientFactory } from '@a2a-js/sdk/client'
import { SendMessageRequest } from '@a2a-js/sdk'
import { create, type Message } from '@bufbuild/protobuf'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import type { Log } from '../../../src/ports/log.ts'
import { HansaError } from '../../../src/schema/errors.ts'
import { StreamResponseSchema } from '../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { type HttpDoor, httpDoor } from '../../support/http-door.ts'
import { FakeDoor, replyOf } from './fake-door.ts'

const log: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined, child: () => log }
const self = { spiffeId: 'spiffe://north.example/agw/gw1', domain: 'north.example' }
const AGENT = '/agents/flight@north.example'

describe('HTTP ingress of a gateway', () => {
  let door: FakeDoor
  let ingress: HttpDoor
  let base: string

  const make = (more: Partial<Parameters<typeof httpDoor>[0]> = {}): HttpDoor =>
    httpDoor({ door, clock: systemClock, log, self: () => self, listen: '127.0.0.1:0', clients: 'loopback', version: '0.1.0', drainMs: 0, ...more })

  beforeEach(async () => {
    door = new FakeDoor()
    ingress = make()
    base = await ingress.start()
  })
  afterEach(() => ingress.stop())

  const rpc = (method: string, params: object = {}): string => JSON.stringify({ jsonrpc: '2.0', id: 7, method, params })
  const hello = { message: { messageId: 'm1', role: 'ROLE_USER', parts: [{ text: 'hello' }] } }
  const post = (body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${base}${AGENT}/jsonrpc`, { method: 'POST', body, headers: { 'content-type': 'application/json', 'a2a-version': '1.0', ...headers } })

  interface Failure {
    readonly id: unknown
    readonly error: {
      readonly code: number
      readonly message: string
      readonly data: { readonly reason: string; readonly domain: string; readonly metadata: Record<string, string> }[]
    }
  }
  async function failed(response: Promise<Response>, status: number, code: number, reason: string): Promise<Failure> {
    const answer = await response
    const body = (await answer.json()) as Failure
    assert.equal(answer.status, status, JSON.stringify(body))
    assert.equal(body.error.code, code)
    assert.equal(body.error.data[0]?.reason, reason)
    return body
  }

  describe('an unmodified A2A client', () => {
    const client = () => new ClientFactory().createFromUrl(base, `${AGENT}/.well-known/agent-card.json`)

    it('finds the card, sends a message and reads the answer', async () => {
      const answer = await (await client()).sendMessage(SendMessageRequest.fromJSON(hello))
      assert.equal(JSON.stringify(answer).includes('you said hello'), true)
      assert.equal(door.calls[0]?.target, 'flight@north.example')
      assert.equal(door.calls[0].principal.spiffeId, self.spiffeId)
    })

    it('reads a stream event by event', async () => {
      const words: string[] = []
      for await (const event of (await client()).sendMessageStream(SendMessageRequest.fromJSON(hello))) words.push(JSON.stringify(event))
      assert.equal(words.length, 3)
      assert.ok(words[2]?.includes('three'))
    })

    it('understands an error of A2A and one of the network', async () => {
      const speaking = await client()
      door.answer = () => failing(new HansaError('TASK_NOT_FOUND', 'no such task'))
      await assert.rejects(speaking.getTask({ id: 't', tenant: '' }), { name: 'TaskNotFoundError' })
      door.answer = () => failing(new HansaError('AGENT_UNREACHABLE', 'it sleeps', { at: 'spiffe://south.example/agw/gw' }))
      await assert.rejects(speaking.sendMessage(SendMessageRequest.fromJSON(hello)), /it sleeps/)
    })
  })

  it('serves the card with its own addresses and the original inside, byte by byte', async () => {
    const card = (await (await fetch(`${base}${AGENT}/.well-known/agent-card.json`)).json()) as {
      supportedInterfaces: { url: string; protocolBinding: string; protocolVersion: string }[]
      capabilities: { streaming: boolean; pushNotifications: boolean; extensions: { uri: string; params: { card: string } }[] }
    }
    assert.deepEqual(
      card.supportedInterfaces.map(({ url, protocolBinding, protocolVersion }) => [protocolBinding, protocolVersion, url]),
      [
        ['JSONRPC', '1.0', `${base}${AGENT}/jsonrpc`],
        ['HTTP+JSON', '1.0', `${base}${AGENT}/rest`],
        ['JSONRPC', '0.3', `${base}${AGENT}/jsonrpc`],
        ['HTTP+JSON', '0.3', `${base}${AGENT}/rest`]
      ]
    )
    assert.equal(card.capabilities.pushNotifications, true)
    assert.equal(card.capabilities.streaming, true)
    const original = card.capabilities.extensions.find(({ uri }) => uri === 'urn:hansa:original-card')
    assert.deepEqual(Buffer.from(original?.params.card ?? '', 'base64'), Buffer.from(door.cardBytes))
  })

  it('answers 304 to who has the card already', async () => {
    const url = `${base}${AGENT}/.well-known/agent-card.json`
    const etag = (await fetch(url)).headers.get('etag') ?? ''
    assert.match(etag, /^".+"$/)
    assert.equal((await fetch(url, { headers: { 'if-none-match': etag } })).status, 304)
  })

  it('never takes its address from a Host header', async () => {
    await ingress.stop()
    ingress = make({ announce: 'https://gw.north.example' })
    const url = await ingress.start()
    assert.equal(url, 'https://gw.north.example')
    assert.equal(ingress.address, url)
  })

  it('lists what can be reached as an AI catalog, and says what it is itself', async () => {
    const catalog = (await (await fetch(`${base}/.well-known/ai-catalog.json`)).json()) as {
      specVersion: string
      entries: { identifier: string; url: string }[]
    }
    assert.equal(catalog.specVersion, '1.0')
    assert.equal(catalog.entries[0]?.identifier, 'urn:air:north.example:agent:flight')
    assert.equal((await fetch(catalog.entries[0].url)).status, 200)
    assert.deepEqual(door.admitted, ['discovery', 'call'])
    const card = (await (await fetch(`${base}/.well-known/agent-card.json`)).json()) as { name: string }
    assert.match(card.name, /north\.example/)
  })

  it('is alive at once and ready when the gateway is', async () => {
    assert.equal((await fetch(`${base}/healthz`)).status, 200)
    assert.equal((await fetch(`${base}/readyz`)).status, 200)
    door.isReady = false
    assert.equal((await fetch(`${base}/readyz`)).status, 503)
  })

  it('has nothing of an ACA where the node is none', async () => {
    for (const path of ['/aca/crl', '/aca/ocsp/MA==', '/.well-known/est/cacerts', '/acme/directory']) assert.equal((await fetch(base + path)).status, 404, path)
  })

  describe('refuses', () => {
    it('a client that came through a proxy, from a web page or by another name, with 401 and a challenge', async () => {
      const strangers: Record<string, string>[] = [{ 'x-forwarded-for': '1.2.3.4' }, { forwarded: 'for=1.2.3.4' }, { origin: 'https://evil.example' }]
      for (const headers of strangers) {
        const response = post(rpc('SendMessage', hello), headers)
        await failed(response, 401, -32603, 'UNAUTHENTICATED')
        assert.match((await response).headers.get('www-authenticate') ?? '', /./)
      }
      const rebound = request(`${base}/.well-known/ai-catalog.json`, { headers: { host: 'evil.example' } }).end()
      const [answer] = (await once(rebound, 'response')) as [{ statusCode: number; resume(): void }]
      answer.resume()
      assert.equal(answer.statusCode, 401)
      assert.equal(door.admitted.length, 0)
    })

    it('everybody when clients without a certificate are not wanted', async () => {
      await ingress.stop()
      ingress = make({ clients: 'none' })
      base = await ingress.start()
      await failed(post(rpc('SendMessage', hello)), 401, -32603, 'UNAUTHENTICATED')
      assert.equal((await fetch(`${base}/healthz`)).status, 200)
    })

    it('who is above the quota, before the body is read', async () => {
      door.refuse = new HansaError('RATE_LIMITED', 'too many', { retryAfterMs: 1500 })
      const response = post('this is not even JSON')
      await failed(response, 429, -32603, 'RATE_LIMITED')
      assert.equal((await response).headers.get('retry-after'), '2')
      assert.equal((await fetch(`${base}/.well-known/ai-catalog.json`)).status, 429)
    })

    it('a method of the other version, saying what to change', async () => {
      const none = await failed(post(rpc('SendMessage', hello), { 'a2a-version': '' }), 200, -32600, 'VERSION_NOT_SUPPORTED')
      assert.match(none.error.message, /send A2A-Version: 1\.0/)
      assert.equal(none.error.data[0]?.domain, 'a2a-protocol.org')
      const old = await failed(post(rpc('message/send')), 200, -32601, 'METHOD_NOT_FOUND')
      assert.match(old.error.message, /in 1\.0 it is SendMessage/)
      await failed(post(rpc('SendMessage', hello), { 'a2a-version': '2.0' }), 200, -32009, 'VERSION_NOT_SUPPORTED')
    })

    it('a body above 16 MiB', async () => {
      await failed(post(new Uint8Array(16 * 1024 * 1024 + 1).fill(32)), 413, -32600, 'FRAME_TOO_LARGE')
    })

    it('another content type', () => failed(post('x', { 'content-type': 'text/plain' }), 200, -32005, 'CONTENT_TYPE_NOT_SUPPORTED'))

    it('a body that is no request, with the id where there is one', async () => {
      assert.equal((await failed(post('{'), 400, -32700, 'MALFORMED')).id, null)
      assert.equal((await failed(post('[]'), 400, -32600, 'MALFORMED')).id, null)
      const { error, id } = await failed(post(rpc('SendMessage', { message: { mesageId: 'x' } })), 200, -32602, 'INVALID_ARGUMENT')
      assert.equal(id, 7)
      assert.match(error.message, /mesageId/)
    })

    for (const [code, status] of [
      ['AGENT_NOT_FOUND', 404],
      ['PERMISSION_DENIED', 403],
      ['AGENT_UNREACHABLE', 503],
      ['DEADLINE_EXCEEDED', 504],
      ['LOOP', 508]
    ] as const)
      it(`with HTTP ${status} what failed with ${code}, naming the gateway`, async () => {
        door.answer = () => failing(new HansaError(code, 'no', { at: 'spiffe://south.example/agw/gw', agent: 'x@south.example' }))
        for (const method of ['SendMessage', 'SendStreamingMessage']) {
          const { error } = await failed(post(rpc(method, hello)), status, -32603, code)
          assert.equal(error.data[0]?.domain, 'hansa')
          assert.equal(error.data[0].metadata['at'], 'spiffe://south.example/agw/gw')
        }
      })

    it('a handle that is none', async () => {
      const body = rpc('SendMessage', hello)
      const headers = { 'content-type': 'application/json', 'a2a-version': '1.0' }
      await failed(fetch(`${base}/agents/nobody/jsonrpc`, { method: 'POST', body, headers }), 404, -32603, 'AGENT_NOT_FOUND')
    })

    it('a port that is taken', async () => {
      const second = make({ listen: base.replace('http://', '') })
      await assert.rejects(second.start(), { code: 'PORT_TAKEN' })
    })
  })

  const raw: readonly (readonly [string, string, RegExp])[] = [
    ['a path that cannot be decoded', 'POST /agents/%zz/jsonrpc HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n', /^HTTP\/1\.1 4\d\d /],
    ['a method that is not served', 'DELETE /agents/a@north.example/jsonrpc HTTP/1.1\r\nhost: localhost\r\n\r\n', /^HTTP\/1\.1 40[45] /],
    ['two lengths', 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx', /^HTTP\/1\.1 400 /],
    ['a length and chunks', 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /x', /^HTTP\/1\.1 400 /],
    ['a head of 64 KiB', `GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(65_536)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
    ['bytes that are no HTTP', '\u0001\u0002\u0003\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['a name of 400 characters', `GET /agents/${'a'.repeat(400)}/.well-known/agent-card.json HTTP/1.1\r\nhost: localhost\r\n\r\n`, /^HTTP\/1\.1 4\d\d /]
  ]
  for (const [what, bytes, expected] of raw)
    it(`answers ${what} as the client's mistake, and takes nothing after it for a request`, async () => {
      const { port, hostname } = new URL(ingress.address ?? '')
      const socket = connect(Number(port), hostname)
      let answer = ''
      socket.on('data', (piece: Buffer) => (answer += piece.toString('latin1')))
      socket.on('error', () => undefined)
      socket.write(bytes)
      await new Promise<void>((resolve) => {
        const check = setInterval(() => {
          if (!answer.includes('\r\n\r\n') && !socket.destroyed) return
          clearInterval(check)
          resolve()
        }, 5)
      })
      socket.destroy()
      assert.match(answer, expected)
      assert.equal(answer.match(/HTTP\/1\.1 /g)?.length, 1)
      assert.doesNotMatch(answer, /INTERNAL/)
    })

  it('tells an error in the middle of a stream as its last event', async () => {
    door.answer = async function* () {
      yield event('first')
      await Promise.resolve()
      throw new HansaError('CONNECTION_LOST', 'the line was cut', { at: self.spiffeId })
    }
    const response = await post(rpc('SendStreamingMessage', hello))
    const events = (await response.text()).split('\n\n').filter((text) => text.startsWith('data: '))
    assert.equal(response.status, 200)
    assert.equal(events.length, 2)
    assert.match(events[1] ?? '', /CONNECTION_LOST/)
  })

  it('aborts the call within a second when the client goes away, and counts it out', async () => {
    let aborted: (() => void) | undefined
    const gone = new Promise<void>((resolve) => (aborted = resolve))
    door.answer = async function* ({ signal }) {
      signal.addEventListener('abort', () => aborted?.())
      yield event('first')
      await new Promise(() => undefined)
    }
    const client = new AbortController()
    const response = await fetch(`${base}${AGENT}/jsonrpc`, {
      ...{ method: 'POST', body: rpc('SendStreamingMessage', hello), signal: client.signal },
      headers: { 'content-type': 'application/json', 'a2a-version': '1.0' }
    })
    await response.body?.getReader().read()
    const before = performance.now()
    client.abort()
    await gone
    assert.ok(performance.now() - before < 1000)
    assert.equal(door.released, 1)
  })

  it('holds a fast stream back while the client does not read', async () => {
    let produced = 0
    const large = 'x'.repeat(100_000)
    door.answer = async function* () {
      for (; produced < 2000; produced++) yield event(large)
      await Promise.resolve()
    }
    const url = new URL(base)
    const socket = connect(Number(url.port), url.hostname)
    const body = rpc('SendStreamingMessage', hello)
    socket.write(
      `POST ${AGENT}/jsonrpc HTTP/1.1\r\nhost: ${url.host}\r\ncontent-type: application/json\r\na2a-version: 1.0\r\ncontent-length: ${body.length}\r\n\r\n${body}`
    )
    socket.pause()
    let last = -1
    // Until nothing more is produced: what the kernel buffers is full.
    while (last !== produced || produced === 0) {
      last = produced
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    assert.ok(produced < 500, `${produced} events of 100 kB were produced for a client that reads nothing`)
    socket.destroy()
  })

  it('ends open calls when it stops', async () => {
    door.answer = async function* ({ signal }) {
      yield event('first')
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
    }
    const response = await post(rpc('SendStreamingMessage', hello))
    const text = response.text().catch(() => 'cut')
    await ingress.stop()
    assert.match(await text, /OVERLOADED|cut/)
  })
})

async function* failing(error: Error): AsyncGenerator<Message, void, undefined> {
  await Promise.resolve()
  if (error instanceof Error) throw error
  yield event('never')
}

function event(text: string): Message {
  return create(StreamResponseSchema, { payload: { case: 'message', value: replyOf(text) } })
}
