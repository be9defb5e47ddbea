import assert from 'node:assert/strict'
import { CancelTaskRequest, GetTaskRequest, SendMessageRequest, SubscribeToTaskRequest } from '@a2a-js/sdk'
import { type Client, ClientFactory } from '@a2a-js/sdk/client'
import type { AgentExecutor } from '@a2a-js/sdk/server'
import { textOf } from '../../src/cli/demo/agents/events.ts'
import type { ServedAgent } from '../../src/cli/demo/agents/serve-agent.ts'
import { counter } from '../fixtures/agents/counter.ts'
import { echo } from '../fixtures/agents/echo.ts'
import { waiter } from '../fixtures/agents/waiter.ts'
import { foundDomains } from '../support/domains.ts'
import { HansaProcesses, interconnect, type NodeProcess } from '../support/hansa-process.ts'
import { sdkAgents } from '../support/sdk-agent.ts'
import { until } from '../support/until.ts'

const HANDLE = 'all@south.example'
/** What differs between any two calls. */
const PASSING = new Set(['id', 'taskId', 'contextId', 'messageId', 'timestamp'])

/** Whatever the SDK gives, without IDs and times. */
function lasting(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lasting)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !PASSING.has(key))
      .map(([key, inner]) => [key, lasting(inner)])
  )
}

function say(text: string): SendMessageRequest {
  return SendMessageRequest.fromJSON({ message: { messageId: crypto.randomUUID(), role: 'ROLE_USER', parts: [{ text }] } })
}

/** Every task ID in whatever the SDK gives. */
function taskIdIn(value: unknown): string {
  const found = /"(?:taskId|id)":"([0-9a-f-]{36})"/.exec(JSON.stringify(value))?.[1]
  assert.ok(found !== undefined, JSON.stringify(value))
  return found
}

async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    return error instanceof Error ? error.name : String(error)
  }
  return 'none'
}

async function collect(events: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const event of events) all.push(event)
  return all
}

