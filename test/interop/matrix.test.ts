import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { create, type DescMessage, type JsonObject, type JsonValue, type Message, toJson } from '@bufbuild/protobuf'
import type { AgentExecutor } from '@a2a-js/sdk/server'
import { createGrpcTransport } from '../../src/adapters/grpc/grpc-transport.ts'
import { createJsonRpcTransport } from '../../src/adapters/http/jsonrpc-transport.ts'
import { createRestTransport } from '../../src/adapters/http/rest-transport.ts'
import { createMqttTransport } from '../../src/adapters/mqtt/agent-transport.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { textOf } from '../../src/cli/demo/agents/events.ts'
import { createAgentClient } from '../../src/node/agent-clients.ts'
import type { HansaNode } from '../../src/node/hansa-node.ts'
import { loadMapping } from '../../src/node/mapping/mapping-file.ts'
import type { AgentClient, AgentFace, AgentTransport } from '../../src/ports/agent-client.ts'
import { toHansaError } from '../../src/schema/errors.ts'
import * as a2a from '../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { type Operation, type OperationName, operations } from '../../src/wire/operations.ts'
import { counter } from '../fixtures/agents/counter.ts'
import { echo } from '../fixtures/agents/echo.ts'
import { waiter } from '../fixtures/agents/waiter.ts'
import { applicable, foundWorld, type World } from '../support/draft-world.ts'
import { bindSdkAgent } from '../support/sdk-bindings.ts'
import { until } from '../support/until.ts'
import { cardOf, serveGrpc, serveMqtt } from './sdk-servers.ts'

const CALLERS = ['JSON-RPC', 'REST', 'gRPC', 'MQTT', 'libp2p'] as const
const TARGETS = [...CALLERS, 'custom HTTP'] as const
type Caller = (typeof CALLERS)[number]
type Target = (typeof TARGETS)[number]
/** Who calls one agent in one way. */
type Invoke = (operation: Operation, request: Message) => AsyncIterable<Message>

const NAMES: Readonly<Record<Target, string>> = { 'JSON-RPC': 'rpc', REST: 'rest', gRPC: 'grpc', MQTT: 'mqtt', libp2p: 'native', 'custom HTTP': 'plain' }

/** What differs between any two calls. */
const PASSING = new Set(['id', 'taskId', 'contextId', 'messageId', 'timestamp'])

function lasting(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(lasting)
  if (typeof value !== 'object' || value === null) return value
  // A task's history repeats what was asked; agents keep it or not as they like on each binding.
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !PASSING.has(key) && key !== 'history')
      .map(([key, inner]) => [key, lasting(inner)])
  )
}

function say(text: string): Message {
  const message = { messageId: crypto.randomUUID(), role: a2a.Role.USER, parts: [{ content: { case: 'text' as const, value: text } }] }
  return create(a2a.SendMessageRequestSchema, { message })
}

async function collect(answers: AsyncIterable<Message>, schema: DescMessage): Promise<JsonValue[]> {
  const all: JsonValue[] = []
  for await (const answer of answers) all.push(lasting(toJson(schema, answer)))
  return all
}

async function failure(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'none',
    (thrown: unknown) => toHansaError(thrown).code
  )
}

const WORK = {
  unary: (invoke: Invoke) => collect(invoke(operations.SendMessage, say('hello')), a2a.SendMessageResponseSchema),
  streaming: (invoke: Invoke) => collect(invoke(operations.SendStreamingMessage, say('3')), a2a.StreamResponseSchema),
  async cancel(invoke: Invoke) {
    const events = invoke(operations.SendStreamingMessage, say('wait'))[Symbol.asyncIterator]()
    const first = (await events.next()).value as a2a.StreamResponse
    const { payload } = first
    const id = payload.case === 'task' ? payload.value.id : payload.case === 'statusUpdate' ? payload.value.taskId : ''
    assert.notEqual(id, '', `no task: ${payload.case ?? 'nothing'}`)
    const [task] = await collect(invoke(operations.CancelTask, create(a2a.CancelTaskRequestSchema, { id })), a2a.TaskSchema)
    let last = first
    for (let next = await events.next(); !next.done; next = await events.next()) last = next.value as a2a.StreamResponse
    // How much of an answer there was before the end is a matter of time.
    const { artifacts: _, ...ended } = task as JsonObject
    return [ended, lasting(toJson(a2a.StreamResponseSchema, last))]
  },
  async error(invoke: Invoke) {
    const unknown = create(a2a.GetTaskRequestSchema, { id: '7d444840-9dc0-11d1-b245-5ffdce74fad2' })
    return [await failure(collect(invoke(operations.GetTask, unknown), a2a.TaskSchema))]
  }
} satisfies Record<string, (invoke: Invoke) => Promise<JsonValue[]>>
const KINDS = Object.keys(WORK) as (keyof typeof WORK)[]

