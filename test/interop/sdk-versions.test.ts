import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { AgentCard, SendMessageRequest, TaskState } from '@a2a-js/sdk'
import { type Client, ClientFactory, JsonRpcTransportFactory, RestTransportFactory } from '@a2a-js/sdk/client'
import { GrpcTransportFactory } from '@a2a-js/sdk/client/grpc'
import { LegacyGrpcTransport } from '@a2a-js/sdk/compat/v0_3/client/grpc'
import { versatile } from '../fixtures/agents/versatile.ts'
import { applicable, foundWorld, type World } from '../support/draft-world.ts'
import { bindSdkAgent } from '../support/sdk-bindings.ts'
import { cardOf, serveGrpc } from '../support/sdk-servers.ts'
import { until } from '../support/until.ts'

const WAYS = (['JSONRPC', 'HTTP+JSON', 'GRPC'] as const).flatMap((binding) => (['1.0', '0.3'] as const).map((version) => ({ binding, version })))
type Way = (typeof WAYS)[number]

/** What any client of the SDK can do. */
type Caller = Pick<Client, 'sendMessage' | 'sendMessageStream' | 'getTask' | 'cancelTask'>

const say = (text: string) => SendMessageRequest.fromJSON({ message: { messageId: crypto.randomUUID(), role: 'ROLE_USER', parts: [{ text }] } })
const nameOf = ({ binding, version }: Way): string => `${binding} ${version}`
const agentOf = ({ binding, version }: Way): string => `${binding}-${version}`.toLowerCase().replaceAll(/[^a-z0-9]/g, '-')

/** The SDK of the A2A project, unmodified at both ends: clients and agents of both versions on all three bindings. */
describe("the SDK's clients and agents, six ways in and six ways out, through two gateways", function () {
  this.timeout(60_000)
  const executor = versatile()
  const closing: (() => Promise<unknown>)[] = []
  let world: World
  let base: string

  before(async () => {
    world = await foundWorld()
    const folder = await mkdtemp(join(tmpdir(), 'hansa-versions-'))
    closing.push(() => rm(folder, { recursive: true, force: true }))
    for (const way of WAYS) {
      const { binding, version } = way
      let card: string
      if (binding === 'GRPC') {
        const served = await serveGrpc(executor, version)
        closing.push(() => served.close())
        const path = join(folder, `${agentOf(way)}.json`)
        await writeFile(path, JSON.stringify(cardOf(served.url, binding, version)))
        card = pathToFileURL(path).href
      } else {
        const bound = await bindSdkAgent(binding, version, executor)
        closing.push(() => bound.close())
        card = bound.card
      }
      await world.net.agent(world.south, agentOf(way), { card, capabilities: ['test/all'] })
    }
    await until('all are reachable', () => applicable(world.northGateway).filter((handle) => handle.endsWith('@south.example')).length === WAYS.length, 20_000)
    base = world.northGateway.ingress() ?? ''
  })
  after(async () => {
    executor.finish()
    await world.net.stop()
    for (const close of closing.reverse()) await close()
  })

  async function clientOf({ binding, version }: Way, handle: string): Promise<Caller> {
    const { host } = new URL(base)
    // The message has no place for the agent, so the host that is called has.
    if (binding === 'GRPC' && version === '0.3') {
      const transport = new LegacyGrpcTransport({ endpoint: host, grpcCallOptions: { host: handle.replace('@', '.') } })
      return {
        sendMessage: (request) => transport.sendMessage(request),
        sendMessageStream: (request) => transport.sendMessageStream(request),
        getTask: (request) => transport.getTask(request),
        cancelTask: (request) => transport.cancelTask(request)
      }
    }
    const legacyCompat = { enabled: true }
    const served = await fetch(`${base}/agents/${handle}/.well-known/agent-card.json`, { headers: { 'a2a-version': '1.0' } })
    const card = AgentCard.fromJSON(await served.json())
    // One of the ways that the gateway itself offers for this agent.
    card.supportedInterfaces = card.supportedInterfaces.filter((face) => face.protocolBinding === binding && face.protocolVersion === version)
    const transports = [new JsonRpcTransportFactory({ legacyCompat }), new RestTransportFactory({ legacyCompat }), new GrpcTransportFactory()]
    return new ClientFactory({ transports }).createFromAgentCard(card)
  }

  const work: Record<string, (client: Caller) => Promise<unknown>> = {
    async unary(client) {
      assert.match(JSON.stringify(await client.sendMessage(say('hello'))), /hello/)
    },
    async streaming(client) {
      let text = ''
      let last: TaskState | undefined
      for await (const { payload } of client.sendMessageStream(say('3'))) {
        if (payload?.$case === 'artifactUpdate')
          for (const part of payload.value.artifact?.parts ?? []) if (part.content?.$case === 'text') text += part.content.value
        if (payload?.$case === 'statusUpdate') last = payload.value.status?.state
      }
      assert.equal(text, '0 1 2 ')
      assert.equal(last, TaskState.TASK_STATE_COMPLETED)
    },
    async cancel(client) {
      let last: TaskState | undefined
      let id = ''
      for await (const { payload } of client.sendMessageStream(say('wait'))) {
        if (payload?.$case === 'statusUpdate') last = payload.value.status?.state
        if (payload?.$case !== 'task') continue
        id = payload.value.id
        const canceled = await client.cancelTask({ id, tenant: '', metadata: undefined })
        assert.equal(canceled.status?.state, TaskState.TASK_STATE_CANCELED)
      }
      assert.equal(last, TaskState.TASK_STATE_CANCELED)
      assert.equal((await client.getTask({ id, tenant: '', historyLength: undefined })).status?.state, TaskState.TASK_STATE_CANCELED)
    },
    async error(client) {
      await assert.rejects(client.getTask({ id: 'none', tenant: '', historyLength: undefined }), { name: 'TaskNotFoundError' })
    }
  }

  for (const from of WAYS)
    for (const to of WAYS)
      it(`${nameOf(from)} to ${nameOf(to)}: ${Object.keys(work).join(', ')}`, async () => {
        const client = await clientOf(from, `${agentOf(to)}@south.example`)
        for (const [what, does] of Object.entries(work)) {
          try {
            await does(client)
          } catch (cause) {
            throw new Error(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
          }
        }
      })
})
