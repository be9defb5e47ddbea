import assert from 'node:assert/strict'
import { create } from '@bufbuild/protobuf'
import { nodeOperations } from '../../../src/admin/node/node-operations.ts'
import { createHandlerClient } from '../../../src/adapters/inprocess-agent/handler-client.ts'
import { createNode } from '../../../src/node/create-node.ts'
import type { HansaNode } from '../../../src/node/hansa-node.ts'
import { createTestnet, type TestAgent, type TestDomain, type Testnet } from '../../../src/node/testnet.ts'
import { CancelTaskRequestSchema, GetTaskRequestSchema, type Task, TaskSchema, TaskState } from '../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { until } from '../../support/until.ts'

const ENV = { HANSA_SWARM_LISTEN: '/ip4/127.0.0.1/tcp/0', HANSA_LOG_LEVEL: 'silent', HANSA_METRICS_PROCESS: 'false' }
const PATIENCE = 20_000

describe('messages for an agent that is offline, on real nodes of two domains', function () {
  this.timeout(90_000)
  let net: Testnet
  let north: TestDomain
  let south: TestDomain
  let caller: TestAgent
  let stranger: TestAgent
  let home: string
  let laptop: HansaNode | undefined
  /** messageId of everything that the agent was given, with its sender. */
  const heard: { readonly id: string; readonly text: string; readonly principal: string }[] = []
  const HANDLE = 'laptop@south.example'

  before(async () => {
    net = await createTestnet()
    north = await net.domain('north.example', [{ name: 'hub', roles: ['aca', 'ars', 'agw'] }])
    south = await net.domain('south.example', [
      { name: 'hub', roles: ['aca', 'ars', 'agw'] },
      { name: 'gw2', roles: ['agw'] }
    ])
    await net.interconnect(north.founder, south.founder)
    ;[caller, stranger] = await Promise.all([
      net.agent(north, 'caller', { capabilities: ['test/calling'] }),
      net.agent(north, 'stranger', { capabilities: ['test/calling'] })
    ])
    home = await net.enrol(south, 'laptop', ['agent'])
  })
  after(async () => {
    await laptop?.stop()
    await net.stop()
  })

  async function open(): Promise<void> {
    const client = createHandlerClient(
      (message, { text, principal }) => {
        heard.push({ id: message.messageId, text, principal })
        return `heard ${text}`
      },
      { card: { name: 'laptop', description: 'an agent that sleeps' } }
    )
    laptop = await createNode({ home, env: ENV, agent: { client, config: { capabilities: ['test/sleeping'], timing: { probeEvery: 200, retryMin: 20 } } } })
    await laptop.start()
    await laptop.agent?.ready(AbortSignal.timeout(PATIENCE))
  }
  async function close(): Promise<void> {
    await laptop?.stop()
    laptop = undefined
  }
  const applicable = () => north.founder.agw?.routes().some(({ advert, applicable: yes }) => advert.handle === HANDLE && yes) === true
  const read = (id: string, from = caller): Promise<Task> =>
    from.node.swarm.invoke(HANDLE, 'GetTask', TaskSchema, create(GetTaskRequestSchema, { id }), { timeoutMs: PATIENCE })
  const send = (messageId: string, text: string, ttlMs?: number) =>
    caller.node.swarm.send(HANDLE, { messageId, parts: [{ content: { case: 'text', value: text } }] }, { inbox: { ttlMs }, timeoutMs: PATIENCE })

  it('an agent that is online is called as always', async () => {
    await open()
    await until('north has a route', applicable, PATIENCE)
    const sent = await send('m-online', 'hello')
    assert.equal(sent.receipt, undefined)
    assert.deepEqual(heard.splice(0), [{ id: 'm-online', text: 'hello', principal: 'spiffe://north.example/agent/caller' }])
  })

  it('without an inbox an offline agent cannot be reached; with one the receipt comes, the same for a second copy', async () => {
    await close()
    await until('north knows', () => !applicable(), PATIENCE)
    await assert.rejects(caller.node.swarm.send(HANDLE, 'anybody?', { timeoutMs: PATIENCE }), ({ code }: { code: string }) =>
      ['AGENT_UNREACHABLE', 'AGENT_NOT_FOUND'].includes(code)
    )
    const sent = await send('m-1', 'one', 3_600_000)
    assert.match(sent.receipt?.id ?? '', /^inbox-[\w-]{22}\.a(ca|gw)\.(hub|gw2)$/)
    assert.equal(sent.receipt?.state, 'waiting')
    assert.ok(Math.abs((sent.receipt?.expiresAt ?? 0) - Date.now() - 3_600_000) < 60_000)
    assert.deepEqual((await send('m-1', 'one')).receipt, sent.receipt)
    const task = await read(sent.receipt?.id ?? '')
    assert.deepEqual([task.id, task.status?.state], [sent.receipt?.id, TaskState.SUBMITTED])
  })

  it('only its sender reads a receipt, and an open one can be canceled', async () => {
    const { receipt } = await send('m-2', 'never mind')
    await assert.rejects(read(receipt?.id ?? '', stranger), { code: 'TASK_NOT_FOUND' })
    const canceled = await caller.node.swarm.invoke(HANDLE, 'CancelTask', TaskSchema, create(CancelTaskRequestSchema, { id: receipt?.id ?? '' }))
    assert.equal(canceled.status?.state, TaskState.CANCELED)
    await assert.rejects(caller.node.swarm.invoke(HANDLE, 'CancelTask', TaskSchema, create(CancelTaskRequestSchema, { id: receipt?.id ?? '' })), {
      code: 'TASK_NOT_CANCELABLE'
    })
  })

  it('its operator sees and drops what waits; who called by the admin API reads and takes back', async () => {
    const signal = AbortSignal.timeout(PATIENCE)
    const mine = nodeOperations(caller.node)
    const request = { agent: HANDLE, text: 'by hand', files: [], stream: false, inbox: { ttlMs: 60_000 } }
    const receipts: string[] = []
    for (let i = 0; i < 2; i++)
      for await (const event of mine.call(request, signal)) if (event.kind === 'response' && event.receipt !== undefined) receipts.push(event.receipt.id)
    const [one = '', two = ''] = receipts
    const keeper = south.nodes().find((node) => node.agw?.inbox?.list('laptop').some(({ id }) => id === one))
    assert.ok(keeper !== undefined)
    const theirs = nodeOperations(keeper)
    const { items } = await theirs.inbox({ agent: 'laptop' }, signal)
    assert.deepEqual(
      items.filter(({ id }) => receipts.includes(id)).map(({ state, principal }) => [state, principal]),
      Array.from({ length: 2 }, () => ['waiting', 'spiffe://north.example/agent/caller'])
    )
    assert.equal((await theirs.inboxDrop({ id: one }, signal)).state, 'canceled')
    assert.equal((await mine.receipt({ agent: HANDLE, id: one, cancel: false }, signal)).state, 'TASK_STATE_CANCELED')
    assert.equal((await mine.receipt({ agent: HANDLE, id: two, cancel: true }, signal)).state, 'TASK_STATE_CANCELED')
    await assert.rejects(mine.inbox({}, signal), { code: 'ROLE_MISSING' })
  })

  it('delivers in order when the agent is back, each message once, and the reply is in the receipt', async () => {
    const receipts: string[] = []
    for (const [id, text] of [
      ['m-3', 'three'],
      ['m-4', 'four']
    ] as const)
      receipts.push((await send(id, text)).receipt?.id ?? '')
    await open()
    const last = await until(
      'the last one is delivered',
      async () => {
        const task = await read(receipts.at(-1) ?? '')
        return task.status?.state === TaskState.COMPLETED && task
      },
      PATIENCE
    )
    assert.deepEqual(
      heard.map(({ id }) => id),
      ['m-1', 'm-3', 'm-4']
    )
    assert.ok(heard.every(({ principal }) => principal === 'spiffe://north.example/agent/caller'))
    assert.deepEqual(
      last.artifacts.flatMap(({ parts }) => parts.map(({ content }) => content.value)),
      ['heard four']
    )
    heard.length = 0
  })
})
