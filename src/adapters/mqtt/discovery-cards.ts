import { parseHandle } from '../../core/ids/agent-id.ts'
import type { Clock } from '../../ports/clock.ts'
import type { GatewayDoor, Principal } from '../../ports/gateway-door.ts'
import type { Log } from '../../ports/log.ts'
import { toHansaError } from '../../schema/errors.ts'
import type { AgentAdvert } from '../../schema/generated/hansa/v1/gateway_pb.ts'
import { formatTopic, routedAddress } from '../../wire/binding/mqtt-topics.ts'

/** Makes the card that the gateway shows of its own door: the agent's words, this gateway's addresses. `card` is the agent's own, exact bytes (JSON). */
export type ServeCard = (card: Uint8Array, advert: AgentAdvert) => string | Promise<string>

export interface DiscoverySettings {
  /** How often the list of agents is looked at, in milliseconds. Half of a heartbeat of the network, so that an agent that went is not called for long. */
  readonly everyMs?: number
  /** Most cards that are published. */
  readonly max?: number
}

/** A card that does not come within this time is tried again at the next look. */
const CARD_TIMEOUT_MS = 5_000

/** The cards of the agents that the gateway reaches, as retained messages ("Discovery Publisher Behavior"). */
export interface DiscoveryCards {
  /** Looks now and from now on. `publish` gets an empty payload to clear a card. */
  start(publish: (topic: string, card: string) => Promise<void>): void
  stop(): void
  /** A look, now: for after a reconnection, whose broker may have lost everything. */
  again(): void
}

export function createDiscoveryCards(
  deps: { readonly door: GatewayDoor; readonly clock: Clock; readonly log: Log; readonly self: () => Principal | undefined; readonly serve: ServeCard },
  settings: DiscoverySettings = {}
): DiscoveryCards {
  const { door, clock, log } = deps
  const everyMs = settings.everyMs ?? 15_000
  const max = settings.max ?? 1_000
  const published = new Map<string, string>()
  let cancel: () => void = () => undefined
  let looking: Promise<void> | undefined
  let stopped: AbortController | undefined

  async function look(publish: (topic: string, card: string) => Promise<void>, signal: AbortSignal): Promise<void> {
    const self = deps.self()
    if (self === undefined || !door.ready()) return
    const there = new Set<string>()
    for (const advert of door.reachable(self).slice(0, max)) {
      if (signal.aborted) return
      const topic = formatTopic('discovery', routedAddress(parseHandle(advert.handle)))
      there.add(topic)
      const version = Buffer.from(advert.cardSha256).toString('hex')
      if (published.get(topic) === version) continue
      try {
        const card = await door.card(self, advert.handle, AbortSignal.any([signal, AbortSignal.timeout(CARD_TIMEOUT_MS)]))
        await publish(topic, await deps.serve(card, advert))
        published.set(topic, version)
      } catch (thrown) {
        if (!signal.aborted) log.debug({ agent: advert.handle, why: toHansaError(thrown).message }, 'no card to show over MQTT')
      }
    }
    for (const topic of published.keys()) {
      if (there.has(topic) || signal.aborted) continue
      await publish(topic, '')
      published.delete(topic)
    }
  }

  let again: () => void = () => undefined
  return {
    start(publish) {
      stopped = new AbortController()
      const { signal } = stopped
      const run = (): void => {
        // One look at a time: a slow one is not overtaken.
        looking ??= look(publish, signal)
          .catch((thrown: unknown) => {
            if (!signal.aborted) log.warn({ why: toHansaError(thrown).message }, 'cards could not be shown over MQTT')
          })
          .finally(() => (looking = undefined))
      }
      again = () => {
        published.clear()
        run()
      }
      cancel = clock.every(everyMs, run)
      run()
    },
    stop() {
      cancel()
      stopped?.abort()
    },
    again: () => again()
  }
}
