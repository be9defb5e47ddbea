import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { Client, type ClientOptions, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { HansaProcesses, type NodeProcess, type Running } from '../support/hansa-process.ts'
import { until } from '../support/until.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const BINARY = resolve(ROOT, 'bin/hansa.js')
const INSPECTOR = resolve(ROOT, 'node_modules/@modelcontextprotocol/inspector-cli/build/cli.js')
const AGENT = resolve(ROOT, 'test/fixtures/mcp/poet.ts')

/** Both handshakes of the official client: the one with sessions, and the one of 2026-07-28. */
const ERAS = ['legacy', 'auto'] as const

interface Result {
  readonly isError?: boolean
  readonly content: readonly { readonly type: string; readonly text?: string }[]
  readonly structuredContent?: unknown
  readonly _meta?: Readonly<Record<string, unknown>>
}

interface TaskShown {
  readonly id: string
  readonly state: string
  readonly session: string
  readonly results: Readonly<Record<string, unknown>>
  readonly steps: readonly { readonly agent: string; readonly state: string }[]
}

describe('hansa mcp', function () {
  this.timeout(120_000)
  const processes = new HansaProcesses()
  let hub: NodeProcess
  let poet: Running
  const clients: Client[] = []

  before(async () => {
    hub = await processes.node(await processes.init('north', { domain: 'north.example' }))
    const home = await processes.join(hub, ['agent'], 'poet')
    poet = await processes.node(home, ['agent', 'run', '--mcp', `'${process.execPath}' '${AGENT}'`, '--capability', 'arts/poems'])
    await until('the poet is attached', () => /online /.test(poet.stdout()), 40_000)
    // The gateway tells the directory a moment later.
    await until('the poet is found', async () => (await hub.admin.call('find', { capabilities: ['arts'] })).hits.length === 1, 20_000)
  })
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close()
  })
  after(() => processes.end())

  const make = (options: ClientOptions): Client => {
    const client = new Client({ name: 'a test', version: '1' }, options)
    clients.push(client)
    return client
  }

  /** The client as its user would start the server: the command in its configuration. */
  async function overStdio(mode: (typeof ERAS)[number], home = hub.home): Promise<{ client: Client; noise: () => string }> {
    const transport = new StdioClientTransport({ command: process.execPath, args: [BINARY, 'mcp', '--home', home], stderr: 'pipe' })
    let noise = ''
    transport.stderr?.on('data', (chunk: Buffer) => (noise += chunk.toString()))
    const client = make({ versionNegotiation: { mode } })
    await client.connect(transport)
    return { client, noise: () => noise }
  }

  /** `hansa mcp --http` on any port, with its URL and token. */
  async function door(): Promise<{ running: Running; url: URL; token: string; tokenFile: string }> {
    const running = processes.start(['mcp', '--http', '127.0.0.1:0', '--home', hub.home, '--json'])
    const line = await until('the door is open', () => /^.*\n/.exec(running.stdout())?.[0], 20_000)
    const { url, tokenFile } = JSON.parse(line) as { url: string; tokenFile: string }
    return { running, url: new URL(url), token: (await readFile(tokenFile, 'utf8')).trim(), tokenFile }
  }

  async function everyTool(client: Client): Promise<void> {
    const { tools } = await client.listTools()
    for (const { title, description, inputSchema, annotations } of tools) assert.ok(title && description && inputSchema.type === 'object' && annotations)
    assert.equal(tools.find(({ name }) => name === 'hansa_find')?.annotations?.readOnlyHint, true)
    assert.equal(tools.find(({ name }) => name === 'hansa_call')?.annotations?.readOnlyHint, false)

    const found = await client.callTool({ name: 'hansa_find', arguments: { capabilities: ['arts'] } })
    assert.deepEqual(
      (found.structuredContent as { hits: { handle: string }[] }).hits.map(({ handle }) => handle),
      ['poet@north.example']
    )
    assert.deepEqual(JSON.parse(textOf(found)), found.structuredContent)

    const resolved = await client.callTool({ name: 'hansa_resolve', arguments: { agent: 'poet@north.example' } })
    assert.ok((resolved.structuredContent as { verified: string[] }).verified.length > 0)

    const heard: string[] = []
    const called = await client.callTool(
      { name: 'hansa_call', arguments: { agent: 'poet@north.example', data: { theme: 'rain', lines: 3 } } },
      { onprogress: ({ message }) => heard.push(message ?? '') }
    )
    assert.equal(called.isError, undefined, textOf(called))
    assert.match(textOf(called), /line 3 of rain/)
    const answer = called.structuredContent as { text: string; data: unknown[]; state: string; session: string; gateways: string[] }
    assert.deepEqual(answer.data, [{ poem: 'rain x3' }])
    assert.equal(answer.state, 'TASK_STATE_COMPLETED')
    assert.ok(answer.gateways.length > 0)
    assert.ok(
      heard.some((message) => /verse 2/.test(message)),
      JSON.stringify(heard)
    )

    const again = await client.callTool({
      name: 'hansa_call',
      arguments: { agent: 'poet@north.example', data: { theme: 'sun', lines: 1 }, session: answer.session }
    })
    assert.equal((again.structuredContent as { session: string }).session, answer.session)

    const { contents } = await client.readResource({ uri: 'hansa://agent/poet@north.example' })
    const [content] = contents
    assert.ok(content !== undefined && 'text' in content)
    assert.equal((JSON.parse(content.text) as { skills: { id: string }[] }).skills[0]?.id, 'compose')
    assert.equal((await client.listResources()).resources[0]?.uri, 'hansa://agent/poet@north.example')
  }

  async function errors(client: Client): Promise<void> {
    const nobody = await client.callTool({ name: 'hansa_call', arguments: { agent: 'nobody@north.example', text: 'hello' } })
    assert.equal(codeOf(nobody), 'AGENT_NOT_FOUND')
    assert.match(textOf(nobody), /\(AGENT_NOT_FOUND\)\nSee what there is/)
    assert.equal(codeOf(await client.callTool({ name: 'hansa_call', arguments: { agent: 'poet@north.example' } })), 'INVALID_ARGUMENT')
    const unknown = await client.callTool({ name: 'hansa_call', arguments: { agent: 'poet@north.example', data: { tool: 'sing' } } })
    assert.equal(codeOf(unknown), 'INVALID_ARGUMENT')
    assert.match(textOf(unknown), /compose/)
    assert.equal((await client.callTool({ name: 'hansa_find', arguments: { limit: 1_000 } })).isError, true)
    const failed = await client.callTool({
      name: 'hansa_call',
      arguments: { agent: 'poet@north.example', data: { tool: 'compose', arguments: { theme: 'silence', lines: 1 } } }
    })
    assert.equal(failed.isError, true)
    assert.match(textOf(failed), /nothing rhymes with silence/)
    await assert.rejects(client.readResource({ uri: 'hansa://agent/nobody@north.example' }), /AGENT_NOT_FOUND/)
  }

  async function cancel(client: Client): Promise<void> {
    const before = await timesCanceled(client)
    const abort = new AbortController()
    const call = client.callTool(
      { name: 'hansa_call', arguments: { agent: 'poet@north.example', data: { tool: 'muse', arguments: {} } } },
      { signal: abort.signal, onprogress: ({ message }) => (message === 'musing' ? abort.abort() : undefined) }
    )
    await assert.rejects(call)
    await until('the server of the agent has heard of it', async () => (await timesCanceled(client)) === before + 1, 20_000)
  }

  async function timesCanceled(client: Client): Promise<number> {
    const { structuredContent } = await client.callTool({ name: 'hansa_call', arguments: { agent: 'poet@north.example', data: { tool: 'canceled' } } })
    return (structuredContent as { data: { times: number }[] }).data[0]?.times ?? -1
  }

  for (const mode of ERAS) {
    it(`serves the official client over standard streams (${mode})`, async () => {
      const { client, noise } = await overStdio(mode)
      assert.equal(client.getProtocolEra(), mode === 'auto' ? 'modern' : 'legacy')
      await everyTool(client)
      await errors(client)
      await cancel(client)
      assert.equal(noise(), '')
    })

    it(`serves the official client over HTTP (${mode})`, async () => {
      const { running, url, token } = await door()
      const client = make({ versionNegotiation: { mode } })
      await client.connect(new StreamableHTTPClientTransport(url, { authProvider: { token: async () => token } }))
      assert.equal(client.getProtocolEra(), mode === 'auto' ? 'modern' : 'legacy')
      await everyTool(client)
      await errors(client)
      await cancel(client)
      const { code, stderr } = await processes.kill(running, 'SIGTERM')
      assert.equal(code, 0, stderr)
    })
  }

  it('runs tasks of several agents, and shows what was said', async () => {
    const { client } = await overStdio('auto')
    const call = (name: string, given: Record<string, unknown>, heard: string[] = []): Promise<Result> =>
      client.callTool({ name: `hansa_${name}`, arguments: given }, { onprogress: ({ message }) => heard.push(message ?? '') })
    const heard: string[] = []
    const goal = { want: ['poem'], given: { theme: 'snow', lines: 3 } }
    const ran = await call('task_run', { goal, id: 'winter' }, heard)
    assert.equal(ran.isError, undefined, textOf(ran))
    const task = ran.structuredContent as TaskShown
    assert.deepEqual([task.id, task.state, task.results], ['winter', 'completed', { poem: 'snow x3' }])
    assert.deepEqual(
      task.steps.map(({ agent, state }) => [agent, state]),
      [['poet@north.example', 'completed']]
    )
    assert.ok(heard.some((message) => /: in progress/.test(message)) && /: completed/.test(heard.at(-1) ?? ''), JSON.stringify(heard))
    // The same name starts nothing new.
    assert.deepEqual((await call('task_run', { goal, id: 'winter' })).structuredContent, task)
    assert.deepEqual((await call('task_show', { id: 'winter' })).structuredContent, task)

    const long = { want: ['poem'], given: { theme: 'sea', lines: 600 } }
    assert.equal(((await call('task_run', { goal: long, id: 'long', wait: false })).structuredContent as TaskShown).results['poem'], undefined)
    await until(
      'its step runs',
      async () => ((await call('task_show', { id: 'long' })).structuredContent as TaskShown).steps[0]?.state === 'in progress',
      20_000
    )
    assert.equal(codeOf(await call('task_answer', { id: 'long', step: 'nothing', text: 'yes' })), 'NOT_FOUND')
    await call('task_cancel', { id: 'long' })
    await until('it is canceled', async () => ((await call('task_show', { id: 'long' })).structuredContent as TaskShown).state === 'canceled', 20_000)

    const impossible = await call('task_run', { goal: { want: ['symphony'], given: { theme: 'snow' } } })
    assert.equal(codeOf(impossible), 'NO_PLAN')
    assert.match(textOf(impossible), /symphony/)
    assert.equal(codeOf(await call('task_run', {})), 'INVALID_ARGUMENT')
    assert.equal(codeOf(await call('task_show', { id: 'none' })), 'NOT_FOUND')

    const { sessions } = (await call('session_list', { limit: 5 })).structuredContent as { sessions: { id: string; peer: string }[] }
    assert.ok(
      sessions.some(({ id }) => id === task.session),
      JSON.stringify(sessions)
    )
    const said = (await call('session_show', { id: task.session })).structuredContent as { entries: { from: string; kind: string }[] }
    assert.ok(said.entries.length >= 2)
    assert.equal(said.entries[0]?.kind, 'message')
    assert.equal(codeOf(await call('session_show', { id: 'none' })), 'NOT_FOUND')
  })

  it('says in each answer that the node is down, and finds it again when it is up', async () => {
    const home = await processes.init('south', { domain: 'south.example' })
    const { client } = await overStdio('legacy', home)
    const find = (): Promise<Result> => client.callTool({ name: 'hansa_find', arguments: {} })
    assert.equal(codeOf(await find()), 'NODE_NOT_RUNNING')
    assert.deepEqual((await client.listResources()).resources, [])
    const node = await processes.node(home)
    assert.equal((await find()).isError, undefined)
    await processes.kill(node)
    assert.equal(codeOf(await find()), 'NODE_NOT_RUNNING')
  })

  it('ends when its client closes the pipe, and on SIGTERM', async () => {
    const closed = await processes.run(['mcp', '--home', hub.home])
    assert.deepEqual([closed.code, closed.stdout], [0, ''])
    const transport = new StdioClientTransport({ command: process.execPath, args: [BINARY, 'mcp', '--home', hub.home], stderr: 'ignore' })
    const client = make({})
    await client.connect(transport)
    const { pid } = transport
    assert.ok(pid !== null)
    const gone = new Promise<void>((done) => (client.onclose = done))
    process.kill(pid, 'SIGTERM')
    await gone
  })

  describe('its HTTP door', () => {
    const hello = {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } }
    }
    const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
    let open: Awaited<ReturnType<typeof door>>

    before(async () => {
      open = await door()
    })
    after(() => processes.kill(open.running))

    const post = (headers: Record<string, string>, body: unknown = hello, path = '/mcp'): Promise<Response> =>
      fetch(new URL(path, open.url), { method: 'POST', headers: { ...json, ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body) })

    it('wants its own token, which nobody else may read and which is not the admin token', async () => {
      assert.equal((await stat(open.tokenFile)).mode & 0o777, 0o600)
      const bare = await post({})
      assert.equal(bare.status, 401)
      assert.match(bare.headers.get('www-authenticate') ?? '', /^Bearer/)
      assert.equal((await post({ authorization: 'Bearer x' })).status, 401)
      const admin = (await readFile(resolve(hub.home, 'admin.token'), 'utf8')).trim()
      assert.equal((await post({ authorization: `Bearer ${admin}` })).status, 401)
      assert.equal((await fetch(`${hub.run.admin}/api/status`, { headers: { authorization: `Bearer ${open.token}` } })).status, 401)
      assert.equal((await post({ authorization: `Bearer ${open.token}` })).status, 200)
    })

    it('refuses pages of other sites, and names that were made to point here', async () => {
      const authorization = `Bearer ${open.token}`
      assert.equal((await post({ authorization, origin: 'https://evil.example' })).status, 403)
      assert.equal((await post({ authorization, origin: open.url.origin })).status, 200)
      const { stdout } = await promisify(execFile)('curl', [
        '-sS',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        '-H',
        'Host: evil.example',
        '-H',
        `Authorization: ${authorization}`,
        open.url.href
      ])
      assert.equal(stdout, '403')
    })

    it('bounds what it takes', async () => {
      const authorization = `Bearer ${open.token}`
      assert.equal((await post({ authorization }, hello, '/else')).status, 404)
      assert.equal((await post({ authorization }, '{')).status, 400)
      assert.equal((await post({ authorization, 'mcp-session-id': 'none' }, { jsonrpc: '2.0', id: 2, method: 'tools/list' })).status, 404)
      const huge = await post({ authorization }, { ...hello, params: { ...hello.params, fill: 'x'.repeat(9 * 1024 * 1024) } }).catch(() => undefined)
      assert.ok(huge === undefined || huge.status === 413, String(huge?.status))
      // Sessions make room for each other: nobody is locked out by clients that never say goodbye.
      const ids = new Set<string>()
      for (let count = 0; count < 70; count++) ids.add((await drained(post({ authorization }))).headers.get('mcp-session-id') ?? '')
      assert.equal(ids.size, 70)
      const [first = ''] = ids
      assert.equal((await post({ authorization, 'mcp-session-id': first }, { jsonrpc: '2.0', id: 2, method: 'tools/list' })).status, 404)
    })

    it('says where it cannot listen', async () => {
      const { code, stderr } = await processes.run(['mcp', '--http', open.url.host, '--home', hub.home])
      assert.deepEqual([code, /PORT_TAKEN/.test(stderr)], [1, true])
      assert.equal((await processes.run(['mcp', '--http', '0.0.0.0:0', '--home', hub.home])).code, 2)
    })
  })

  describe('with the inspector CLI', () => {
    /** It finds its own package.json by a path from the working directory. */
    const inspect = async (...args: string[]): Promise<Record<string, unknown>> => {
      const child = execFile(process.execPath, [INSPECTOR, '--cli', ...args], { cwd: resolve(ROOT, 'src'), timeout: 60_000 })
      let stdout = ''
      let stderr = ''
      child.stdout?.on('data', (text: string) => (stdout += text))
      child.stderr?.on('data', (text: string) => (stderr += text))
      const [code] = (await once(child, 'close')) as [number]
      assert.equal(code, 0, stderr)
      return JSON.parse(stdout) as Record<string, unknown>
    }
    const server = (): string[] => [process.execPath, BINARY, 'mcp', '--home', hub.home]

    it('lists and calls tools over standard streams', async () => {
      const { tools } = (await inspect(...server(), '--method', 'tools/list')) as { tools: { name: string }[] }
      assert.ok(tools.some(({ name }) => name === 'hansa_call'))
      const found = await inspect(...server(), '--method', 'tools/call', '--tool-name', 'hansa_find', '--tool-arg', 'text=poem')
      assert.match(JSON.stringify(found['structuredContent']), /poet@north\.example/)
    })

    it('does so over HTTP', async () => {
      const { running, url, token } = await door()
      const found = await inspect(
        url.href,
        '--header',
        `Authorization: Bearer ${token}`,
        '--method',
        'tools/call',
        '--tool-name',
        'hansa_find',
        '--tool-arg',
        'text=poem'
      )
      assert.match(JSON.stringify(found['structuredContent']), /poet@north\.example/)
      await processes.kill(running)
    })
  })
})

async function drained(response: Promise<Response>): Promise<Response> {
  const answer = await response
  await answer.text()
  return answer
}

function textOf({ content }: Result): string {
  return content.flatMap((block) => (block.type === 'text' ? [block.text ?? ''] : [])).join('\n')
}

function codeOf(result: Result): string | undefined {
  assert.equal(result.isError, true, textOf(result))
  return (result._meta?.['hansa/error'] as { code: string } | undefined)?.code
}