/** Dual translation of protocols (draft 2.5, 3.3.2): whatever the caller speaks and whatever the agent speaks, the results are those of a direct call. */
describe('every protocol in, every protocol out, through two gateways', function () {
  this.timeout(60_000)
  let world: World
  let folder: string
  let plain: Server
  const direct = new Map<Target, Invoke>()
  const callers = new Map<Caller, (handle: string) => Invoke>()
  const closing: (() => Promise<unknown> | void)[] = []
  const waiting = waiter()
  const results = new Map<string, boolean>()
  const all: AgentExecutor = {
    execute(context, bus) {
      const text = textOf(context.userMessage)
      return (/^\d/.test(text) ? counter : text === 'wait' ? waiting : echo).execute(context, bus)
    },
    cancelTask: (taskId, bus) => waiting.cancelTask(taskId, bus)
  }

  /** A plain service: knows neither agents nor tasks. */
  function servePlain(): Server {
    return createServer((request, response) => {
      let body = ''
      request.on('data', (piece: Buffer) => (body += piece.toString()))
      request.on('end', (): void => {
        const [, what, count = '0'] = (request.url ?? '').split('/')
        if (what === 'echo') {
          response.setHeader('content-type', 'application/json').end(JSON.stringify({ heard: (JSON.parse(body) as { say: string }).say }))
          return
        }
        response.setHeader('content-type', 'application/x-ndjson')
        for (let index = 0; index < Number(count); index++) response.write(`${JSON.stringify({ delta: `${index} ` })}\n`)
        if (what === 'count') response.end()
        else response.write('{"delta":"wait"}\n')
      })
    })
  }

  const options = (principal: string) => ({ signal: AbortSignal.timeout(20_000), extensions: [], principal })

  function over(transport: AgentTransport, face: AgentFace): Invoke {
    return (operation, request) => transport.invoke(face, operation, request, options('spiffe://north.example/agw/hub'))
  }

  /** A node of the network as a caller. */
  function native(node: HansaNode, handle: string): Invoke {
    return async function* (operation, request) {
      const name: OperationName = operation.name
      if (name === 'SendStreamingMessage') yield* node.swarm.stream(handle, { request: request as a2a.SendMessageRequest })
      else yield await node.swarm.invoke(handle, name, operation.response, request)
    }
  }

  async function file(name: string, content: string): Promise<string> {
    const path = join(folder, name)
    await writeFile(path, content)
    return pathToFileURL(path).href
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hansa-matrix-'))
    world = await foundWorld()
    const { net, north, south, northGateway, southGateway } = world
    plain = servePlain()
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
    const service = `http://127.0.0.1:${(plain.address() as AddressInfo).port}`
    const [rpc, rest, grpc, broker] = [
      await bindSdkAgent('JSONRPC', '1.0', all),
      await bindSdkAgent('HTTP+JSON', '1.0', all),
      await serveGrpc(all),
      southGateway.ingress()?.replace('http:', 'mqtt:') ?? ''
    ]
    const mqtt = await serveMqtt(all, broker, 'south.example/local/mqtt')
    closing.push(
      () => rpc.close(),
      () => rest.close(),
      () => grpc.close(),
      () => mqtt.close()
    )
    const mapping = await file(
      'mapping.yaml',
      [
        'timeout: 30s',
        "http: { url: /echo, body: { say: '{{/text}}' }, response: { text: '{{/heard}}' } }",
        'skills:',
        "  count: { match: '^[0-9]+$', http: { url: '/count/{{/text}}', method: GET, stream: { format: lines, text: /delta } } }",
        "  wait: { match: '^wait$', http: { url: /wait, method: GET, stream: { format: lines, text: /delta } } }"
      ].join('\n')
    )
    const cards: Record<Exclude<Target, 'libp2p'>, string> = {
      'JSON-RPC': rpc.card,
      REST: rest.card,
      gRPC: await file('grpc.json', JSON.stringify(cardOf(grpc.url, 'GRPC'))),
      MQTT: await file('mqtt.json', JSON.stringify(cardOf(mqtt.url, 'MQTTv5+JSONRPCv2'))),
      'custom HTTP': await file('plain.json', JSON.stringify(cardOf(`${service}/`, 'urn:hansa:binding:http')))
    }
    const clients = new Map<Target, AgentClient>()
    for (const [target, card] of Object.entries(cards) as [Exclude<Target, 'libp2p'>, string][])
      clients.set(target, await createAgentClient(card, target === 'custom HTTP' ? await loadMapping(new URL(mapping).pathname) : undefined))
    for (const [target, client] of clients) {
      direct.set(target, (operation, request) => client.invoke(operation, request, options('spiffe://north.example/agw/hub')))
      closing.push(() => client.close?.())
      await net.agent(south, NAMES[target], { client, capabilities: ['test/all'] })
    }
    await net.agent(south, NAMES.libp2p, {
      capabilities: ['test/all'],
      handler: (_message, { text, signal }) => {
        if (/^\d/.test(text)) return pieces(Number(text))
        return text === 'wait' ? forever(signal) : text
      }
    })
    const neighbour = await net.agent(south, 'neighbour', { capabilities: ['test/ask'] })
    direct.set('libp2p', native(neighbour.node, 'native@south.example'))
    const asker = await net.agent(north, 'asker', { capabilities: ['test/ask'] })
    await until('all are reachable', () => applicable(northGateway).filter((handle) => handle.endsWith('south.example')).length === 7, 20_000)

    const base = northGateway.ingress() ?? ''
    const { host } = new URL(base)
    const transports = {
      rpc: createJsonRpcTransport(),
      rest: createRestTransport(),
      grpc: createGrpcTransport(),
      mqtt: createMqttTransport({ clock: systemClock })
    }
    closing.push(
      () => transports.grpc.close?.(),
      () => transports.mqtt.close()
    )
    const face = (url: string, binding: string, tenant = ''): AgentFace => ({ url: new URL(url), binding, version: '1.0', tenant })
    callers.set('JSON-RPC', (handle) => over(transports.rpc, face(`${base}/agents/${handle}/jsonrpc`, 'JSONRPC')))
    callers.set('REST', (handle) => over(transports.rest, face(`${base}/agents/${handle}/rest`, 'HTTP+JSON')))
    callers.set('gRPC', (handle) => over(transports.grpc, face(`grpc://${host}`, 'GRPC', handle)))
    callers.set('MQTT', (handle) => over(transports.mqtt, face(`mqtt://${host}/${handle.split('@').reverse().join('/agent/')}`, 'MQTTv5+JSONRPCv2')))
    callers.set('libp2p', (handle) => native(asker.node, handle))
  })

  after(async () => {
    waiting.finish()
    for (const close of closing.reverse()) await Promise.resolve(close()).catch(() => undefined)
    await world.net.stop()
    plain.close()
    plain.closeAllConnections()
    await rm(folder, { recursive: true, force: true })
    console.log(table(results))
  })

  for (const target of TARGETS)
    for (const caller of CALLERS)
      for (const kind of KINDS)
        it(`${caller} to ${target}: ${kind}`, async () => {
          const key = `${caller} ${target} ${kind}`
          results.set(key, false)
          const [straight, through] = [direct.get(target), callers.get(caller)?.(`${NAMES[target]}@south.example`)]
          assert.ok(straight !== undefined && through !== undefined)
          const wanted = await WORK[kind](straight)
          const got = await WORK[kind](through)
          assert.deepEqual(got, wanted)
          assert.ok(wanted.length > 0 && (kind !== 'error' || wanted[0] === 'TASK_NOT_FOUND'), JSON.stringify(wanted))
          results.set(key, true)
        })
})

async function* pieces(count: number): AsyncGenerator<string, void, undefined> {
  for (let index = 0; index < count; index++) yield `${index} `
}

async function* forever(signal: AbortSignal): AsyncGenerator<string, void, undefined> {
  yield 'wait'
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

/** One row for each caller, one column for each target: u(nary) s(treaming) c(ancel) e(rror), a dash for what did not hold. */
function table(results: ReadonlyMap<string, boolean>): string {
  const cell = (caller: string, target: string): string => KINDS.map((kind) => (results.get(`${caller} ${target} ${kind}`) === true ? kind[0] : '-')).join('')
  const rows = CALLERS.map((caller) => [caller, ...TARGETS.map((target) => cell(caller, target))])
  const lines = [['in \\ out', ...TARGETS], ...rows].map((row) => row.map((text) => text.padEnd(11)).join(' '))
  return `\n${lines.join('\n')}\n(u unary, s streaming, c cancel, e error: as a direct call)`
}
