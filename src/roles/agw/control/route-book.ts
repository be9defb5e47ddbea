import { parseHandle } from '../../../core/ids/agent-id.ts'
import { LinkGraph, type NamedLink, type Path } from '../../../core/routing/link-graph.ts'
import { choose, compareRoutes, type Route, routeTo } from '../../../core/routing/route-table.ts'
import { GATEWAY_KEY, LINKS_KEY, resourceIdOf } from '../../../core/sync/entry.ts'
import type { Change } from '../../../core/sync/origin-state.ts'
import type { Replica } from '../../../core/sync/replica.ts'
import { HansaError } from '../../../schema/errors.ts'
import { AgentStatus } from '../../../schema/generated/hansa/v1/directory_pb.ts'
import type { NodeInfo } from '../../../schema/generated/hansa/v1/trust_pb.ts'
import type { AgentNews, AttachedAgent, NextHop, ReachableAgent, RoutingView } from '../routing-view.ts'
import type { Attachment } from './review-attach.ts'

export interface RouteBookOptions {
  /** Own SPIFFE ID. */
  readonly self: () => string
  readonly replica: Replica
  readonly attached: (handle: string) => AttachedAgent | undefined
  readonly attachments: () => readonly Attachment[]
  /** Interconnected neighbours that are up, with what is known of them. */
  readonly neighbor: (id: string) => NodeInfo | undefined
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly forgetMs: number
  readonly passOnMs: number
}

/** The routing table: what the synchronized state and the neighbour list come to. Answers from memory; paths are computed once per change. */
export class RouteBook implements RoutingView {
  readonly #options: RouteBookOptions
  readonly #graph = new LinkGraph()
  /** handle -> origins that advertise it, with the key it stands under there. */
  readonly #advertisers = new Map<string, Map<string, string>>()
  readonly #handles = new Map<string, string>()
  /** When an origin could last be reached; when it was first heard of, if never. */
  readonly #lastReachable = new Map<string, number>()
  /** Said goodbye for good: not listed until it can be reached again. */
  readonly #withdrawn = new Set<string>()
  /** Origins that were lost and have not been asked since. */
  readonly #doubted = new Set<string>()
  #paths: Map<string, Path> | undefined
  #ownLinks = ''
  readonly #listeners: ((news: AgentNews) => void)[] = []

  constructor(options: RouteBookOptions) {
    this.#options = options
  }

  /** Takes over what reconciliation changed. */
  apply(changes: readonly Change[]): void {
    for (const { origin, key, entry } of changes) {
      if (!this.#lastReachable.has(origin)) this.#lastReachable.set(origin, this.#options.now())
      if (resourceIdOf(key) !== undefined) this.#index(origin, key, entry?.value.case === 'agent' ? entry.value.value.handle : undefined)
      else if (key === LINKS_KEY && origin !== this.#options.self()) {
        if (entry?.value.case === 'links')
          this.#setLinks(
            origin,
            entry.value.value.links.map(({ gateway, cost }) => ({ to: gateway, cost }))
          )
        else this.#dropLinks(origin)
      }
    }
  }

