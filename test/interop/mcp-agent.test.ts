import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import type { AdminAnswer } from '../../src/admin/client.ts'
import { documents, HansaProcesses, type NodeProcess } from '../support/hansa-process.ts'
import { until } from '../support/until.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const EVERYTHING = resolve(ROOT, 'node_modules/@modelcontextprotocol/server-everything/dist/index.js')
const POET = resolve(ROOT, 'test/fixtures/mcp/poet.ts')

/** The reference server calls itself mcp-servers/everything. */
const FAMILY = 'mcp/mcp-servers-everything'
const PATIENCE_MS = 40_000

interface Part {
  readonly text?: string
  readonly raw?: string
  readonly data?: unknown
  readonly mediaType?: string
}

interface Task {
  readonly id: string
  readonly status: { readonly state: string; readonly message?: { readonly parts: readonly Part[] } }
  readonly artifacts?: readonly { readonly parts: readonly Part[] }[]
}

describe('an MCP server as an agent', function () {
  this.timeout(120_000)
  const processes = new HansaProcesses({ SECRET_OF_THE_OPERATOR: 'x' })
  let hub: NodeProcess

  before(async () => {
    hub = await processes.node(await processes.init('north', { domain: 'north.example' }))
  })
  after(() => processes.end())

  /** An agent in front of a server, registered and attached. */
  async function put(name: string, mcp: string, ...options: string[]): Promise<NodeProcess> {
    const node = await processes.node(await processes.join(hub, ['agent'], name), ['agent', 'run', '--mcp', mcp, ...options])
    await until(`${name} is attached`, () => /online /.test(node.stdout()), PATIENCE_MS)
    // The gateway tells the directory a moment later.
    await until(`${name} is found`, async () => (await handles('mcp')).includes(`${name}@north.example`), PATIENCE_MS)
    return node
  }

  async function events(agent: string, data: Record<string, unknown>, stream = false): Promise<AdminAnswer<'call'>[]> {
    const got: AdminAnswer<'call'>[] = []
    for await (const event of hub.admin.stream('call', { agent: `${agent}@north.example`, data: data as Record<string, string>, stream })) got.push(event)
    return got
  }

  async function task(agent: string, data: Record<string, unknown>): Promise<Task> {
    const [first] = await events(agent, data)
    assert.ok(first?.kind === 'response')
    return (first.response as unknown as { task: Task }).task
  }

  async function parts(agent: string, tool: string, given: Record<string, unknown> = {}): Promise<readonly Part[]> {
    const { status, artifacts } = await task(agent, { tool, arguments: given })
    assert.equal(status.state, 'TASK_STATE_COMPLETED', JSON.stringify(status))
    return artifacts?.[0]?.parts ?? []
  }

  async function handles(capability: string, status: 'online' | 'any' = 'online'): Promise<string[]> {
    return (await hub.admin.call('find', { capabilities: [capability], status })).hits.map(({ handle }) => handle)
  }

  describe('the reference server over its standard streams', () => {
    let node: NodeProcess

    before(async () => {
      node = await put('everything', `"${process.execPath}" '${EVERYTHING}' stdio`, '--capability', 'tools/demo')
    })

    it('is found by each of its tools, and by what the operator added', async () => {
      for (const capability of ['mcp', FAMILY, `${FAMILY}/echo`, `${FAMILY}/get-sum`, 'tools/demo'])
        assert.deepEqual(await handles(capability), ['everything@north.example'], capability)
      const { card } = (await hub.admin.call('card', { agent: 'everything@north.example' })) as unknown as {
        card: { skills: { id: string; description: string; tags: string[]; examples: string[] }[] }
      }
      const echo = card.skills.find(({ id }) => id === 'echo')
      assert.deepEqual(echo?.tags, [`${FAMILY}/echo`, 'tools/demo'])
      assert.deepEqual(echo?.examples, ['{"tool":"echo","arguments":{"message":"string"}}'])
      assert.ok(card.skills.length >= 10)
    })

    it('is called with data, with or without the name of the tool', async () => {
      assert.deepEqual(await parts('everything', 'echo', { message: 'ahoy' }), [{ text: 'Echo: ahoy' }])
      const { artifacts } = await task('everything', { a: 2, b: 3 })
      assert.match(artifacts?.[0]?.parts[0]?.text ?? '', /is 5/)
    })

    it('gives images as bytes, resources with their names, and structured content as data', async () => {
      const image = (await parts('everything', 'get-tiny-image')).find(({ raw }) => raw !== undefined)
      assert.equal(image?.mediaType, 'image/png')
      assert.equal(Buffer.from(image.raw ?? '', 'base64').toString('latin1', 1, 4), 'PNG')
      const weather = await parts('everything', 'get-structured-content', { location: 'Chicago' })
      assert.deepEqual(weather.find(({ data }) => data !== undefined)?.data, { temperature: 36, conditions: 'Light rain / drizzle', humidity: 82 })
      const blob = (await parts('everything', 'get-resource-reference', { resourceType: 'Blob', resourceId: 2 })).find(({ raw }) => raw !== undefined)
      assert.ok((blob?.raw ?? '').length > 0)
      assert.ok((await parts('everything', 'get-resource-links', { count: 3 })).filter((part) => 'url' in part).length === 3)
    })

    it('tells how it gets on', async () => {
      const streamed = await events('everything', { tool: 'trigger-long-running-operation', arguments: { duration: 1, steps: 4 } }, true)
      const words = streamed.flatMap((event) => (event.kind === 'response' && event.state === 'TASK_STATE_WORKING' ? [event.text] : []))
      for (const step of ['1 of 4', '2 of 4', '3 of 4']) assert.ok(words.includes(step), JSON.stringify(words))
      assert.match(JSON.stringify(streamed.at(-3)), /Long running operation completed/)
    })

    it('says what was wrong with a call', async () => {
      const refused = await task('everything', { tool: 'get-sum', arguments: { a: 'two', b: 3 } })
      assert.equal(refused.status.state, 'TASK_STATE_FAILED')
      assert.match(refused.status.message?.parts[0]?.text ?? '', /Invalid arguments for tool get-sum/)
      await assert.rejects(events('everything', { tool: 'echo', arguments: {} }), {
        code: 'INVALID_ARGUMENT',
        message: /echo needs message; its arguments are \{/
      })
      await assert.rejects(events('everything', { tool: 'sing', arguments: {} }), {
        code: 'INVALID_ARGUMENT',
        message: /there is no tool "sing".*\necho \{"type":"object"/s
      })
      await assert.rejects(events('everything', { wind: 'west' }), { code: 'INVALID_ARGUMENT', message: /its data fits none/ })
    })

    it('shows the server nothing of our environment', async () => {
      const [{ text = '{}' } = {}] = await parts('everything', 'get-env')
      const names = Object.keys(JSON.parse(text) as object)
      assert.ok(names.includes('PATH'))
      assert.deepEqual(
        names.filter((name) => /HANSA|SECRET/.test(name)),
        []
      )
    })

    it('cancels', async () => {
      const states: (string | undefined)[] = []
      const request = {
        agent: 'everything@north.example',
        data: { tool: 'trigger-long-running-operation', arguments: { duration: 60, steps: 60 } },
        stream: true
      }
      for await (const event of hub.admin.stream('call', request)) {
        if (event.kind !== 'response') continue
        states.push(event.state)
        const { task: begun } = event.response as unknown as { task?: Task }
        if (begun !== undefined) assert.equal((await hub.admin.call('cancelCall', { agent: request.agent, task: begun.id })).state, 'TASK_STATE_CANCELED')
      }
      assert.equal(states.at(-1), 'TASK_STATE_CANCELED')
    })

    it('is started again when it is killed, and ends with its node', async () => {
      const first = pids(node).at(-1)
      assert.ok(first !== undefined)
      const waiting = task('everything', { tool: 'trigger-long-running-operation', arguments: { duration: 60, steps: 60 } })
      await new Promise((passed) => setTimeout(passed, 500))
      process.kill(first, 'SIGKILL')
      const lost = await waiting
      assert.equal(lost.status.state, 'TASK_STATE_FAILED')
      assert.match(lost.status.message?.parts[0]?.text ?? '', /cannot be reached/)
      const second = await until('it runs again', () => pids(node).find((pid) => pid !== first), PATIENCE_MS)
      await until('it answers again', () => parts('everything', 'echo', { message: 'back' }).catch(() => undefined), PATIENCE_MS)
      const { code } = await processes.kill(node, 'SIGTERM')
      assert.equal(code, 0, node.stderr())
      assert.throws(() => process.kill(second, 0), { code: 'ESRCH' })
    })
  })

  it('says in its card what its tools need and put out, and shows a tool that it has learnt', async () => {
    const node = await put('poet', `'${process.execPath}' '${POET}'`)
    const { card } = (await hub.admin.call('card', { agent: 'poet@north.example' })) as unknown as {
      card: { name: string; description: string; capabilities: { extensions: { uri: string; params: object }[] } }
    }
    assert.deepEqual([card.name, card.description], ['Poet', 'Writes poems to order'])
    assert.deepEqual(card.capabilities.extensions.find(({ uri }) => uri === 'urn:hansa:facts')?.params, {
      skills: { compose: { inputs: ['theme', 'lines'], outputs: ['poem'] }, canceled: { inputs: [], outputs: ['times'] } }
    })
    assert.deepEqual(await handles('mcp/poet-sons/recite'), [])
    await parts('poet', 'learn')
    await until('the new tool is found', async () => (await handles('mcp/poet-sons/recite')).length === 1, PATIENCE_MS)
    assert.deepEqual(await parts('poet', 'recite'), [{ text: 'o rose' }])
    // A node that is killed has no time to end anything: the server sees its pipe close.
    const [pid = 0] = pids(node)
    await processes.kill(node)
    await until('the server is gone', () => !runs(pid), PATIENCE_MS)
  })

  it('reaches a server by its URL, sees it go, and finds it again', async () => {
    const port = await freePort()
    let server = await everythingOn(port)
    try {
      await put('remote', `http://127.0.0.1:${port}/mcp`, '--capability', 'tools/remote')
      assert.deepEqual(await parts('remote', 'echo', { message: 'far' }), [{ text: 'Echo: far' }])
      const streamed = await events('remote', { tool: 'trigger-long-running-operation', arguments: { duration: 1, steps: 2 } }, true)
      assert.ok(streamed.some((event) => event.kind === 'response' && event.text === '1 of 2'))
      await kill(server)
      await until(
        'the swarm knows that it is gone',
        async () => (await handles('tools/remote')).length === 0 && (await handles('tools/remote', 'any')).length === 1,
        PATIENCE_MS
      )
      await assert.rejects(events('remote', { tool: 'echo', arguments: { message: 'far' } }), { code: 'AGENT_UNREACHABLE' })
      server = await everythingOn(port)
      await until('it is found again', async () => (await handles('tools/remote')).length === 1, PATIENCE_MS)
      assert.deepEqual(await parts('remote', 'echo', { message: 'near' }), [{ text: 'Echo: near' }])
    } finally {
      await kill(server)
    }
  })

  it('is refused without a command that can be', async () => {
    const home = await processes.join(hub, ['agent'], 'nobody')
    const unclosed = await processes.run(['agent', 'run', '--mcp', "node 'x", '--home', home])
    assert.deepEqual([unclosed.code, /a ' has no end \(INVALID_ARGUMENT\)/.test(unclosed.stderr)], [1, true], unclosed.stderr)
    const both = await processes.run(['agent', 'run', '--mcp', 'node x', '--card', 'http://127.0.0.1:1', '--home', home])
    assert.match(both.stderr, /either --card or --mcp/)
  })
})

/** Of the servers that a node has started, in their order, from its log. */
function pids(node: NodeProcess): number[] {
  return documents<{ message?: string; pid?: number }>(node.stderr().replace(/[^\n]*$/, '')).flatMap(({ message, pid }) =>
    message === 'MCP server connected' && pid !== undefined ? [pid] : []
  )
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function everythingOn(port: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [EVERYTHING, 'streamableHttp'], { env: { ...process.env, PORT: String(port) }, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await until('the reference server listens', () => /listening/.test(said), PATIENCE_MS)
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
