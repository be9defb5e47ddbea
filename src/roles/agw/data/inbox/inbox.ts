import { formatHandle, parseAgent } from '../../../../core/ids/agent-id.ts'
import { INBOX_BOUNDS } from '../../../../core/inbox/inbox-bounds.ts'
import type { ByteBudget } from '../../../../core/structures/byte-budget.ts'
import type { Clock } from '../../../../ports/clock.ts'
import type { Log } from '../../../../ports/log.ts'
import type { Metrics } from '../../../../ports/metrics.ts'
import type { Store } from '../../../../ports/store.ts'
import { errorOf, HansaError } from '../../../../schema/errors.ts'
import { InboxState } from '../../../../schema/generated/hansa/v1/gateway_pb.ts'
import type { AgentNews, RoutingView } from '../../routing-view.ts'
import type { Pipeline } from '../pipeline.ts'
import type { Stage } from '../relay-call.ts'
import type { InboxSettings } from '../settings.ts'
import { Courier } from './courier.ts'
import { InboxBook } from './inbox-book.ts'
import { inboxStage } from './inbox-stage.ts'
import { KnownAgents } from './known-agents.ts'
import { inboxStateName } from './receipt.ts'

export interface InboxDeps {
  readonly clock: Clock
  readonly log: Log
  readonly store: Store
  readonly routes: RoutingView
  readonly memory: ByteBudget
  readonly settings: InboxSettings
  /** Own trust domain. */
  readonly domain: string
  /** Unguessable, at least 22 characters of base64url. */
  readonly newId: () => string
  /** The pipeline of this gateway; asked only after its start. */
  readonly run: Pipeline['run']
  readonly metrics?: Metrics
}

/** An item as the operator sees it. Times are milliseconds since the epoch. */
export interface InboxEntry {
  readonly id: string
  readonly agent: string
  readonly principal: string
  readonly messageId: string
  readonly state: string
  readonly attempts: number
  /** Bytes of the encoded request. */
  readonly size: number
  readonly receivedAt: number
  readonly expiresAt: number
  readonly endedAt?: number
  /** Why the last delivery failed, or why there will be none. */
  readonly error?: HansaError
}

/** What an operator does with the inbox of a gateway. */
export interface InboxDesk {
  /** Those that wait first, in order; at most MAX_LISTED. `agent` in any of its forms; a bare name is one of the own domain. Throws INVALID_ARGUMENT. */
  list(agent?: string): InboxEntry[]
  /** Ends an item that waits, for its sender to see, and forgets one that is over. Throws NOT_FOUND. */
  drop(id: string): Promise<InboxEntry>
}

/** A page for people: who has more waiting looks agent by agent. */
const MAX_LISTED = 1_000

/** How often agents that stay attached are noted again, in milliseconds. */
const NOTE_MS = 60_000

/** The messages that wait at this gateway for agents that are offline: kept, delivered, accounted for. */
export interface Inbox extends InboxDesk {
  readonly book: InboxBook
  readonly known: KnownAgents
  /** The stage around the last one of the pipeline. */
  stage(forward: Stage): Stage
  start(): void
  stop(): void
}

export function createInbox(deps: InboxDeps): Inbox {
  const { clock, log, store, routes, settings, metrics } = deps
  const { perAgent, bytesPerAgent, total } = settings
  const bounds = { ...INBOX_BOUNDS, perAgent, bytesPerAgent, total, perPrincipal: Math.min(INBOX_BOUNDS.perPrincipal, perAgent) }
  const book = new InboxBook(store, clock, bounds)
  const known = new KnownAgents({ store, clock, log })
  metrics?.gauge('hansa_gateway_inbox_waiting', 'Messages that wait for agents that are offline', () => book.index.waiting)
  const count = metrics?.counter('hansa_gateway_inbox_total', 'Messages that were kept for agents, and how they ended', ['state'])
  const courier = new Courier({
    ...{ clock, log, book, memory: deps.memory, run: deps.run },
    reachable(agent) {
      try {
        return routes.nextHop(agent, []) !== undefined
      } catch {
        return false
      }
    },
    ended: (state) => count?.inc({ state: inboxStateName(state) })
  })
  let stopNoting = (): void => undefined

  routes.onAgent(({ kind, handle, capabilities }: AgentNews) => {
    if (kind === 'ended') {
      known.forget(handle)
      const error = new HansaError('AGENT_NOT_FOUND', `the registration of ${handle} has ended.`, { agent: handle })
      courier.refuse(handle, error).catch((failure: unknown) => log.error({ agent: handle, error: failure }, 'cannot end what waits for an agent'))
      return
    }
    known.seen(handle, capabilities)
    if (kind === 'online') courier.back(handle)
  })

  function shown(id: string): InboxEntry | undefined {
    const item = book.find(id)
    if (item === undefined) return undefined
    const { agent, principal, messageId, attempts, requestBytes, receivedAt, expiresAt, endedAt, error } = item
    return {
      ...{ id, agent, principal, messageId, attempts, size: requestBytes },
      state: inboxStateName(item.state),
      receivedAt: Number(receivedAt),
      expiresAt: Number(expiresAt),
      ...(endedAt === 0n ? {} : { endedAt: Number(endedAt) }),
      ...(error === undefined ? {} : { error: errorOf(error) })
    }
  }

  return {
    book,
    known,
    stage: (forward) =>
      inboxStage(
        {
          ...{ clock, book, ttlMs: settings.ttlMs, newId: deps.newId },
          follow: (item, taskId) => courier.follow(item, taskId),
          kept() {
            count?.inc({ state: 'kept' })
            courier.poke()
          }
        },
        forward
      ),
    list: (agent) =>
      book.index
        .list(agent === undefined ? undefined : formatHandle(parseAgent(agent, deps.domain)))
        .slice(0, MAX_LISTED)
        .flatMap(({ id }) => shown(id) ?? []),
    async drop(id) {
      const before = shown(id)
      if (before === undefined) throw new HansaError('NOT_FOUND', `nothing in this inbox has the ID ${id.slice(0, 128)}`)
      if (before.endedAt !== undefined) await book.remove(id)
      else await book.end(id, { state: InboxState.CANCELED, error: new HansaError('CANCELED', 'the operator of the gateway dropped it.') })
      return shown(id) ?? before
    },
    start() {
      stopNoting = clock.every(NOTE_MS, () => known.sweep((handle) => routes.attached(handle) !== undefined))
      courier.start()
    },
    stop() {
      stopNoting()
      courier.stop()
    }
  }
}
