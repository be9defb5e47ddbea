import assert from 'node:assert/strict'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AdminClient, createAdminClient } from '../../../src/admin/client.ts'
import type { NodeOperations } from '../../../src/admin/operations.ts'
import { type AdminServer, createAdminServer } from '../../../src/admin/server.ts'
import type { CallEvent } from '../../../src/admin/types.ts'
import { HansaError } from '../../../src/schema/errors.ts'
import type { Log } from '../../../src/ports/log.ts'
import { nodeOperations } from '../../support/admin-operations.ts'

const TOKEN = 'T'.repeat(43)
const END: CallEvent = { kind: 'end', agent: 'a@north.example', ms: 1, hops: [], encrypted: false, translated: false, translations: [] }
const part = (text: string): CallEvent => ({ kind: 'response', text, response: { text } })

interface Answer {
  readonly status: number
  readonly body: string
}

describe('admin server', () => {
  let server: AdminServer
  let client: AdminClient
  let logged: string[]
  let dir: string

  const log: Log = { debug() {}, info() {}, warn() {}, error: (_, message) => logged.push(message), child: () => log }

  async function start(operations: Partial<NodeOperations>, listen?: { kind: 'unix'; path: string }): Promise<void> {
    server = createAdminServer({
      operations: nodeOperations(operations),
      metrics: { text: async () => '# HELP hansa_x x\nhansa_x 1\n', contentType: 'text/plain; version=0.0.4; charset=utf-8' },
      token: TOKEN,
      listen: listen ?? { kind: 'tcp', host: '127.0.0.1', port: 0 },
      version: '0.1.0',
      log
    })
    await server.start()
    client = createAdminClient({ address: server.address(), token: TOKEN, home: '/home/x' })
  }

  beforeEach(async () => {
    logged = []
    dir = await mkdtemp(join(tmpdir(), 'hansa-admin-'))
  })
  afterEach(async () => {
    await server.stop()
    await rm(dir, { recursive: true, force: true })
  })

  function ask(path: string, headers: Record<string, string> = {}, method = 'GET', body?: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = httpRequest(server.address() + path, { method, headers, agent: false }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk) => (text += chunk))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
      })
      request.on('error', reject)
      request.end(body)
    })
  }
  const bearer = { authorization: `Bearer ${TOKEN}` }
  const codeOf = (answer: Answer): string => (JSON.parse(answer.body) as { error: { code: string } }).error.code

  it('wants the token however the path of an operation is written', async () => {
    await start({ agents: () => assert.fail('reached') })
    const { hostname, port } = new URL(server.address())
    for (const path of ['/%61pi/agents', '/api/%61gents', `http://${hostname}:${port}/api/agents`, 'http://x/api/agents']) {
      const status = await new Promise<number>((resolve, reject) => {
        const request = httpRequest({ hostname, port, path, agent: false }, (response) => {
          response.resume().on('end', () => resolve(response.statusCode ?? 0))
        })
        request.on('error', reject)
        request.end()
      })
      assert.equal(status, 401, path)
    }
  })

  it('answers who has the token', async () => {
    await start({ agents: async () => ({ agents: [] }) })
    assert.deepEqual(await client.call('agents', {}), { agents: [] })
  })

  for (const [what, headers] of [
    ['no token', {}],
    ['another token', { authorization: `Bearer ${'U'.repeat(43)}` }],
    ['the beginning of the token', { authorization: `Bearer ${TOKEN.slice(0, 42)}` }],
    ['another scheme', { authorization: `Basic ${TOKEN}` }],
    ['an empty token', { authorization: 'Bearer ' }]
  ] as const)
    it(`refuses ${what}`, async () => {
      await start({ agents: () => assert.fail('reached') })
      const answer = await ask('/api/agents', headers)
      assert.deepEqual([answer.status, codeOf(answer)], [401, 'TOKEN_INVALID'])
      assert.ok(!answer.body.includes(TOKEN))
    })

  for (const host of ['evil.example', 'evil.example:7401', '127.0.0.1.evil.example', 'localhost.evil.example:7401', '10.0.0.1'])
    it(`refuses the name ${host}, which somebody pointed at this machine (DNS rebinding)`, async () => {
      await start({ agents: () => assert.fail('reached') })
      const answer = await ask('/api/agents', { ...bearer, host })
      assert.deepEqual([answer.status, codeOf(answer)], [403, 'PERMISSION_DENIED'])
      assert.equal((await ask('/metrics', { host })).status, 403)
    })

  it('refuses the page of another site even with the token', async () => {
    await start({ agents: () => assert.fail('reached') })
    assert.equal((await ask('/api/agents', { ...bearer, origin: 'https://evil.example' })).status, 403)
  })

  it('takes its own page', async () => {
    await start({ agents: async () => ({ agents: [] }) })
    assert.equal((await ask('/api/agents', { ...bearer, origin: server.address() })).status, 200)
    assert.equal((await ask('/healthz', { host: 'localhost:7401' })).status, 200)
  })

  it('hands on what the node refuses, with code, hint and status', async () => {
    await start({
      trace: async () => {
        throw new HansaError('NO_ROUTE', 'no route to x@y.example', { at: 'spiffe://north.example/agw/gw1' })
      }
    })
    const answer = await ask('/api/gateway/trace?agent=x', bearer)
    assert.equal(answer.status, 502)
    await assert.rejects(client.call('trace', { agent: 'x' }), {
      code: 'NO_ROUTE',
      message: 'no route to x@y.example',
      metadata: { at: 'spiffe://north.example/agw/gw1' }
    })
    await assert.rejects(client.call('routes', {}), { code: 'ROLE_MISSING' })
  })

  it('keeps the words of an unexpected failure to itself and logs it', async () => {
    await start({
      agents: async () => {
        throw new TypeError('secret detail')
      }
    })
    const answer = await ask('/api/agents', bearer)
    assert.deepEqual([answer.status, codeOf(answer)], [500, 'INTERNAL'])
    assert.ok(!answer.body.includes('secret detail'))
    assert.deepEqual(logged, ['admin request failed'])
  })

  it('what was left out of a question that goes into the address is not asked for by the name of nothing', async () => {
    const asked: unknown[] = []
    await start({
      inbox: async ({ agent }) => {
        asked.push(agent)
        return { items: [] }
      }
    })
    await client.call('inbox', { agent: undefined })
    await client.call('inbox', { agent: 'flight@north.example' })
    assert.deepEqual(asked, [undefined, 'flight@north.example'])
  })

  it('refuses what does not fit the schema and names the argument', async () => {
    await start({ find: () => assert.fail('reached'), resolve: () => assert.fail('reached') })
    await assert.rejects(client.call('find', { limit: 1000 }), { code: 'INVALID_ARGUMENT', message: /^limit: / })
    const unknown = await ask('/api/find', { ...bearer, 'content-type': 'application/json' }, 'POST', '{"txt":"x"}')
    assert.equal(unknown.status, 400)
    assert.equal((await ask('/api/resolve', bearer)).status, 400)
    const broken = await ask('/api/find', { ...bearer, 'content-type': 'application/json' }, 'POST', '{')
    assert.deepEqual([broken.status, codeOf(broken)], [400, 'INVALID_ARGUMENT'])
  })

  it('says that a path is none of its own', async () => {
    await start({})
    const answer = await ask('/api/nothing', bearer)
    assert.deepEqual([answer.status, codeOf(answer)], [404, 'METHOD_NOT_FOUND'])
  })

  it('streams documents as they come', async () => {
    let release = (): void => assert.fail('not reached')
    const waiting = new Promise<void>((resolve) => (release = resolve))
    await start({
      async *call() {
        yield part('one')
        await waiting
        yield part('two')
        yield END
      }
    })
    const stream = client.stream('call', { agent: 'a', text: 'x', stream: true })
    assert.deepEqual((await stream.next()).value, part('one'))
    release()
    assert.deepEqual([(await stream.next()).value, (await stream.next()).value, (await stream.next()).done], [part('two'), END, true])
  })

  it('gives an early failure of a stream its status, and a late one its place in the stream', async () => {
    await start({
      async *call({ text }) {
        if (text === 'late') yield part('one')
        throw new HansaError('AGENT_UNREACHABLE', 'gone')
      }
    })
    const early = await ask('/api/call', { ...bearer, 'content-type': 'application/json' }, 'POST', '{"agent":"a","text":"early"}')
    assert.equal(early.status, 502)
    const stream = client.stream('call', { agent: 'a', text: 'late' })
    assert.deepEqual((await stream.next()).value, part('one'))
    await assert.rejects(stream.next(), { code: 'AGENT_UNREACHABLE', message: 'gone' })
  })

  it('tells the node when the operator goes away in the middle of a stream', async () => {
    let gone: AbortSignal | undefined
    const aborted = new Promise<void>((resolve) => {
      void start({
        async *call(_, signal) {
          gone = signal
          signal.addEventListener('abort', () => resolve(), { once: true })
          yield part('one')
          await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
        }
      }).then(async () => {
        for await (const event of client.stream('call', { agent: 'a', text: 'x' })) {
          assert.deepEqual(event, part('one'))
          break
        }
      })
    })
    await aborted
    assert.equal(gone?.aborted, true)
  })

  it('shows metrics, health and OpenAPI without the token', async () => {
    await start({})
    assert.match((await ask('/metrics')).body, /^hansa_x 1$/m)
    assert.equal((await ask('/healthz')).status, 200)
    const document = JSON.parse((await ask('/openapi.json')).body) as { openapi: string; paths: Record<string, unknown> }
    assert.equal(document.openapi, '3.1.0')
    assert.ok(Object.hasOwn(document.paths, '/api/gateway/connect'))
    assert.ok(!JSON.stringify(document).includes(TOKEN))
  })

  it('serves a Unix socket that only its owner may open, over what a killed process left there', async () => {
    const path = join(dir, 'admin.sock')
    await writeFile(path, '')
    await start({ agents: async () => ({ agents: [] }) }, { kind: 'unix', path })
    assert.equal(server.address(), `unix:${path}`)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.deepEqual(await client.call('agents', {}), { agents: [] })
    await assert.rejects(createAdminClient({ address: server.address(), token: 'wrong', home: '/x' }).call('agents', {}), { code: 'TOKEN_INVALID' })
  })

  it('says which address is taken', async () => {
    await start({})
    const port = Number(new URL(server.address()).port)
    const second = createAdminServer({
      operations: nodeOperations({}),
      metrics: { text: async () => '', contentType: 'text/plain' },
      token: TOKEN,
      listen: { kind: 'tcp', host: '127.0.0.1', port },
      version: '0.1.0',
      log
    })
    await assert.rejects(second.start(), { code: 'PORT_TAKEN', message: new RegExp(`127\\.0\\.0\\.1:${port}.*admin\\.listen`) })
  })

  it('that is gone is NODE_NOT_RUNNING for its client', async () => {
    await start({})
    await server.stop()
    await assert.rejects(client.call('status', {}), { code: 'NODE_NOT_RUNNING' })
  })
})
