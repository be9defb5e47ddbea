import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Aedes, type AedesPublishPacket, type AuthenticateError, type Client } from 'aedes'
import type { Clock } from '../../ports/clock.ts'
import type { ClientFacts, GatewayDoor, Identify, Principal } from '../../ports/gateway-door.ts'
import type { Log } from '../../ports/log.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { kindOfFilter, parseTopic, ROUTED_UNIT } from '../../wire/binding/mqtt-topics.ts'
import { createClientSessions } from './client-sessions.ts'
import { type MqttRequest, publishProperties, type ReplyPath } from './mqtt-request.ts'
import { createTopicAccess } from './topic-access.ts'

export interface EmbeddedBounds {
  /** Clients at the same time, all together and of one principal. */
  readonly clients?: number
  readonly clientsPerPrincipal?: number
  /** Largest packet, in bytes; a body of 16 MiB and what is around it. */
  readonly maxPacket?: number
  /** Messages that one client may send in a second; above it the client waits. */
  readonly messagesPerSecond?: number
}

export interface EmbeddedDeps {
  readonly clock: Clock
  readonly log: Log
  readonly door: GatewayDoor
  readonly identify: Identify
  readonly self: () => { readonly spiffeId: string; readonly domain: string } | undefined
  readonly handle: (request: MqttRequest) => void
}

export interface EmbeddedBroker {
  /** Takes a connection whose first bytes are MQTT's. */
  accept(socket: Duplex, client: ClientFacts): void
  /** Retained; an empty card clears it. */
  publishCard(topic: string, card: string): Promise<void>
  readonly clients: number
  close(): Promise<void>
}

/** What is given to a client that says nothing yet, in bytes and milliseconds: an address book of user properties fits, a body does not. */
const MAX_CONNECT = 64 * 1024
const CONNECT_TIMEOUT_MS = 5_000

/** A client that reads nothing for this long is cut. */
const DRAIN_TIMEOUT_MS = 30_000

/** Longest keep-alive of clients, in seconds; MQTT gives half of it on top. */
const KEEP_ALIVE_S = 300

/** MQTT 3.1.1 return codes; the library turns them into those of MQTT 5. */
const [IDENTIFIER_REJECTED, UNAVAILABLE, NOT_AUTHORIZED] = [2, 3, 5] as const

/**
 * The domain's broker, in this process, behind the one ingress port. MQTT 5, and 3.1.1 with the envelope (wire/binding/mqtt-envelope.ts). Sessions end with their connection:
 * what a client missed it asks for again, so nothing is stored for anybody.
 */
