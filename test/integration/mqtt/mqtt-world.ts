import { createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { randomUUID } from 'node:crypto'
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt'
import type { EmbeddedBounds } from '../../../src/adapters/mqtt/embedded-broker.ts'
import { createMqttDoor, type MqttDoor } from '../../../src/adapters/mqtt/mqtt-door.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import type { ClientFacts, Principal } from '../../../src/ports/gateway-door.ts'
import { HansaError } from '../../../src/schema/errors.ts'
import { MemoryLog } from '../../support/memory/memory-log.ts'
import { FakeDoor } from '../http/fake-door.ts'

export const SELF = { spiffeId: 'spiffe://north.example/agw/gw1', domain: 'north.example' }
export const FLIGHT = '$a2a/v1/request/north.example/agent/flight'

/** The ingress port of a gateway whose clients are who a test says. */
export class MqttWorld {
  readonly fake = new FakeDoor()
  readonly log = new MemoryLog()
  readonly sockets = new Set<Socket>()
  readonly #clients: MqttClient[] = []
  /** Who the next connections are; undefined is nobody. */
  who: string | undefined = SELF.spiffeId
  port = 0
  door: MqttDoor
  #server: Server

  constructor(broker: 'embedded' | URL = 'embedded', bounds: EmbeddedBounds = {}) {
    this.door = createMqttDoor({
      door: this.fake,
      clock: systemClock,
      log: this.log,
      identify: (client) => this.#identify(client),
      self: () => SELF,
      serve: (card) => new TextDecoder().decode(card),
      broker,
      bounds,
      discovery: { everyMs: 50 }
    })
    this.#server = createServer((socket) => {
      this.sockets.add(socket)
      socket.on('close', () => this.sockets.delete(socket))
      socket.on('error', () => undefined)
      this.door.accept(socket, { address: this.who })
    })
  }

  #identify(client: ClientFacts): Principal {
    if (client.address === undefined) throw new HansaError('UNAUTHENTICATED', 'show a certificate')
    return { spiffeId: client.address }
  }

  async start(): Promise<void> {
    await this.door.start()
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.port = (this.#server.address() as AddressInfo).port
  }

  async client(options: IClientOptions = {}): Promise<MqttClient> {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${this.port}`, { protocolVersion: 5, reconnectPeriod: 0, ...options })
    if ('setNoDelay' in client.stream) (client.stream as Socket).setNoDelay(true)
    client.on('error', () => undefined)
    this.#clients.push(client)
    return client
  }

  async stop(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.endAsync(true).catch(() => undefined)))
    await this.door.stop()
    for (const socket of this.sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

export interface Reply {
  readonly json: Record<string, unknown>
  readonly packet: IPublishPacket
}

/** A requester of the profile: its reply topic, its questions, its answers in order. */
export class Requester {
  readonly replies: Reply[] = []
  readonly client: MqttClient
  readonly replyTopic: string
  #wake: () => void = () => undefined

  constructor(client: MqttClient, replyTopic = `$a2a/v1/reply/north.example/people/ada/${randomUUID()}`) {
    this.client = client
    this.replyTopic = replyTopic
    client.on('message', (topic, payload, packet) => {
      if (topic !== this.replyTopic) return
      this.replies.push({ json: payload.length === 0 ? {} : (JSON.parse(payload.toString()) as Record<string, unknown>), packet })
      this.#wake()
    })
  }

  async open(): Promise<this> {
    await this.client.subscribeAsync(this.replyTopic, { qos: 1 })
    return this
  }

  ask(
    body: unknown,
    { topic = FLIGHT, correlation = randomUUID() as string, properties = {} as NonNullable<IPublishPacket['properties']>, qos = 1 as 0 | 1 } = {}
  ) {
    const payload = typeof body === 'string' ? body : JSON.stringify(body)
    return this.client.publishAsync(topic, payload, {
      qos,
      properties: { responseTopic: this.replyTopic, correlationData: Buffer.from(correlation), ...properties }
    })
  }

  /** Waits until so many answers are there. */
  async until(count: number, withinMs = 3_000): Promise<Reply[]> {
    const end = performance.now() + withinMs
    while (this.replies.length < count) {
      const left = end - performance.now()
      if (left <= 0)
        throw new Error(`${this.replies.length} of ${count} answers within ${withinMs} ms: ${JSON.stringify(this.replies.map(({ json }) => json))}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 50))
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    return this.replies
  }
}

export function send(text: string, extra: { method?: string; id?: number | string; message?: object; params?: object } = {}): object {
  return {
    jsonrpc: '2.0',
    id: extra.id ?? 1,
    method: extra.method ?? 'SendMessage',
    params: { message: { messageId: randomUUID(), role: 'ROLE_USER', parts: [{ text }], ...extra.message }, ...extra.params }
  }
}
