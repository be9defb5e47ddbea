import { randomUUID } from 'node:crypto'
import { Socket } from 'node:net'
import mqtt, { type MqttClient } from 'mqtt'
import type { Clock } from '../../ports/clock.ts'
import { HansaError } from '../../schema/errors.ts'
import { formatTopic, type MqttAddress } from '../../wire/binding/mqtt-topics.ts'
import { watchUnread } from './unread-messages.ts'
import { createReplyQueue, type ReplyQueue } from './reply-queue.ts'

/** User name and password for a broker, where it asks for them. */
export interface BrokerCredentials {
  readonly username?: string
  readonly password?: string
}

/** One connection to a broker, for calls to the agents there. */
export interface BrokerConnection {
  /** Reads the reply topic of this requester below the agent's. Throws AGENT_UNREACHABLE when the broker does not allow it. */
  openReplies(agent: MqttAddress): Promise<string>
  /** Publishes one attempt. Throws AGENT_UNREACHABLE when the broker refuses it or says that nobody reads it. */
  publish(
    topic: string,
    payload: string,
    options: { readonly replyTo: string; readonly correlation: string; readonly userProperties: Record<string, string> }
  ): Promise<void>
  /** Replies with this Correlation Data go to the queue. */
  expect(correlation: string, queue: ReplyQueue): void
  forget(correlation: string): void
  makeQueue(): ReplyQueue
  /** Calls that wait for replies. */
  readonly busy: boolean
  readonly closed: boolean
  close(): Promise<void>
}

const CONNECT_TIMEOUT_MS = 5_000
const KEEP_ALIVE_S = 30
const MAX_PACKET = 16 * 1024 * 1024 + 64 * 1024
const RECEIVE_MAXIMUM = 256

/** How long one slow reader may hold up the replies to all others on the connection, in milliseconds. */
const HOLD_MS = 5_000

/** Throws AGENT_UNREACHABLE. */
export async function connectBroker(broker: string, clock: Clock, credentials: BrokerCredentials, onClose: () => void): Promise<BrokerConnection> {
  let client: MqttClient
  try {
    client = await mqtt.connectAsync(
      broker,
      {
        protocolVersion: 5,
        clean: true,
        clientId: `hansa-${randomUUID()}`,
        keepalive: KEEP_ALIVE_S,
        connectTimeout: CONNECT_TIMEOUT_MS,
        // A call that lost its connection fails; the next one connects.
        reconnectPeriod: 0,
        queueQoSZero: false,
        properties: { receiveMaximum: RECEIVE_MAXIMUM, maximumPacketSize: MAX_PACKET },
        ...credentials
      },
      false
    )
  } catch (cause) {
    throw unreachable(`no MQTT broker answers at ${broker}`, cause)
  }
  if (client.stream instanceof Socket) client.stream.setNoDelay(true)

  const wasUnread = watchUnread(client)
  const queues = new Map<string, ReplyQueue>()
  const replyTopics = new Map<string, Promise<string>>()
  const requester = randomUUID()
  let closed = false

  client.on('error', () => undefined)
  client.on('close', () => {
    if (closed) return
    closed = true
    for (const queue of queues.values()) queue.fail(unreachable(`the connection to ${broker} was lost`))
    queues.clear()
    onClose()
  })
  // In place of the 'message' event, for this can hold the connection until the reply has room.
  client.handleMessage = (packet, done) => {
    const correlation = packet.properties?.correlationData?.toString('utf8')
    const queue = correlation === undefined ? undefined : queues.get(correlation)
    // An answer to nobody, or to a call that is over.
    if (queue === undefined || packet.retain) return done()
    queue.push(typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload)
    if (!queue.full) return done()
    const cancel = clock.after(HOLD_MS, () => queue.fail(new HansaError('OVERLOADED', 'the replies of the agent are not read')))
    void queue.drained().then(() => {
      cancel()
      done()
    })
  }

  async function subscribe(topic: string): Promise<string> {
    try {
      await client.subscribeAsync(topic, { qos: 1 })
      return topic
    } catch (cause) {
      throw unreachable(`the broker ${broker} does not let us read ${topic}`, cause)
    }
  }

  return {
    openReplies(agent) {
      const topic = formatTopic('reply', agent, requester)
      let opened = replyTopics.get(topic)
      if (opened === undefined) {
        opened = subscribe(topic)
        replyTopics.set(topic, opened)
        opened.catch(() => replyTopics.delete(topic))
      }
      return opened
    },
    async publish(topic, payload, { replyTo, correlation, userProperties }) {
      const properties = {
        responseTopic: replyTo,
        correlationData: Buffer.from(correlation),
        contentType: 'application/json',
        payloadFormatIndicator: true,
        userProperties
      }
      try {
        const packet = await client.publishAsync(topic, payload, { qos: 1, properties })
        if (!wasUnread(packet)) return
      } catch (cause) {
        throw unreachable(`the broker ${broker} does not take a request for ${topic}`, cause)
      }
      throw unreachable(`nobody reads ${topic} at ${broker}`)
    },
    expect: (correlation, queue) => void queues.set(correlation, queue),
    forget: (correlation) => void queues.delete(correlation),
    makeQueue: () => createReplyQueue((ms, fn) => clock.after(ms, fn)),
    get busy() {
      return queues.size > 0
    },
    get closed() {
      return closed
    },
    async close() {
      closed = true
      for (const queue of queues.values()) queue.fail(new HansaError('CANCELED', 'the connection is closed'))
      await client.endAsync(true).catch(() => undefined)
    }
  }
}

function unreachable(message: string, cause?: unknown): HansaError {
  return new HansaError('AGENT_UNREACHABLE', message, {}, cause)
}
