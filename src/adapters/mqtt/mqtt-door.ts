import type { Duplex } from 'node:stream'
import type { Clock } from '../../ports/clock.ts'
import type { ClientFacts, GatewayDoor, Identify } from '../../ports/gateway-door.ts'
import type { Log } from '../../ports/log.ts'
import { createDiscoveryCards, type DiscoverySettings, type ServeCard } from './discovery-cards.ts'
import { createEmbeddedBroker, type EmbeddedBounds, type EmbeddedBroker } from './embedded-broker.ts'
import { createExternalBroker } from './external-broker.ts'
import type { MqttRequest } from './mqtt-request.ts'
import { createRequestPipeline } from './request-pipeline.ts'

export interface MqttDoorDeps {
  readonly door: GatewayDoor
  readonly clock: Clock
  readonly log: Log
  /** For clients of the embedded broker. */
  readonly identify: Identify
  /** The gateway's own identity; undefined before it has a certificate. */
  readonly self: () => { readonly spiffeId: string; readonly domain: string } | undefined
  readonly serve: ServeCard
  readonly broker: 'embedded' | URL
  /** For an external broker that asks for them. */
  readonly username?: string
  readonly password?: string
  readonly bounds?: EmbeddedBounds
  readonly discovery?: DiscoverySettings
}

export interface MqttDoor {
  /** Takes a connection that begins as MQTT; closes it where the broker is an external one, or the door is not open. */
  accept(socket: Duplex, client: ClientFacts): void
  start(): Promise<void>
  /** Ends all calls (never their tasks) and all connections. */
  stop(): Promise<void>
  /** Calls open now. */
  readonly open: number
}

/**
 * MQTT 5 by the A2A-over-MQTT profile 0.1: requests at `$a2a/v1/request/{domain}/agent/{name}`, answers at their Response Topic with their Correlation Data, cards at
 * `$a2a/v1/discovery/{domain}/agent/{name}`. Through a broker of our own, or the operator's.
 */
export function createMqttDoor(deps: MqttDoorDeps): MqttDoor {
  const { log } = deps
  const pipeline = createRequestPipeline(deps)
  const cards = createDiscoveryCards(deps, deps.discovery)
  const handle = (request: MqttRequest): void => void pipeline.handle(request)
  let embedded: EmbeddedBroker | undefined
  let close: () => Promise<void> = () => Promise.resolve()

  return {
    accept(socket, client) {
      if (embedded === undefined) socket.destroy()
      else embedded.accept(socket, client)
    },
    async start() {
      if (deps.broker === 'embedded') {
        const broker = await createEmbeddedBroker({ ...deps, handle }, deps.bounds)
        embedded = broker
        close = () => broker.close()
        cards.start((topic, card) => broker.publishCard(topic, card))
        return
      }
      const { username, password } = deps
      let begun = false
      const onConnect = (): void => {
        if (begun) return cards.again()
        begun = true
        cards.start((topic, card) => broker.publishCard(topic, card))
      }
      const broker = createExternalBroker({ log, self: deps.self, handle, onConnect }, { url: deps.broker, username, password })
      close = () => broker.close()
      broker.start()
    },
    async stop() {
      cards.stop()
      pipeline.stop()
      embedded = undefined
      await close()
    },
    get open() {
      return pipeline.open
    }
  }
}
