import type { Route } from '../../../core/routing/route-table.ts'
import { createAccessPolicy } from '../../../core/access/access-policy.ts'
import { type Neighbor, NeighborList, type PeeringEffect } from '../../../core/peering/neighbor-list.ts'
import { agentKey, resourceIdOf } from '../../../core/sync/entry.ts'
import { Replica } from '../../../core/sync/replica.ts'
import type { Lifecycle } from '../../../ports/part.ts'
import { HansaError } from '../../../schema/errors.ts'
import { AgentStatus } from '../../../schema/generated/hansa/v1/directory_pb.ts'
import type { OriginDigest } from '../../../schema/generated/hansa/v1/gateway_pb.ts'
import { methods } from '../../../wire/methods.ts'
import type { AttachedAgent, RoutingView } from '../routing-view.ts'
import { Advertiser } from './advertiser.ts'
import { Attachments } from './attachments.ts'
import type { ControlDeps } from './control-deps.ts'
import { Dialer, type DialTarget } from './dialer.ts'
import { gatewayDiscover } from './discover.ts'
import { Exchanger } from './exchanger.ts'
import { Heartbeats } from './heartbeats.ts'
import { Interconnection } from './interconnection.ts'
import { Reporter } from './reporter.ts'
import type { Attachment } from './review-attach.ts'
import { RouteBook } from './route-book.ts'
import { describeSelf, nameLinks } from './self-description.ts'
import { Synchronizer } from './synchronizer.ts'

/** Resolution of everything that time changes: a silent death is noticed at most this late. Half a heartbeat where that is shorter. */
const TICK_MS = 1_000

/** News from an exchange goes on to the other neighbours after this time, gathered. */
const SPREAD_MS = 20

export interface ControlPlane extends Lifecycle {
  readonly routing: RoutingView
  neighbors(): Neighbor[]
  /** Gateways that are to be dialled, whether or not they answer. */
  targets(): DialTarget[]
  routes(): Route[]
  attachments(): AttachedAgent[]
  digest(): OriginDigest[]
  connect(address: string, options?: { readonly root?: string; readonly signal?: AbortSignal }): Promise<Neighbor>
  disconnect(id: string, reason?: string): Promise<void>
}

