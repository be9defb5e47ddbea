import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import type { JsonObject } from '@bufbuild/protobuf'
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import mqtt, { type MqttClient } from 'mqtt'
import { createGrpcDoor } from '../../src/adapters/grpc/grpc-door.ts'
import { createIngress } from '../../src/adapters/http/ingress.ts'
import { createIdentify } from '../../src/adapters/ingress/identify.ts'
import { createPort } from '../../src/adapters/ingress/port.ts'
import { createMqttDoor } from '../../src/adapters/mqtt/mqtt-door.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import type { Log } from '../../src/ports/log.ts'
import { GRPC_BINDINGS } from '../../src/wire/binding/a2a-grpc.ts'
import { requestFromJson } from '../../src/wire/binding/a2a-json.ts'
import type { A2aVersion } from '../../src/wire/binding/a2a-version.ts'
import { operations } from '../../src/wire/operations.ts'
import { FakeDoor } from '../integration/http/fake-door.ts'
import { seededRandom } from '../support/memory/random.ts'
import { mutate } from './mutate.ts'

const SELF = { spiffeId: 'spiffe://north.example/agw/gw1', domain: 'north.example' }
const HANDLE = 'flight@north.example'
const REQUEST = '$a2a/v1/request/north.example/agent/flight'

/** What came of one binding's share of the inputs. */
export interface DoorOutcome {
  readonly name: string
  readonly runs: number
  /** Inputs answered with an error of the binding's own form. */
  readonly refused: number
  /** Inputs that were good requests all the same. */
  readonly served: number
  readonly failure?: string
}

/** One input sent over one connection; what came back says which. */
type Verdict = 'refused' | 'served'
interface Way {
  readonly name: string
  /** Its part of all inputs. */
  readonly share: number
  readonly corpus: readonly Uint8Array[]
  readonly lanes: number
  /** Opens a lane: sends one input at a time. */
  open(port: number): Promise<{ send(input: Uint8Array): Promise<Verdict>; close(): Promise<void> | void }>
}

/**
 * Malformed requests at the real doors of a gateway, over real sockets of one port: each must be answered in the way of its own binding; a good request of the same binding goes
 * through in between on a connection of its own, so a door that dies, hangs or lets one client disturb another is seen.
 */
export async function fuzzDoors(runs: number, seed: number): Promise<DoorOutcome[]> {
  const gateway = await openGateway()
  const outcomes: DoorOutcome[] = []
  try {
    for (const way of WAYS) outcomes.push(await fuzzWay(way, gateway, Math.max(1, Math.round(runs * way.share)), seed))
  } finally {
    await gateway.stop()
  }
  return outcomes
}

async function fuzzWay(way: Way, gateway: Gateway, runs: number, seed: number): Promise<DoorOutcome> {
  const random = seededRandom(seed)
  // A slice of a Buffer is the Buffer itself, and changing one would change all that follow.
  const corpus = way.corpus.map((input) => Uint8Array.from(input))
  const pick = (): Uint8Array => corpus[Math.floor(random() * corpus.length)] ?? new Uint8Array()
  let left = runs
  let [refused, served] = [0, 0]
  let failure: string | undefined
  const witness = await way.open(gateway.port)
  const good = corpus[0] ?? new Uint8Array()

  // One at a time, however many lanes ask.
  let looking: Promise<void> = Promise.resolve()
  function lookAround(): Promise<void> {
    return (looking = looking.then(async () => {
      const verdict = await witness.send(good).catch((error: unknown) => String(error))
      if (verdict !== 'served') failure ??= `a good request on another connection was not served: ${verdict}`
    }))
  }

  async function lane(): Promise<void> {
    const open = await way.open(gateway.port)
    try {
      while (left-- > 0 && failure === undefined) {
        const input = mutate(pick(), pick(), random)
        try {
          if ((await open.send(input)) === 'refused') refused++
          else served++
        } catch (error) {
          failure ??= `${error instanceof Error ? error.message : String(error)}; input ${Buffer.from(input).toString('hex').slice(0, 2_000)}`
        }
        if (left % 500 === 0) await lookAround()
      }
    } finally {
      await open.close()
    }
  }
  await Promise.all(Array.from({ length: way.lanes }, lane))
  await witness.close()
  return { name: way.name, runs, refused, served, ...(failure === undefined ? {} : { failure }) }
}

