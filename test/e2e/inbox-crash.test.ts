import assert from 'node:assert/strict'
import { createHandlerClient } from '../../src/adapters/inprocess-agent/handler-client.ts'
import { createNode } from '../../src/node/create-node.ts'
import type { HansaNode } from '../../src/node/hansa-node.ts'
import { joinHome } from '../../src/node/join-home.ts'
import { HansaProcesses, type NodeProcess } from '../support/hansa-process.ts'
import { seededRandom } from '../support/memory/random.ts'
import { until } from '../support/until.ts'

const CLIENT = { HANSA_SWARM_LISTEN: '/ip4/127.0.0.1/tcp/0', HANSA_GATEWAY_LISTEN: '127.0.0.1:0', HANSA_LOG_LEVEL: 'silent', HANSA_METRICS_PROCESS: 'false' }
const MESSAGES = 40
const SENDERS = 4
const PATIENCE = 20_000

interface Receipt {
  readonly id: string
  readonly status: { readonly state: string }
}

describe('kill -9 of the gateway while messages are kept and delivered', function () {
  this.timeout(120_000)
  const seed = Number(process.env['SEED'] ?? Math.trunc(Math.random() * 2 ** 31))
  const random = seededRandom(seed)
  let hansa: HansaProcesses
  let gateway: NodeProcess
  let hub: HansaNode | undefined
  let agent: HansaNode | undefined
  /** messageId of each time that the agent itself was asked. */
  const heard: string[] = []
  const acknowledged = new Map<string, string>()
  let kills = 0

  before(() => {
    hansa = new HansaProcesses()
  })
  after(async () => {
    await agent?.stop()
    await hub?.stop()
    await hansa.end()
  })

  /** A home that has joined the domain. */
  async function enrol(name: string, role: 'agw' | 'agent'): Promise<string> {
    assert.ok(hub !== undefined)
    const { invite } = await hub.desk.invite({ roles: [role], name, ttlMs: 600_000, uses: 1, replace: false })
    const home = hansa.path(name)
    await joinHome({ home, invite, signal: AbortSignal.timeout(PATIENCE) })
    return home
  }

  async function open(home: string): Promise<void> {
    const client = createHandlerClient(
      async (message) => {
        heard.push(message.messageId)
        await new Promise((resolve) => setTimeout(resolve, 15))
        return `done ${message.messageId}`
      },
      { card: { name: 'laptop', description: 'an agent that sleeps' } }
    )
    const config = { capabilities: ['test/sleeping'], timing: { probeEvery: 300, retryMin: 50, retryMax: 500 } }
    agent = await createNode({ home, env: CLIENT, agent: { client, config } })
    await agent.start()
    await agent.agent?.ready(AbortSignal.timeout(PATIENCE))
  }

  async function rpc<T>(method: string, params: object): Promise<T> {
    const response = await fetch(`${gateway.run.ingress}/agents/laptop@south.example/jsonrpc`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'a2a-version': '1.0' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(PATIENCE)
    })
    const { result, error } = (await response.json()) as { result?: T; error?: { message: string } }
    if (result === undefined) throw new Error(error?.message ?? 'no answer')
    return result
  }

  /** As a client that wants at-least-once: the same message again until somebody has taken it. */
  async function send(messageId: string): Promise<void> {
    const message = { messageId, role: 'ROLE_USER', parts: [{ text: 'work' }], metadata: { 'urn:hansa:inbox': { ttlMs: 3_600_000 } } }
    const task = await until(
      `${messageId} is acknowledged`,
      () =>
        rpc<{ task: Receipt }>('SendMessage', { message }).then(
          (result) => result.task,
          () => undefined
        ),
      2 * PATIENCE
    )
    acknowledged.set(messageId, task.id)
  }

  /** Kills the gateway a few milliseconds after something has come to pass, and starts it again. */
  async function killAfter(what: string, held: () => boolean): Promise<void> {
    await until(what, held, PATIENCE)
    await new Promise((resolve) => setTimeout(resolve, random() * 25))
    await hansa.kill(gateway, 'SIGKILL')
    kills++
    gateway = await hansa.node(gateway.home, ['up'], gateway.samePorts)
  }

  it('loses nothing that was acknowledged, and the agent gets each message once', async () => {
    console.log(`    seed ${seed} (SEED=${seed} repeats it)`)
    hub = await createNode({ home: await hansa.init('south', { domain: 'south.example', roles: ['aca', 'ars'] }), env: CLIENT })
    await hub.start()
    gateway = await hansa.node(await enrol('gw', 'agw'))
    const home = await enrol('laptop', 'agent')
    await open(home)
    await agent?.stop()

    const wanted = Array.from({ length: MESSAGES }, (_, index) => `m${index}`)
    // Each start of a process takes a loaded machine seconds: three of them, two in one of the halves.
    const early = random() < 0.5
    const marks = (twice: boolean): number[] => [1 + Math.trunc(random() * 12), ...(twice ? [16 + Math.trunc(random() * 14)] : [])]
    const queue = [...wanted]
    const senders = Array.from({ length: SENDERS }, async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) await send(next)
    })
    for (const mark of marks(early)) await killAfter(`${mark} are acknowledged`, () => acknowledged.size >= mark)
    await Promise.all(senders)
    assert.equal(acknowledged.size, MESSAGES)
    const { items } = await gateway.admin.call('inbox', {})
    assert.deepEqual(new Set(items.map(({ messageId }) => messageId)), new Set(wanted), 'what was acknowledged is on disk')
    assert.deepEqual(heard, [])

    await open(home)
    for (const mark of marks(!early)) await killAfter(`${mark} are delivered`, () => heard.length >= mark)
    const states = () =>
      Promise.all(
        [...acknowledged.values()].map((id) =>
          rpc<Receipt>('GetTask', { id }).then(
            ({ status }) => status.state,
            () => 'unknown'
          )
        )
      )
    await until('every receipt is complete', async () => (await states()).every((state) => state === 'TASK_STATE_COMPLETED'), 2 * PATIENCE)
    assert.equal(kills, 3)
    assert.deepEqual([...heard].sort(), [...wanted].sort(), 'each once')
  })
})
