import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { create, type Message } from '@bufbuild/protobuf'
import { createGrpcTransport } from '../../src/adapters/grpc/grpc-transport.ts'
import { pickFace } from '../../src/adapters/http/agent-interface.ts'
import { createJsonRpcTransport } from '../../src/adapters/http/jsonrpc-transport.ts'
import { createRestTransport } from '../../src/adapters/http/rest-transport.ts'
import { createMqttTransport } from '../../src/adapters/mqtt/agent-transport.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { createAgentClient } from '../../src/node/agent-clients.ts'
import type { HansaNode } from '../../src/node/hansa-node.ts'
import { loadMapping } from '../../src/node/mapping/mapping-file.ts'
import type { TestnetOptions } from '../../src/node/testnet.ts'
import type { AgentClient, AgentFace, AgentTransport } from '../../src/ports/agent-client.ts'
import * as a2a from '../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { Operation, OperationName } from '../../src/wire/operations.ts'
import { versatile } from '../fixtures/agents/versatile.ts'
import { applicable, foundWorld } from './draft-world.ts'
import { bindSdkAgent } from './sdk-bindings.ts'
import { cardOf, serveGrpc, serveMqtt } from './sdk-servers.ts'
import { until } from './until.ts'

export const CALLERS = ['JSON-RPC', 'REST', 'gRPC', 'MQTT', 'libp2p'] as const
export const TARGETS = [...CALLERS, 'custom HTTP'] as const
export type Caller = (typeof CALLERS)[number]
export type Target = (typeof TARGETS)[number]
/** Who calls one agent in one way. */
export type Invoke = (operation: Operation, request: Message) => AsyncIterable<Message>

export const NAMES: Readonly<Record<Target, string>> = { 'JSON-RPC': 'rpc', REST: 'rest', gRPC: 'grpc', MQTT: 'mqtt', libp2p: 'native', 'custom HTTP': 'plain' }

export function say(text: string): Message {
  const message = { messageId: crypto.randomUUID(), role: a2a.Role.USER, parts: [{ content: { case: 'text' as const, value: text } }] }
  return create(a2a.SendMessageRequestSchema, { message })
}

/** Two domains whose gateways are interconnected; in the second an agent of each protocol, in the first somebody who speaks each. All in one process. */
export interface MatrixWorld {
  /** To the agent itself, in its own protocol. */
  readonly direct: ReadonlyMap<Target, Invoke>
  /** To an agent (handle) by way of both gateways. */
  readonly callers: ReadonlyMap<Caller, (handle: string) => Invoke>
  stop(): Promise<void>
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

export async function foundMatrix(options_: TestnetOptions = {}): Promise<MatrixWorld> {
  const direct = new Map<Target, Invoke>()
  const callers = new Map<Caller, (handle: string) => Invoke>()
  const closing: (() => Promise<unknown> | void)[] = []
  const agent = versatile()
  const folder = await mkdtemp(join(tmpdir(), 'hansa-matrix-'))
  const world = await foundWorld(options_)
  const file = async (name: string, content: string): Promise<string> => {
    const path = join(folder, name)
    await writeFile(path, content)
    return pathToFileURL(path).href
  }
  const { net, north, south, northGateway, southGateway } = world
  const plain = servePlain()
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
  const service = `http://127.0.0.1:${(plain.address() as AddressInfo).port}`
  const [rpc, rest, grpc, broker] = [
    await bindSdkAgent('JSONRPC', '1.0', agent),
    await bindSdkAgent('HTTP+JSON', '1.0', agent),
    await serveGrpc(agent),
    southGateway.ingress()?.replace('http:', 'mqtt:') ?? ''
  ]
  const mqtt = await serveMqtt(agent, broker, 'south.example/local/mqtt')
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
  // Each goes where the card that the gateway serves of the agent says.
  const served = new Map<string, Uint8Array>()
  for (const name of Object.values(NAMES)) {
    const url = `${base}/agents/${name}@south.example/.well-known/agent-card.json`
    // On a busy machine an agent may have missed a heartbeat just now.
    const card = async (): Promise<Uint8Array | false> => {
      const response = await fetch(url, { headers: { 'a2a-version': '1.0' } })
      return response.ok && new Uint8Array(await response.arrayBuffer())
    }
    served.set(`${name}@south.example`, await until(`the card of ${name}`, card, 20_000))
  }
  const by = (transport: AgentTransport, binding: string) => (handle: string) => {
    const speaks = (face: AgentFace): boolean => face.binding === binding && face.version === '1.0'
    return over(transport, pickFace(served.get(handle) ?? new Uint8Array(), new URL(base), speaks))
  }
  callers.set('JSON-RPC', by(transports.rpc, 'JSONRPC'))
  callers.set('REST', by(transports.rest, 'HTTP+JSON'))
  callers.set('gRPC', by(transports.grpc, 'GRPC'))
  callers.set('MQTT', by(transports.mqtt, 'MQTTv5+JSONRPCv2'))
  callers.set('libp2p', (handle) => native(asker.node, handle))
  return {
    direct,
    callers,
    async stop() {
      agent.finish()
      for (const close of closing.reverse()) await Promise.resolve(close()).catch(() => undefined)
      await world.net.stop()
      plain.close()
      plain.closeAllConnections()
      await rm(folder, { recursive: true, force: true })
    }
  }
}

async function* pieces(count: number): AsyncGenerator<string, void, undefined> {
  for (let index = 0; index < count; index++) yield `${index} `
}

async function* forever(signal: AbortSignal): AsyncGenerator<string, void, undefined> {
  yield 'wait'
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