const bytes = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
const hello: JsonObject = {
  message: { messageId: 'm', role: 'ROLE_USER', parts: [{ text: 'hello' }, { data: { nights: 2 } }], metadata: { 'urn:x': [1, null] } }
}
const rpc = (method: string, params: object): Uint8Array => bytes({ jsonrpc: '2.0', id: 1, method, params })

function httpWay(
  name: string,
  share: number,
  path: string,
  corpus: readonly Uint8Array[],
  ownForm: (body: { error?: { code?: unknown; details?: unknown; data?: unknown } }) => boolean
): Way {
  return {
    ...{ name, share, corpus, lanes: 8 },
    open(port) {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      return Promise.resolve({
        send: (input) =>
          new Promise((resolve, reject) => {
            const headers = { 'content-type': 'application/json', 'a2a-version': '1.0', 'content-length': input.length }
            const call = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent, timeout: 10_000 }, (response) => {
              let text = ''
              response.setEncoding('utf8').on('data', (piece: string) => (text += piece))
              response.on('end', () => {
                try {
                  const body = JSON.parse(text.replace(/^data: /, '')) as Parameters<typeof ownForm>[0]
                  if (body.error === undefined) return resolve('served')
                  if (!ownForm(body)) return reject(new Error(`an error in another form: ${text.slice(0, 200)}`))
                  resolve('refused')
                } catch {
                  reject(new Error(`HTTP ${response.statusCode}: ${text.slice(0, 200)}`))
                }
              })
            })
            call.on('timeout', () => call.destroy(new Error('no answer within 10 s')))
            call.on('error', reject)
            call.end(input)
          }),
        close: () => agent.destroy()
      })
    }
  }
}

function grpcWay(name: string, share: number, version: A2aVersion): Way {
  const a2a = GRPC_BINDINGS[version]
  const { SendMessage } = operations
  return {
    ...{ name, share, corpus: [a2a.renderRequest(SendMessage, requestFromJson(SendMessage, hello), HANDLE)], lanes: 4 },
    open(port) {
      const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
      const metadata = new Metadata()
      metadata.set('a2a-version', version)
      // Where the message has no place for it.
      metadata.set('x-hansa-agent', HANDLE)
      const same = (message: Uint8Array): Buffer => Buffer.from(message)
      return Promise.resolve({
        send: (input) =>
          new Promise((resolve, reject) => {
            const done = (error: ServiceError | null): void => {
              if (error === null) return resolve('served')
              // Nothing of what a client sends may look like a failure of the gateway's own.
              if (
                error.code === status.UNKNOWN ||
                error.code === status.INTERNAL ||
                error.code === status.UNAVAILABLE ||
                error.code === status.DEADLINE_EXCEEDED
              )
                return reject(new Error(`gRPC ${error.code}: ${error.details}`))
              resolve('refused')
            }
            client.makeUnaryRequest(a2a.path(SendMessage), same, (answer) => answer, input, metadata, { deadline: Date.now() + 10_000 }, done)
          }),
        close: () => client.close()
      })
    }
  }
}