/** The reachability plane of a gateway: who is attached, who is a neighbour, what everybody has, and the routes that follow (draft 3.3.1, 3.4.1 to 3.4.3). */
export function createControlPlane(deps: ControlDeps): ControlPlane {
  const { clock, config, identities, log, members } = deps
  const { bounds } = config
  let self = ''
  let running = false
  let stopTicking = (): void => undefined
  let spreading: (() => void) | undefined
  const spreadFrom = new Set<string>()
  /** Gateways of the own domain that somebody disconnected from on purpose: not dialled again unless they come themselves. */
  const apart = new Set<string>()
  let round = 0

  const list = new NeighborList({
    heartbeatMs: config.heartbeatMs,
    missed: config.missed,
    holdMs: config.holdMs,
    forgetMs: config.forgetGatewayMs,
    limit: bounds.neighbors
  })
  const replica = new Replica({ ...bounds, bytes: bounds.syncBytes, bytesPerDomain: bounds.syncBytesPerDomain, holdMs: config.holdMs })
  const attachments = new Attachments(
    deps,
    attachmentChanged,
    () => running,
    (handle) => book.tell({ kind: 'ended', handle, capabilities: [] })
  )
  const book = new RouteBook({
    self: () => self,
    replica,
    attached: (handle) => attachments.get(handle),
    attachments: () => attachments.all(),
    neighbor: (id) => (list.isUp(id) ? list.get(id)?.info : undefined),
    now: () => clock.monotonic(),
    forgetMs: config.forgetGatewayMs,
    passOnMs: config.passOnMs
  })
  const synchronizer = new Synchronizer(deps, replica, { changed: (changes) => book.apply(changes), gap: repair })
  const exchanger = new Exchanger({
    deps,
    replica,
    synchronizer,
    neighbor: (id) => list.get(id),
    passesOn: (origin) => book.passesOn(origin),
    learned: spread,
    agreed: (id) => book.believe(id)
  })
  const advertiser = new Advertiser(deps, (epoch, from, entries) => {
    const to = entries.at(-1)?.entry.version ?? from
    synchronizer.takeOwn({ origin: self, epoch, from, to, entries })
  })
  const reporter = new Reporter(
    deps,
    () => attachments.all().map(({ agent }) => ({ resourceId: agent.resourceId, status: agent.status, at: BigInt(Math.trunc(clock.now())) })),
    (tombstone) => attachments.end(tombstone)
  )
  const interconnection = new Interconnection(deps, list, { running: () => running, effects: perform, goodbye: (id) => void forgetTarget(id) })
  const dialer = new Dialer(deps, dial)
  const heartbeats = new Heartbeats({
    deps,
    list,
    interconnection,
    head: () => replica.head(self),
    effects: perform,
    behind: (id) => void exchanger.exchange(id),
    lacks: (head) => replica.lacks(head)
  })

  /** An agent came, went or changed its status: say so to the domain's ARS, and to all gateways if it is exported. */
  function attachmentChanged({ agent, identity, advert }: Attachment, status: AgentStatus, gone: boolean): void {
    const exported = createAccessPolicy({ ownDomain: identity.domain, exported: config.export }).exports(identity, () => advert.capabilities)
    if (gone || !exported) advertiser.delete(agentKey(agent.resourceId))
    else advertiser.set(agentKey(agent.resourceId), { case: 'agent', value: { ...advert, status } })
    if (running) reporter.changed(agent.resourceId, status)
    book.tell({ kind: status === AgentStatus.ONLINE ? 'online' : 'offline', handle: agent.handle, capabilities: advert.capabilities })
  }

  function perform(effects: readonly PeeringEffect[]): void {
    if (effects.length === 0) return
    describe()
    for (const { kind, neighbor } of effects) {
      log.info({ neighbor: neighbor.id, state: kind }, 'neighbour')
      switch (kind) {
        case 'up':
          apart.delete(neighbor.id)
          heartbeats.open(neighbor.id)
          void exchanger.exchange(neighbor.id)
          break
        case 'offline':
        case 'holding':
          book.doubt(neighbor.id)
          dialer.lost(neighbor.id)
          break
        case 'removed':
          heartbeats.close(neighbor.id)
          removed(neighbor.id)
          break
      }
    }
  }

  /** Its agents are out of the routing table; those of the own domain are reported, for the gateway itself may be unable to. */
  function removed(id: string): void {
    book.withdraw(id)
    if (book.isReachable(id) || !members.find('agw').some((node) => node.spiffeId === id)) return
    for (const { entry } of replica.state(id)?.live() ?? []) {
      const resourceId = resourceIdOf(entry.key)
      if (resourceId !== undefined && entry.value.case === 'agent' && attachments.get(entry.value.value.handle) === undefined)
        reporter.changed(resourceId, AgentStatus.OFFLINE)
    }
  }

  /** Something of an origin is missing: ask the origin itself, or the neighbour on the way there, or any. */
  function repair(origin: string): void {
    const up = list.all().filter(({ state }) => state === 'up')
    const from = [origin, book.via(origin), up[0]?.id].find((id) => id !== undefined && list.isUp(id))
    if (from !== undefined) void exchanger.exchange(from)
  }

  function spread(from: string): void {
    if (!running) return
    spreadFrom.add(from)
    spreading ??= clock.after(SPREAD_MS, () => {
      spreading = undefined
      const [only] = spreadFrom
      const except = spreadFrom.size === 1 ? only : undefined
      spreadFrom.clear()
      for (const { id, state } of list.all()) if (state === 'up' && id !== except) void exchanger.exchange(id)
    })
  }

  /** A wanted gateway: an address, or the SPIFFE ID of a gateway of the own domain. */
  async function dial(key: string): Promise<string> {
    if (!key.startsWith('spiffe://')) return interconnection.connectAddress(key)
    if (list.isUp(key)) return key
    const node = members.find('agw').find(({ spiffeId }) => spiffeId === key)
    if (node === undefined) {
      list.abandoned(key)
      throw new HansaError('NEIGHBOR_NOT_FOUND', `${key} is not known in this domain`)
    }
    list.connecting(node, clock.monotonic())
    return interconnection.connect(node.peerId, node.multiaddrs, key)
  }

  async function forgetTarget(id: string): Promise<void> {
    apart.add(id)
    try {
      await dialer.drop(id)
    } catch (error) {
      log.error({ neighbor: id, error }, 'cannot forget a neighbour on disk')
    }
  }

  function forgetOrigin(origin: string): void {
    book.apply(replica.forget(origin))
    book.forget(origin)
    synchronizer.forget(origin)
  }

  /** Certificates have been revoked, or a domain is no longer listed. */
  function recheck(): void {
    interconnection.checkAll()
    for (const origin of synchronizer.distrusted()) forgetOrigin(origin)
  }

  /** What is said of this gateway itself; the graph takes its links at once. */
  function describe(): void {
    describeSelf(advertiser, members.self(), self)
    book.setOwnLinks(nameLinks(advertiser, list))
  }

  function tick(): void {
    attachments.tick()
    advertiser.tick()
    heartbeats.tick()
    reporter.tick()
    describe()
    book.apply(replica.tick(clock.monotonic()))
    for (const origin of book.tick()) forgetOrigin(origin)
    for (const node of members.find('agw')) if (node.spiffeId !== self && !apart.has(node.spiffeId)) dialer.want(node.spiffeId, node.spiffeId)
  }

  /** One neighbour an interval in turn, in case a gossip was lost that no heartbeat tells of (as memberlist's push-pull). */
  function exchangeInTurn(): void {
    const up = list.all().filter(({ state }) => state === 'up')
    const next = up[round++ % Math.max(1, up.length)]
    if (next !== undefined) void exchanger.exchange(next.id)
  }

  deps.metrics?.gauge('hansa_gateway_attached_agents', 'Agents attached to this gateway', () => attachments.all().length)
  deps.metrics?.gauge('hansa_gateway_neighbors', 'Interconnected gateways that are up', () => list.all().filter(({ state }) => state === 'up').length)
  deps.metrics?.gauge('hansa_gateway_origins', 'Gateways in the synchronized table', () => replica.origins().length)
  attachments.serve()
  interconnection.serve()
  heartbeats.serve()
  exchanger.serve()
  deps.rpc.handle(methods.gatewayDiscover, gatewayDiscover(deps))
  synchronizer.subscribe()
  identities.onChange(recheck)
  deps.network.onConnect((peer) => reporter.connected(peer))

  return {
    routing: book,
    neighbors: () => list.all(),
    targets: () => dialer.targets(),
    routes: () => book.routes(),
    attachments: () => attachments.all().map(({ agent }) => agent),
    digest: () => replica.digest(),
    async start() {
      self = identities.self()?.spiffeId ?? ''
      await advertiser.start()
      running = true
      describe()
      dialer.start()
      const stops = [clock.every(Math.min(TICK_MS, config.heartbeatMs / 2), tick), clock.every(config.heartbeatMs, exchangeInTurn)]
      stopTicking = () => stops.forEach((stop) => stop())
      tick()
    },
    async stop() {
      if (!running) return
      running = false
      stopTicking()
      spreading?.()
      dialer.stop()
      reporter.stop()
      advertiser.stop()
      await interconnection.announceRestart()
    },
    async connect(address, options = {}) {
      const id = await interconnection.connectAddress(address, options.root, options.signal)
      await dialer.keep(address, id)
      const neighbor = list.get(id)
      if (neighbor === undefined) throw new HansaError('NEIGHBOR_NOT_FOUND', `${id} disconnected at once`)
      return neighbor
    },
    async disconnect(id, reason = 'operator') {
      await interconnection.disconnect(id, reason)
      apart.add(id)
      await dialer.drop(id)
    }
  }
}
