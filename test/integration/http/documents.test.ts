import assert from 'node:assert/strict'
import { type IncomingMessage, request } from 'node:http'
import { once } from 'node:events'
import type { Clock } from '../../../src/ports/clock.ts'
import type { Log } from '../../../src/ports/log.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { HansaError } from '../../../src/schema/errors.ts'
import { type HttpDoor, httpDoor } from '../../support/http-door.ts'
import { FakeDoor } from './fake-door.ts'

const log: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined, child: () => log }
const self = { spiffeId: 'spiffe://north.example/agw/gw1', domain: 'north.example' }
const CARD = '/agents/flight@north.example/.well-known/agent-card.json'
const TOKEN = 'c3BpZmZlOi8vbm9ydGguZXhhbXBsZS9hZ3cvZ3cxIGFiY2RlZg.AAECAwQFBgcICQoLDA0ODw'
const PUSH = `/agents/flight@north.example/push/${TOKEN}`

describe('documents and webhooks of a gateway', () => {
  let door: FakeDoor
  let ingress: HttpDoor
  let base: string
  let now = Date.UTC(2026, 0, 1, 12, 0, 0, 500)
  const clock: Clock = { ...systemClock, now: () => now }

  const make = (more: Partial<Parameters<typeof httpDoor>[0]> = {}): HttpDoor =>
    httpDoor({ door, clock, log, self: () => self, listen: '127.0.0.1:0', clients: 'loopback', version: '0.1.0', drainMs: 0, ...more })
  async function remake(more: Partial<Parameters<typeof httpDoor>[0]>): Promise<void> {
    await ingress.stop()
    ingress = make(more)
    base = await ingress.start()
  }

  beforeEach(async () => {
    door = new FakeDoor()
    ingress = make()
    base = await ingress.start()
  })
  afterEach(() => ingress.stop())

  /** With headers that fetch would not send. */
  async function get(path: string, headers: Record<string, string>): Promise<{ status: number; text: string }> {
    const [answer] = (await once(request(`${ingress.reached}${path}`, { headers }).end(), 'response')) as [IncomingMessage]
    let text = ''
    for await (const piece of answer.setEncoding('utf8')) text += String(piece)
    return { status: answer.statusCode ?? 0, text }
  }

  describe('that have not changed', () => {
    it('are not sent again to who has the tag', async () => {
      const first = await fetch(base + CARD)
      const etag = first.headers.get('etag') ?? ''
      for (const tag of [etag, `"other", ${etag}`, `W/${etag}`, '*'])
        assert.equal((await fetch(base + CARD, { headers: { 'if-none-match': tag } })).status, 304, tag)
      assert.equal((await fetch(base + CARD, { headers: { 'if-none-match': '"other"' } })).status, 200)
      assert.match(first.headers.get('cache-control') ?? '', /private/)
    })

    it('are not sent again to who has them since, and say when they first were as they are', async () => {
      const modified = (await fetch(base + CARD)).headers.get('last-modified') ?? ''
      assert.equal(modified, 'Thu, 01 Jan 2026 12:00:00 GMT')
      now += 90_000
      const since = (date: string) => fetch(base + CARD, { headers: { 'if-modified-since': date } })
      assert.equal((await since(modified)).status, 304)
      assert.equal((await since('Thu, 01 Jan 2026 11:59:59 GMT')).status, 200)
      assert.equal((await since('yesterday')).status, 200)
      door.cardBytes = new TextEncoder().encode(new TextDecoder().decode(door.cardBytes).replace('Books flights', 'Books trains'))
      const changed = await since(modified)
      assert.equal(changed.status, 200)
      assert.equal(changed.headers.get('last-modified'), 'Thu, 01 Jan 2026 12:01:30 GMT')
    })
  })

  it('are signed, the card of the gateway itself, too', async () => {
    for (const path of [CARD, '/.well-known/agent-card.json']) {
      const { signatures } = (await (await fetch(base + path)).json()) as { signatures: { protected: string }[] }
      const head = JSON.parse(Buffer.from(signatures[0]?.protected ?? '', 'base64url').toString()) as { kid: string; alg: string }
      assert.deepEqual([head.kid, head.alg], [self.spiffeId, 'EdDSA'])
    }
  })

  it('wait for a certificate to sign with', async () => {
    await remake({ signer: () => undefined })
    assert.equal((await fetch(base + CARD)).status, 503)
  })

  it('are of agents that can exist', async () => {
    assert.equal((await fetch(`${base}/agents/nobody/.well-known/agent-card.json`)).status, 404)
  })

  it('name only what is served', async () => {
    await remake({ offers: [{ binding: 'GRPC', version: '1.0' }] })
    const { supportedInterfaces } = JSON.parse((await get(CARD, {})).text) as { supportedInterfaces: object[] }
    assert.deepEqual(supportedInterfaces, [{ url: new URL(base).host, protocolBinding: 'GRPC', tenant: 'flight@north.example', protocolVersion: '1.0' }])
  })

  describe('behind proxies', () => {
    const forwarded = { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'gw.north.example' }
    const urlOf = (text: string): string => (JSON.parse(text) as { supportedInterfaces: { url: string }[] }).supportedInterfaces[0]?.url ?? ''

    it('of the operator have the address that the client knows', async () => {
      await remake({ proxies: ['127.0.0.0/8'], announce: 'https://gw.north.example' })
      const { status, text } = await get(CARD, forwarded)
      assert.equal(status, 200, text)
      assert.equal(urlOf(text), 'https://gw.north.example/agents/flight@north.example/jsonrpc')
      const own = await get('/.well-known/agent-card.json', { ...forwarded, 'x-forwarded-host': 'other.north.example:8443' })
      assert.equal(urlOf(own.text), 'https://other.north.example:8443/.well-known/ai-catalog.json')
    })

    it('of the operator let nobody in who is elsewhere, or of whom the proxy says nothing', async () => {
      await remake({ proxies: ['127.0.0.1'], announce: 'https://gw.north.example' })
      for (const headers of [{ ...forwarded, 'x-forwarded-for': '198.51.100.4' }, { ...forwarded, 'x-forwarded-for': '127.0.0.1, 198.51.100.4' }, {}])
        assert.equal((await get(CARD, headers)).status, 401, JSON.stringify(headers))
      assert.equal((await get(CARD, { ...forwarded, 'x-forwarded-host': 'evil.example' })).status, 401)
    })

    it('of anybody else change nothing in what is signed, and let nobody in', async () => {
      assert.equal((await get(CARD, forwarded)).status, 401)
      const own = await get('/.well-known/agent-card.json', { ...forwarded, host: 'evil.example' })
      assert.equal(own.status, 200)
      assert.equal(urlOf(own.text), `${base}/.well-known/ai-catalog.json`)
      assert.doesNotMatch(own.text, /evil/)
    })
  })

  describe('a webhook that an agent was given', () => {
    const event = { statusUpdate: { taskId: 't1', contextId: 'c1', status: { state: 'TASK_STATE_COMPLETED' } } }
    const post = (body: string | Uint8Array, path = PUSH, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(base + path, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })
    const reasonOf = async (response: Response): Promise<[number, string | undefined]> => {
      const { error } = (await response.json()) as { error: { details: { reason: string }[] } }
      return [response.status, error.details[0]?.reason]
    }

    it('takes events without asking who brings them, and says when they were delivered', async () => {
      const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
      await remake({ clients: 'none' })
      const answer = await post(JSON.stringify({ ...event, newInA2a2: true }), PUSH, { traceparent, 'content-type': 'application/a2a+json' })
      assert.deepEqual([answer.status, await answer.json()], [200, {}])
      const [target, token, said, options] = door.notified[0] ?? []
      assert.deepEqual([target, token, options?.traceparent], ['flight@north.example', TOKEN, traceparent])
      assert.equal(said?.payload.case, 'statusUpdate')
      assert.equal(door.admitted.length, 0)
    })

    it('takes those of A2A 0.3', async () => {
      const task = { kind: 'task', id: 't1', contextId: 'c1', status: { state: 'input-required' } }
      assert.equal((await post(JSON.stringify(task))).status, 200)
      const said = door.notified[0]?.[2]
      assert.equal(said?.payload.case === 'task' ? said.payload.value.id : '', 't1')
    })

    it('refuses what is no event', async () => {
      for (const body of ['{}', '{"task":7}', '[]', '7', 'null', '{"kind":"nonsense"}', '{"kind":"task","status":{"state":7}}'])
        assert.deepEqual(await reasonOf(await post(body)), [400, 'INVALID_ARGUMENT'], body)
      for (const body of ['', '{', '['.repeat(100_000), new Uint8Array([0xff, 0xfe])])
        assert.deepEqual(await reasonOf(await post(body)), [400, 'MALFORMED'], String(body).slice(0, 9))
      assert.equal((await post('x', PUSH, { 'content-type': 'text/plain' })).status, 400)
      assert.deepEqual(await reasonOf(await post(new Uint8Array(3 * 1024 * 1024 + 1).fill(32))), [413, 'FRAME_TOO_LARGE'])
      assert.equal(door.notified.length, 0)
    })

    it('is none without a token that could be one', async () => {
      for (const path of ['/agents/flight@north.example/push/short', '/agents/nobody/push/' + TOKEN, `/agents/flight@north.example/push/${'a'.repeat(900)}`])
        assert.ok([400, 404].includes((await post(JSON.stringify(event), path)).status), path)
      assert.equal((await fetch(base + PUSH)).status, 404)
    })

    it('tells the agent what became of its event', async () => {
      door.notify = () => Promise.reject(new HansaError('NOT_FOUND', 'no webhook of this gateway'))
      assert.deepEqual(await reasonOf(await post(JSON.stringify(event))), [404, 'NOT_FOUND'])
      door.notify = () => Promise.reject(new HansaError('AGENT_UNREACHABLE', 'the client is away'))
      assert.deepEqual(await reasonOf(await post(JSON.stringify(event))), [503, 'AGENT_UNREACHABLE'])
    })

    it('takes so many at a time and no more', async () => {
      const gates: (() => void)[] = []
      door.notify = () => new Promise((resolve) => gates.push(resolve))
      const waiting = Array.from({ length: 64 }, () => post(JSON.stringify(event)))
      while (gates.length < 64) await new Promise((resolve) => setTimeout(resolve, 5))
      assert.equal((await post(JSON.stringify(event))).status, 503)
      for (const open of gates) open()
      for (const answer of await Promise.all(waiting)) assert.equal(answer.status, 200)
      door.notify = () => Promise.resolve()
      assert.equal((await post(JSON.stringify(event))).status, 200)
    })
  })
})