  /** Own links come from the neighbour list itself, so that a neighbour that is gone is out of all paths at once. */
  setOwnLinks(links: readonly NamedLink[]): void {
    const text = JSON.stringify([this.#options.self(), links])
    if (text === this.#ownLinks) return
    this.#ownLinks = text
    this.#setLinks(this.#options.self(), links)
    for (const { to } of links) this.#withdrawn.delete(to)
  }

  /** A neighbour disconnected for good (draft 3.4.3): its agents are removed, unless another way leads there. */
  withdraw(origin: string): void {
    if (!this.#allPaths().has(origin)) this.#withdrawn.add(origin)
  }

  /**
   * The line to a gateway was lost, and no other way leads there: it may have restarted, and until it has been asked what it has now, what it had is not
   * offered.
   */
  doubt(origin: string): void {
    if (!this.#allPaths().has(origin)) this.#doubted.add(origin)
  }

  /** What is held of the origin is what it has. */
  believe(origin: string): void {
    this.#doubted.delete(origin)
  }

  /** An origin has been forgotten by the replica. */
  forget(origin: string): void {
    this.#doubted.delete(origin)
    this.#dropLinks(origin)
    this.#lastReachable.delete(origin)
    this.#withdrawn.delete(origin)
  }

  /** Notes who can be reached now; returns origins that could not for so long that they are to be forgotten. */
  tick(): string[] {
    const now = this.#options.now()
    for (const origin of this.#allPaths().keys()) {
      if (this.#lastReachable.has(origin)) this.#lastReachable.set(origin, now)
      this.#withdrawn.delete(origin)
    }
    return [...this.#lastReachable].filter(([origin, at]) => origin !== this.#options.self() && now - at >= this.#options.forgetMs).map(([origin]) => origin)
  }

  /** True for origins that others should hear of from here: ourselves, whoever can be reached, and for a while whoever could. */
  passesOn(origin: string): boolean {
    if (origin === this.#options.self() || this.#allPaths().has(origin)) return true
    return !this.#withdrawn.has(origin) && this.#options.now() - (this.#lastReachable.get(origin) ?? -Infinity) < this.#options.passOnMs
  }

  isReachable(origin: string): boolean {
    return origin === this.#options.self() || this.#allPaths().has(origin)
  }

  /** The neighbour on the way to a gateway. */
  via(origin: string): string | undefined {
    return this.#allPaths().get(origin)?.via
  }

  /** One line for each agent and gateway that advertises it, best first for each agent. */
  routes(): Route[] {
    const local = this.#options
      .attachments()
      .map(({ advert }) => routeTo({ advert, origin: this.#options.self(), confirmed: true }, this.#options.self(), new Map()))
    const remote = [...this.#advertisers.keys()].flatMap((handle) => this.#routesOf(handle, this.#allPaths()))
    return [...local, ...remote].sort((a, b) => (a.advert.handle < b.advert.handle ? -1 : a.advert.handle > b.advert.handle ? 1 : compareRoutes(a, b)))
  }

  nextHop(handle: string, passed: readonly string[]): NextHop {
    const local = this.#options.attached(handle)
    if (local?.status === AgentStatus.ONLINE) return { kind: 'local', agent: local }
    const paths = this.#pathsAround(passed)
    const choice = choose(this.#routesOf(handle, paths))
    switch (choice.kind) {
      case 'route':
        return this.#hop(handle, choice.route)
      case 'no-route':
        throw new HansaError('NO_ROUTE', `no way to ${choice.origin}, the gateway of ${handle}`, { agent: handle, gateway: choice.origin })
      case 'offline':
        throw new HansaError('AGENT_UNREACHABLE', `${handle} is offline`, { agent: handle })
      case 'unknown':
        if (local !== undefined) throw new HansaError('AGENT_UNREACHABLE', `${handle} is offline`, { agent: handle })
        throw new HansaError('AGENT_NOT_FOUND', `no gateway advertises ${handle}`, { agent: handle })
    }
  }

  towards(gateway: string, passed: readonly string[]): (NextHop & { kind: 'gateway' }) | undefined {
    return this.#along(this.#pathsAround(passed).get(gateway), [])
  }

  towardsHome(handle: string, passed: readonly string[]): (NextHop & { kind: 'gateway' }) | undefined {
    const paths = this.#pathsAround(passed)
    const advertised = this.#routesOf(handle, paths).sort(compareRoutes)
    const known = advertised.find(({ origin }) => paths.has(origin))
    if (known !== undefined) return this.#along(paths.get(known.origin), known.advert.languages)
    const home = `spiffe://${parseHandle(handle).domain}/`
    const nearest = [...paths.values()].filter(({ to }) => to.startsWith(home)).sort((a, b) => a.cost - b.cost || (a.to < b.to ? -1 : 1))
    return this.#along(nearest[0], [])
  }

  onAgent(listener: (news: AgentNews) => void): void {
    this.#listeners.push(listener)
  }

  /** Passes news of an agent attached here on. */
  tell(news: AgentNews): void {
    for (const listener of this.#listeners) listener(news)
  }

  attached(handle: string): AttachedAgent | undefined {
    return this.#options.attached(handle)
  }

  reachable(): ReachableAgent[] {
    const seen = new Set<string>()
    const best: ReachableAgent[] = []
    for (const { advert, origin, applicable } of this.routes()) {
      if (seen.has(advert.handle)) continue
      seen.add(advert.handle)
      best.push({ advert, origin, applicable })
    }
    return best
  }

  gateway(spiffeId: string): NodeInfo | undefined {
    if (!this.isReachable(spiffeId)) return undefined
    return this.#options.neighbor(spiffeId) ?? this.#said(spiffeId)
  }

  isNeighbor(spiffeId: string): boolean {
    return this.#options.neighbor(spiffeId) !== undefined
  }

  #hop(handle: string, route: Route): NextHop {
    const via = route.via === undefined ? undefined : this.#options.neighbor(route.via)
    const gateway = route.via === route.origin ? via : this.#said(route.origin)
    if (via === undefined || gateway === undefined)
      throw new HansaError('NO_ROUTE', `no way to ${route.origin}, the gateway of ${handle}`, { agent: handle, gateway: route.origin })
    // What a gateway advertises is newer than what it said when it introduced itself.
    return { kind: 'gateway', gateway: this.#said(route.origin) ?? gateway, via, languages: route.advert.languages }
  }

  #along(path: Path | undefined, languages: readonly string[]): (NextHop & { kind: 'gateway' }) | undefined {
    const via = path === undefined ? undefined : this.#options.neighbor(path.via)
    const gateway = path === undefined ? undefined : (this.#said(path.to) ?? this.#options.neighbor(path.to))
    return via === undefined || gateway === undefined ? undefined : { kind: 'gateway', gateway, via, languages }
  }

  #said(origin: string): NodeInfo | undefined {
    const said = this.#options.replica.state(origin)?.get(GATEWAY_KEY)?.value
    return said?.case === 'gateway' ? said.value : undefined
  }

  /** Usually nothing was passed that lies on our way; then the paths at hand serve. */
  #pathsAround(passed: readonly string[]): ReadonlyMap<string, Path> {
    const avoid = new Set(passed.filter((id) => id !== this.#options.self() && this.#allPaths().has(id)))
    return avoid.size === 0 ? this.#allPaths() : this.#graph.paths(this.#options.self(), avoid)
  }

  #allPaths(): ReadonlyMap<string, Path> {
    this.#paths ??= this.#graph.paths(this.#options.self())
    return this.#paths
  }

  #routesOf(handle: string, paths: ReadonlyMap<string, Path>): Route[] {
    const routes: Route[] = []
    for (const [origin, key] of this.#advertisers.get(handle) ?? []) {
      if (origin === this.#options.self() || this.#withdrawn.has(origin)) continue
      const found = this.#options.replica.state(origin)?.find(key)
      if (found?.entry.value.case !== 'agent') continue
      routes.push(routeTo({ advert: found.entry.value.value, origin, confirmed: found.confirmed && !this.#doubted.has(origin) }, this.#options.self(), paths))
    }
    return routes
  }

  #index(origin: string, key: string, handle: string | undefined): void {
    const id = `${origin} ${key}`
    const before = this.#handles.get(id)
    if (before !== undefined && before !== handle) {
      const origins = this.#advertisers.get(before)
      origins?.delete(origin)
      if (origins?.size === 0) this.#advertisers.delete(before)
      this.#handles.delete(id)
    }
    if (handle === undefined) return
    this.#handles.set(id, handle)
    const origins = this.#advertisers.get(handle) ?? new Map<string, string>()
    this.#advertisers.set(handle, origins.set(origin, key))
  }

  #setLinks(origin: string, links: readonly NamedLink[]): void {
    this.#graph.set(origin, links)
    this.#paths = undefined
  }

  #dropLinks(origin: string): void {
    this.#graph.delete(origin)
    this.#paths = undefined
  }
}