const WAYS: readonly Way[] = [
  httpWay(
    'JSON-RPC',
    0.35,
    `/agents/${HANDLE}/jsonrpc`,
    [
      rpc('SendMessage', hello),
      rpc('GetTask', { id: 't' }),
      rpc('ListTasks', { pageSize: 3 }),
      rpc('CreateTaskPushNotificationConfig', { taskId: 't', url: 'https://x.example/' })
    ],
    ({ error }) => typeof error?.code === 'number' && Array.isArray(error.data)
  ),
  httpWay('HTTP+JSON', 0.35, `/agents/${HANDLE}/rest/message:send`, [bytes(hello), bytes({ ...hello, configuration: { historyLength: 1 } })], ({ error }) =>
    Array.isArray(error?.details)
  ),
  grpcWay('gRPC', 0.1, '1.0'),
  grpcWay('gRPC 0.3', 0.05, '0.3'),
  {
    ...{ name: 'MQTT', share: 0.13, corpus: [rpc('SendMessage', hello), rpc('GetTask', { id: 't' })], lanes: 4 },
    async open(port) {
      const id = `fuzz${Math.trunc(performance.now() * 1000)}${process.hrtime.bigint() % 1000n}`
      const client: MqttClient = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5, clientId: id, reconnectPeriod: 0 })
      const topic = `$a2a/v1/reply/north.example/agent/${id}/1`
      await client.subscribeAsync(topic, { qos: 0 })
      let serial = 0
      let waiting: ((payload: Buffer) => void) | undefined
      client.on('message', (_topic, payload, packet) => {
        if (packet.properties?.correlationData?.toString() === `${id} ${serial}`) waiting?.(payload)
      })
      return {
        send: (input) =>
          new Promise((resolve, reject) => {
            serial++
            const late = setTimeout(() => reject(new Error('no answer within 10 s')), 10_000)
            waiting = (payload) => {
              clearTimeout(late)
              const body = JSON.parse(payload.toString()) as { error?: { code?: unknown } }
              if (body.error === undefined) resolve('served')
              else if (typeof body.error.code === 'number') resolve('refused')
              else reject(new Error(`an error in another form: ${payload.toString().slice(0, 200)}`))
            }
            client.publish(REQUEST, Buffer.from(input), { properties: { responseTopic: topic, correlationData: Buffer.from(`${id} ${serial}`) } })
          }),
        close: () => client.endAsync(true)
      }
    }
  },
  {
    ...{ name: 'first bytes', share: 0.02, lanes: 64 },
    corpus: [
      Buffer.from('GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n'),
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1'),
      Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0]),
      Buffer.from([0x10, 0x0f, 0, 4, 0x4d, 0x51, 0x54, 0x54, 5, 2, 0, 60, 0, 0, 2, 0x61, 0x62])
    ],
    open: (port) =>
      Promise.resolve({
        send: (input) =>
          new Promise((resolve, reject) => {
            let answer = ''
            const socket = connect(port, '127.0.0.1', () => socket.write(input))
            // A half-closed connection is cut at once by Node's HTTP server.
            setTimeout(() => socket.end(), 400)
            socket.setTimeout(15_000, () => socket.destroy(new Error('a connection that says no more is kept open')))
            socket.on('data', (piece: Buffer) => (answer += piece.toString('latin1')))
            // A reset is an answer, too.
            socket.on('error', (error) => ('code' in error ? resolve('refused') : reject(error)))
            socket.on('close', () => resolve(answer.includes(' 200 ') ? 'served' : 'refused'))
          }),
        close: () => undefined
      })
  }
]

interface Gateway {
  readonly port: number
  stop(): Promise<void>
}

/** Every door behind one port, with an agent that answers whatever comes through. */
async function openGateway(): Promise<Gateway> {
  const log: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined, child: () => log }
  const door = new FakeDoor()
  // The calls of a million inputs are not to be remembered.
  door.calls.push = () => 0
  door.admitted.push = () => 0
  const check = (): void => undefined
  const clock = systemClock
  const identify = createIdentify({ self: () => SELF, clients: 'loopback', check })
  const common = { door, clock, log, identify, self: () => SELF }
  let base = ''
  const http = createIngress({ ...common, base: () => base, announced: false, proxies: [], offers: [], signer: () => undefined, version: '0', drainMs: 0 })
  const grpc = createGrpcDoor(common)
  const broker = createMqttDoor({ ...common, broker: 'embedded', serve: () => '{}' })
  const port = createPort({
    ...{ clock, log, check, listen: '127.0.0.1:0' },
    acceptors: {
      http1: (socket, client) => http.accept(socket, client),
      http2: (socket, client) => grpc.accept(socket, client),
      mqtt: (socket, client) => broker.accept(socket, client)
    }
  })
  await http.start()
  base = await port.start()
  await broker.start()
  return {
    port: Number(new URL(base).port),
    async stop() {
      await port.refuse()
      await Promise.all([http.stop(), grpc.stop(), broker.stop()])
      port.close()
    }
  }
}
