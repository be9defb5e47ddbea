import type { AedesPublishPacket, Client } from 'aedes'
import { parseHandle } from '../../core/ids/agent-id.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ClientFacts, GatewayDoor, Identify, Principal } from '../../ports/gateway-door.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { formatTopic, parseTopic, ROUTED_UNIT, routedAddress } from '../../wire/binding/mqtt-topics.ts'
import type { TopicAccess } from './topic-access.ts'

/** One connection to the embedded broker. */
export interface Session {
  readonly facts: ClientFacts
  /** Aborted when the connection has ended. */
  readonly signal: AbortSignal
  /** Undefined until its CONNECT has been reviewed, and for who was refused. */
  readonly principal: Principal | undefined
  readonly refusal: HansaError | undefined
}

/** What a CONNECT says that is reviewed. */
export interface Will {
  readonly topic: string
  readonly payload: string | Uint8Array
  readonly retain?: boolean
}

export interface ClientSessions {
  add(client: Client, facts: ClientFacts): void
  get(client: Client): Session | undefined
  /** Ends the session: its calls, and its hold on topics. */
  forget(client: Client): void
  /** Says who it is, or why it is refused. */
  review(client: Client, will: Will | undefined): void
  /** Asked anew for each request: a certificate may have been revoked since; then the client is told and cut. Throws UNAUTHENTICATED. */
  current(client: Client): Principal
  /** Throws UNAUTHENTICATED. */
  principalOf(client: Client): Principal
  /** Counts a message; what to wait for before the client's next is taken, where it sends too fast or does not read its answers. */
  pace(client: Client): Promise<void> | undefined
  /** Whether a message may be shown to a client: cards only of agents that it may reach. */
  mayAppear(client: Client, packet: AedesPublishPacket): boolean
  clients(): Iterable<Client>
  readonly size: number
}

export interface SessionBounds {
  readonly clientsPerPrincipal: number
  readonly messagesPerSecond: number
}

interface State {
  readonly facts: ClientFacts
  readonly life: AbortController
  readonly signal: AbortSignal
  principal: Principal | undefined
  refusal: HansaError | undefined
  /** Messages in the current second. */
  second: number
  count: number
  /** Topics of cards that it may see, and until when that holds. */
  visible: { readonly topics: ReadonlySet<string>; readonly until: number } | undefined
  /** Topics of cards that it was shown: it is told when they go. */
  readonly shown: Set<string>
}

/** A will waits at the broker; it is a card ("offline") or a line. */
const MAX_WILL = 256 * 1024

/** Answers that wait for a slow reader before its next message is taken, in bytes. */
const MAX_WAITING = 1024 * 1024

/** How often it is looked whether it has read them, in milliseconds. */
const LOOK_MS = 20

/** For how long the list of agents that a principal may reach is believed. */
const VISIBLE_MS = 2_000

const NOT_AUTHORIZED = 0x87

export function createClientSessions(
  deps: { readonly clock: Clock; readonly door: GatewayDoor; readonly identify: Identify; readonly access: TopicAccess<Client> },
  bounds: SessionBounds
): ClientSessions {
  const { clock, access } = deps
  const sessions = new Map<Client, State>()

  function judge(state: State, will: Will | undefined): Principal {
    const principal = deps.identify(state.facts)
    let own = 0
    for (const one of sessions.values()) if (one.principal?.spiffeId === principal.spiffeId) own++
    if (own >= bounds.clientsPerPrincipal) throw new HansaError('OVERLOADED', `${principal.spiffeId} has ${own} connections already`)
    if (will !== undefined && will.payload.length > MAX_WILL) throw new HansaError('PERMISSION_DENIED', `a will of more than ${MAX_WILL} bytes`)
    if (will !== undefined) access.publish(principal, will.topic, { retain: will.retain === true, size: will.payload.length })
    return principal
  }

  function known(client: Client): State & { readonly principal: Principal } {
    const state = sessions.get(client)
    if (state?.principal === undefined) throw new HansaError('UNAUTHENTICATED', 'the client is not known')
    return state as State & { readonly principal: Principal }
  }

  async function wait(client: Client, state: State): Promise<void> {
    const pause = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve))
    if (state.count > bounds.messagesPerSecond) await pause(1000 - (clock.monotonic() % 1000))
    while (client.conn.writableLength > MAX_WAITING && !state.signal.aborted) await pause(LOOK_MS)
  }

  return {
    add(client, facts) {
      const life = new AbortController()
      const none = { principal: undefined, refusal: undefined, second: 0, count: 0, visible: undefined }
      sessions.set(client, { facts, life, signal: life.signal, ...none, shown: new Set() })
    },
    get: (client) => sessions.get(client),
    forget(client) {
      const state = sessions.get(client)
      sessions.delete(client)
      access.leave(client)
      state?.life.abort(new HansaError('CANCELED', 'the client went away'))
    },
    review(client, will) {
      const state = sessions.get(client)
      if (state === undefined) return
      try {
        state.principal = judge(state, will)
      } catch (thrown) {
        state.refusal = toHansaError(thrown)
      }
    },
    current(client) {
      const { facts } = known(client)
      try {
        return deps.identify(facts)
      } catch (thrown) {
        client.disconnect({ reasonCode: NOT_AUTHORIZED })
        throw thrown
      }
    },
    principalOf: (client) => known(client).principal,
    pace(client) {
      const state = known(client)
      const second = Math.floor(clock.monotonic() / 1000)
      if (state.second !== second) Object.assign(state, { second, count: 0 })
      return ++state.count > bounds.messagesPerSecond || client.conn.writableLength > MAX_WAITING ? wait(client, state) : undefined
    },
    mayAppear(client, { topic, payload }) {
      const parsed = parseTopic(topic)
      if (parsed?.kind !== 'discovery' || parsed.unit !== ROUTED_UNIT) return true
      const state = sessions.get(client)
      if (state?.principal === undefined) return false
      if (payload.length === 0) return state.shown.delete(topic)
      if (state.visible === undefined || state.visible.until < clock.monotonic()) {
        const topics = deps.door.reachable(state.principal).map(({ handle }) => formatTopic('discovery', routedAddress(parseHandle(handle))))
        state.visible = { topics: new Set(topics), until: clock.monotonic() + VISIBLE_MS }
      }
      const visible = state.visible.topics.has(topic)
      if (visible) state.shown.add(topic)
      return visible
    },
    clients: () => sessions.keys(),
    get size() {
      return sessions.size
    }
  }
}