/** The same client code against the agent itself and by way of two gateways. */
describe('an unmodified @a2a-js/sdk client through two gateways', function () {
  this.timeout(30_000)
  let hansa: HansaProcesses
  let north: NodeProcess
  let served: ServedAgent
  let clients: { direct: Client; through: Client }
  const waiting = waiter()
  const all: AgentExecutor = {
    execute(context, bus) {
      const text = textOf(context.userMessage)
      return (/^\d/.test(text) ? counter : text === 'wait' ? waiting : echo).execute(context, bus)
    },
    cancelTask: (taskId, bus) => waiting.cancelTask(taskId, bus)
  }

  before(async () => {
    hansa = new HansaProcesses()
    served = await sdkAgents.of(
      { name: 'All', description: 'Echoes, counts, waits', skills: [{ id: 'test/all', name: 'All', description: 'All', tags: [] }] },
      all
    )
    const [n, s] = await foundDomains(hansa, 'north.example', 'south.example')
    assert.ok(n !== undefined && s !== undefined)
    const [first, second] = await Promise.all([hansa.node(n.home, ['up'], n.trust), hansa.node(s.home, ['up'], s.trust)])
    north = first
    await interconnect(north, second)
    await hansa.agent(await hansa.join(second, ['agent'], 'all'), served.card)
    await until('a route', async () => (await north.admin.call('routes', {})).routes.some(({ applicable }) => applicable))
    const card = `${north.run.ingress}/agents/${HANDLE}/.well-known/agent-card.json`
    clients = { direct: await new ClientFactory().createFromUrl(served.card, ''), through: await new ClientFactory().createFromUrl(card, '') }
  })
  after(async () => {
    waiting.finish()
    await served.close()
    await hansa.end()
  })

  /** Runs `work` both ways; the results must be the same. Gives that of the gateways. */
  async function same<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const direct = await work(clients.direct)
    const through = await work(clients.through)
    assert.deepEqual(lasting(through), lasting(direct))
    return through
  }

  async function begunToWait(client: Client): Promise<{ id: string; rest: Promise<unknown[]> }> {
    const events = client.sendMessageStream(say('wait'))
    const first = await events.next()
    return { id: taskIdIn(first.value), rest: collect(events) }
  }

  it('SendMessage that answers with a message', async () => {
    assert.match(JSON.stringify(await same((client) => client.sendMessage(say('hello')))), /"hello"/)
  })

  it('SendMessage that answers with a task, with all its artifacts', async () => {
    assert.match(JSON.stringify(await same((client) => client.sendMessage(say('3')))), /"2 "/)
  })

  it('SendStreamingMessage: the same events in the same order', async () => {
    const events = await same((client) => collect(client.sendMessageStream(say('5'))))
    assert.equal(events.length, 7)
  })

  it('a reply of half a megabyte', async () => {
    const events = await same((client) => collect(client.sendMessageStream(say('4 131072'))))
    assert.ok(JSON.stringify(events).length > 500_000)
  })

  it('GetTask', async () => {
    const task = await same(async (client) => client.getTask(GetTaskRequest.fromJSON({ id: taskIdIn(await client.sendMessage(say('2'))) })))
    assert.ok((task.artifacts ?? []).length > 0)
  })

  it('CancelTask, and the stream of the task ends with it', async () => {
    const [task, rest] = await same(async (client) => {
      const { id, rest: events } = await begunToWait(client)
      return [await client.cancelTask(CancelTaskRequest.fromJSON({ id })), await events] as const
    })
    assert.match(JSON.stringify(task), /"state":5/)
    assert.ok(rest.length >= 1)
  })

  it('SubscribeToTask: a second stream of a task that runs', async () => {
    const events = await same(async (client) => {
      const { id, rest } = await begunToWait(client)
      const subscription = client.resubscribeTask(SubscribeToTaskRequest.fromJSON({ id }))
      const first = await subscription.next()
      waiting.finish()
      return [first.value, ...(await collect(subscription)), ...(await rest)]
    })
    assert.ok(events.length >= 3)
  })

  it('errors of the agent keep their kind', async () => {
    const unknown = '7d444840-9dc0-11d1-b245-5ffdce74fad2'
    assert.equal(await same((client) => failureOf(client.getTask(GetTaskRequest.fromJSON({ id: unknown })))), 'TaskNotFoundError')
    assert.equal(await same((client) => failureOf(client.cancelTask(CancelTaskRequest.fromJSON({ id: unknown })))), 'TaskNotFoundError')
    const over = await same(async (client) => {
      const id = taskIdIn(await client.sendMessage(say('1')))
      return failureOf(client.cancelTask(CancelTaskRequest.fromJSON({ id })))
    })
    assert.equal(over, 'TaskNotCancelableError')
    await same((client) => failureOf(collect(client.resubscribeTask(SubscribeToTaskRequest.fromJSON({ id: unknown })))))
  })

  it('JSON-RPC errors on the wire: the same code, reason and domain', async () => {
    const cases = [
      { method: 'GetTask', params: { id: '7d444840-9dc0-11d1-b245-5ffdce74fad2' } },
      { method: 'Conquer', params: {} },
      { method: 'SendMessage', params: { message: 7 } }
    ]
    const ask = async (url: string, body: object): Promise<[number, string?, string?]> => {
      const headers = { 'content-type': 'application/json', 'a2a-version': '1.0' }
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...body }) })
      const { error } = (await response.json()) as { error: { code: number; data?: { reason?: string; domain?: string }[] } }
      return [error.code, error.data?.[0]?.reason, error.data?.[0]?.domain]
    }
    for (const body of cases) {
      const [code, reason, domain] = await ask(served.url, body)
      const through = await ask(`${north.run.ingress}/agents/${HANDLE}/jsonrpc`, body)
      assert.equal(through[0], code, body.method)
      // What the first gateway refuses by itself it refuses in its own name; what A2A defines is told as the agent tells it.
      if (code <= -32001 && code >= -32099) assert.deepEqual(through, [code, reason, domain], body.method)
    }
  })
})
