import { Socket } from 'node:net'
import mqtt, { type IClientPublishOptions, type IPublishPacket, type MqttClient } from 'mqtt'
import type { Principal } from '../../ports/gateway-door.ts'
import type { Log } from '../../ports/log.ts'
import { HansaError } from '../../schema/errors.ts'
import { ALL_REQUESTS, replyRoot } from '../../wire/binding/mqtt-topics.ts'
import { brokerOf } from './broker-url.ts'
import { watchUnread, type WasUnread } from './unread-messages.ts'
import { type MqttRequest, publishProperties, type ReplyPath } from './mqtt-request.ts'

export interface ExternalSettings {
  /** mqtt: or mqtts: URL. */
  readonly url: URL
  readonly username?: string
  readonly password?: string
}

export interface ExternalBroker {
  /** Resolves at once: the connection comes when the broker does. */
  start(): void
  publishCard(topic: string, card: string): Promise<void>
  close(): Promise<void>
}

/** First wait before connecting again, doubled each time up to the last, in milliseconds. */
const RECONNECT_MS = { first: 500, last: 30_000 }

const CONNECT_TIMEOUT_MS = 10_000
const KEEP_ALIVE_S = 30
const MAX_PACKET = 16 * 1024 * 1024 + 64 * 1024

/** Messages that the broker may have on the way to us. */
const RECEIVE_MAXIMUM = 1_024

/**
 * The door at a broker that the operator runs and named in the settings. The broker says who may publish requests and who reads which replies; MQTT does not tell us who
 * published a message, so all requests come as the gateway itself. A broker that lets strangers in lets them call as this gateway.
 */
export function createExternalBroker(
  deps: {
    readonly log: Log
    readonly self: () => Principal | undefined
    readonly handle: (request: MqttRequest) => void
    /** Called each time the connection is there; the broker may have forgotten what was retained. */
    readonly onConnect: () => void
  },
  settings: ExternalSettings
): ExternalBroker {
  const broker = brokerOf(settings.url)
  let client: MqttClient | undefined
  let wasUnread: WasUnread = () => false
  let life = new AbortController()

  function principal(): Principal {
    const self = deps.self()
    if (self === undefined) throw new HansaError('OVERLOADED', 'the gateway has no certificate yet')
    return self
  }

  /** Only reply topics: a requester could have us write anywhere else, to other agents too. */
  function replyPath(topic: string): ReplyPath {
    if (replyRoot(topic) === undefined || /[+#]/.test(topic))
      throw new HansaError('PERMISSION_DENIED', 'the Response Topic is not a reply topic of the profile')
    const gone = new AbortController()
    const signal = AbortSignal.any([gone.signal, life.signal])
    return {
      signal,
      async send(payload, properties) {
        // One at a time: its acknowledgement says that the broker keeps up.
        const read = await publish(topic, payload, { qos: 1, properties: publishProperties(properties) })
        if (read) return
        gone.abort()
        throw new HansaError('CONNECTION_LOST', 'nobody reads the Response Topic any more')
      }
    }
  }

  /** False when the broker says that nobody reads it. */
  async function publish(topic: string, payload: string, options: IClientPublishOptions): Promise<boolean> {
    const ready = client
    if (ready?.connected !== true) throw new HansaError('CONNECTION_LOST', 'the broker is not connected')
    return !wasUnread(await ready.publishAsync(topic, payload, options))
  }

  function take(topic: string, payload: Buffer, packet: IPublishPacket): void {
    // A retained request was not made now.
    if (packet.retain) return
    deps.handle({
      principal,
      requester: '',
      topic,
      payload,
      properties: packet.properties ?? {},
      replyTo: replyPath
    })
  }

  return {
    start() {
      const made = mqtt.connect(broker, {
        protocolVersion: 5,
        clean: true,
        keepalive: KEEP_ALIVE_S,
        connectTimeout: CONNECT_TIMEOUT_MS,
        reconnectPeriod: RECONNECT_MS.first,
        reconnectOnConnackError: true,
        resubscribe: false,
        queueQoSZero: false,
        username: settings.username,
        password: settings.password,
        properties: { receiveMaximum: RECEIVE_MAXIMUM, maximumPacketSize: MAX_PACKET }
      })
      client = made
      wasUnread = watchUnread(made)
      made.on('connect', () => {
        made.options.reconnectPeriod = RECONNECT_MS.first
        if (made.stream instanceof Socket) made.stream.setNoDelay(true)
        deps.log.info({ broker }, 'connected to the MQTT broker')
        made.subscribe(ALL_REQUESTS, { qos: 1 }, (error) => {
          if (error !== null && error !== undefined) deps.log.warn({ broker, why: error.message }, 'the MQTT broker does not let us read requests')
          else deps.onConnect()
        })
      })
      made.on('message', take)
      made.on('error', (error) => deps.log.warn({ broker, why: error.message }, 'the MQTT broker cannot be used'))
      made.on('close', () => {
        made.options.reconnectPeriod = Math.min((made.options.reconnectPeriod ?? RECONNECT_MS.first) * 2, RECONNECT_MS.last)
        life.abort(new HansaError('CONNECTION_LOST', 'the connection to the broker was lost'))
        life = new AbortController()
      })
    },
    async publishCard(topic, card) {
      const userProperties = { 'a2a-status': 'online', 'a2a-status-source': 'agent' }
      await publish(topic, card, { qos: 1, retain: true, properties: { contentType: 'application/a2a-agent-card+json', userProperties } })
    },
    async close() {
      life.abort(new HansaError('CANCELED', 'the gateway stops'))
      await client?.endAsync(true)
      client?.removeAllListeners()
      client = undefined
    }
  }
}
