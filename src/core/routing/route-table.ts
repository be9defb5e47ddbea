import { AgentStatus } from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { AgentAdvert } from '../../schema/generated/hansa/v1/gateway_pb.ts'
import type { Path } from './link-graph.ts'

/** One line of the routing table: an agent, the gateway that advertises it, and the way there. */
export interface Route {
  readonly advert: AgentAdvert
  /** SPIFFE ID of the gateway that the agent is attached to. */
  readonly origin: string
  /** The neighbour on the way; undefined when there is none, or when `origin` is this gateway. */
  readonly via: string | undefined
  readonly cost: number
  readonly hops: number
  /** The draft's "applicability" (3.4.3): the agent is online and its gateway can be reached. */
  readonly applicable: boolean
}

export interface Advertised {
  readonly advert: AgentAdvert
  readonly origin: string
  /** False while the origin's word is old: it restarts and has not confirmed the agent yet. */
  readonly confirmed: boolean
}

/** The route to one advertised agent, given the paths from `self`. */
export function routeTo(advertised: Advertised, self: string, paths: ReadonlyMap<string, Path>): Route {
  const { advert, origin } = advertised
  const path = paths.get(origin)
  const local = origin === self
  return {
    advert,
    origin,
    via: path?.via,
    cost: local ? 0 : (path?.cost ?? Infinity),
    hops: local ? 0 : (path?.hops ?? Infinity),
    applicable: advertised.confirmed && advert.status === AgentStatus.ONLINE && (local || path !== undefined)
  }
}

/** Best first: applicable before not, then nearer, then fewer links, then the smaller name of the gateway. The same everywhere. */
export function compareRoutes(a: Route, b: Route): number {
  if (a.applicable !== b.applicable) return a.applicable ? -1 : 1
  if (a.cost !== b.cost) return a.cost - b.cost
  if (a.hops !== b.hops) return a.hops - b.hops
  return a.origin < b.origin ? -1 : a.origin > b.origin ? 1 : 0
}

export type Choice =
  | { readonly kind: 'route'; readonly route: Route }
  | { readonly kind: 'unknown' }
  /** Known, but wherever it is attached it is offline. */
  | { readonly kind: 'offline' }
  /** Online somewhere, but there is no way. */
  | { readonly kind: 'no-route'; readonly origin: string }

/** Of all gateways that advertise an agent, the nearest applicable one. */
export function choose(routes: readonly Route[]): Choice {
  const best = [...routes].sort(compareRoutes)[0]
  if (best === undefined) return { kind: 'unknown' }
  if (best.applicable) return { kind: 'route', route: best }
  const online = routes.find((route) => route.advert.status === AgentStatus.ONLINE && route.cost === Infinity)
  return online === undefined ? { kind: 'offline' } : { kind: 'no-route', origin: online.origin }
}