export async function createEmbeddedBroker(deps: EmbeddedDeps, bounds: EmbeddedBounds = {}): Promise<EmbeddedBroker> {
  const { log } = deps
  const maxClients = bounds.clients ?? 1_000
  const access = createTopicAccess<Client>(deps.self)
  const sessions = createClientSessions(
    { ...deps, access },
    { clientsPerPrincipal: bounds.clientsPerPrincipal ?? 250, messagesPerSecond: bounds.messagesPerSecond ?? 5_000 }
  )
  let replies = 0

  function replyPath(requester: Principal, topic: string): ReplyPath {
    const reader = access.reader(topic)
    if (reader === undefined) throw new HansaError('INVALID_ARGUMENT', 'nobody reads the Response Topic: subscribe to it first')
    if (reader.principal.spiffeId !== requester.spiffeId) throw new HansaError('PERMISSION_DENIED', 'the Response Topic belongs to somebody else')
    const { client } = reader
    const session = sessions.get(client)
    if (session === undefined) throw new HansaError('CONNECTION_LOST', 'the reader has gone')
    return {
      signal: session.signal,
      send: (payload, properties) =>
        new Promise((resolve, reject) => {
          const now = access.reader(topic)
          if (now?.client !== client || session.signal.aborted) return reject(new HansaError('CONNECTION_LOST', 'nobody reads the Response Topic any more'))
          const packet = {
            cmd: 'publish' as const,
            topic,
            payload: Buffer.from(payload),
            qos: Math.min(now.qos, 1) as 0 | 1,
            retain: false,
            dup: false,
            // A series of its own: the broker's counter also counts what is on its way to others, and a client drops what seems older than the last.
            brokerId: 'replies',
            brokerCounter: ++replies,
            properties: publishProperties(properties)
          }
          session.signal.addEventListener('abort', lost, { once: true })
          function lost(): void {
            reject(new HansaError('CONNECTION_LOST', 'the reader has gone'))
          }
          client.publish(packet, (error) => {
            session.signal.removeEventListener('abort', lost)
            if (error instanceof Error) lost()
            else resolve()
          })
        })
    }
  }

  const broker = await Aedes.createBroker({
    maximumPacketSize: bounds.maxPacket ?? 16 * 1024 * 1024 + 64 * 1024,
    connectTimeout: CONNECT_TIMEOUT_MS,
    drainTimeout: DRAIN_TIMEOUT_MS,
    keepaliveLimit: KEEP_ALIVE_S,
    // One second is the shortest that the library knows; queues of clients that went away would grow.
    sessionExpiryIntervalLimit: 1,
    pendingSessionsLimit: 1_000,
    receiveMaximum: 1_024,
    maxTopicLevels: 16,
    preConnect(client, packet, done) {
      sessions.review(client, packet.will)
      const principal = sessions.get(client)?.principal
      // Two principals never share a session, whatever they call themselves.
      if (principal !== undefined && packet.clientId !== '') packet.clientId = `${principal.spiffeId} ${packet.clientId}`
      if ((packet.protocolVersion ?? 4) < 5) packet.clean = true
      done(null, true)
    },
    authenticate(client, _username, _password, done) {
      const session = sessions.get(client)
      if (session?.principal !== undefined && session.refusal === undefined && client.id.length < 512) return done(null, true)
      const { refusal } = session ?? {}
      const returnCode = refusal?.code === 'OVERLOADED' ? UNAVAILABLE : refusal === undefined ? IDENTIFIER_REJECTED : NOT_AUTHORIZED
      done(Object.assign(new Error(refusal?.message ?? 'the client identifier is too long'), { returnCode }) as AuthenticateError, false)
    },
    authorizePublish(client, packet, done) {
      if (client === null) return done(null)
      try {
        access.publish(sessions.principalOf(client), packet.topic, { retain: packet.retain === true, size: packet.payload.length })
        const room = sessions.pace(client)
        if (room === undefined) done(null)
        else void room.then(() => done(null))
      } catch (thrown) {
        done(toHansaError(thrown))
      }
    },
    authorizeSubscribe(client, subscription, done) {
      try {
        const principal = sessions.principalOf(client)
        if (kindOfFilter(subscription.topic) === 'discovery') deps.door.admit(principal, 'discovery')()
        access.subscribe(client, principal, subscription.topic, subscription.qos)
        done(null, subscription)
      } catch (thrown) {
        log.debug({ topic: subscription.topic.slice(0, 200), why: toHansaError(thrown).message }, 'a subscription was refused')
        done(null, null)
      }
    },
    authorizeForward: (client, packet) => (sessions.mayAppear(client, packet) ? packet : null),
    published(packet, client, done) {
      done()
      // Null for what the broker itself publishes, whatever the types say.
      const from = client as Client | null
      if (from !== null && isCall(packet)) take(from, packet)
    }
  })

  function isCall(packet: AedesPublishPacket): boolean {
    const topic = parseTopic(packet.topic)
    return topic?.kind === 'request' && topic.unit === ROUTED_UNIT
  }

  function take(client: Client, packet: AedesPublishPacket): void {
    const session = sessions.get(client)
    if (session?.principal === undefined) return
    const { principal } = session
    deps.handle({
      principal: () => sessions.current(client),
      requester: `${principal.spiffeId} ${client.id}`,
      topic: packet.topic,
      payload: Buffer.from(packet.payload),
      properties: packet.properties ?? {},
      replyTo: (topic) => replyPath(principal, topic)
    })
  }

  broker.on('unsubscribe', (filters, client) => {
    // The library tells it of each subscription of a client that goes as well.
    for (const filter of filters) access.unsubscribe(client, filter)
  })
  broker.on('clientError', (client, error) => log.debug({ client: client.id, why: error.message }, 'an MQTT client was refused something'))
  broker.on('connectionError', (_client, error) => log.debug({ why: error.message }, 'an MQTT connection ended before it was one'))
  ;(broker as NodeJS.EventEmitter).on('error', (error: Error) => log.warn({ why: error.message }, 'the MQTT broker failed'))

  return {
    accept(socket, facts) {
      if (broker.closed || sessions.size >= maxClients) return void socket.destroy()
      if (socket instanceof Socket) socket.setNoDelay(true)
      const client = broker.handle(socket)
      sessions.add(client, facts)
      // A CONNECT is small; the bound of the library is that of bodies.
      const watch = (): void => {
        const read = socket instanceof Socket ? socket.bytesRead : socket.readableLength
        if (!client.connected && !client.connecting && read > MAX_CONNECT) socket.destroy()
      }
      socket.on('readable', watch)
      client.on('connected', () => socket.off('readable', watch))
      socket.once('close', () => sessions.forget(client))
    },
    publishCard: (topic, card) =>
      new Promise((resolve, reject) => {
        const userProperties = { 'a2a-status': 'online', 'a2a-status-source': 'broker' }
        const properties = { contentType: 'application/a2a-agent-card+json', userProperties }
        const packet = { cmd: 'publish' as const, topic, payload: Buffer.from(card), qos: 1 as const, retain: true, dup: false, properties }
        broker.publish(packet, (error) => (error instanceof Error ? reject(error) : resolve()))
      }),
    get clients() {
      return sessions.size
    },
    close: () =>
      new Promise((resolve) => {
        for (const client of sessions.clients()) if (!client.connected) client.conn.destroy()
        broker.close(() => resolve())
      })
  }
}
