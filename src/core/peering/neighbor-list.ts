import type { NodeInfo } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { FailureDetector } from '../liveness/failure-detector.ts'

/**
 * connecting: we want it and are dialling; up: interconnected; offline: silent or cut off, still wanted; holding: it said "restarting" and its agents
 * are kept for a while.
 */
export type NeighborState = 'connecting' | 'up' | 'offline' | 'holding'

export interface Neighbor {
  /** SPIFFE ID. */
  readonly id: string
  readonly info: NodeInfo
  /** Protocol versions that both speak. */
  readonly protocols: readonly string[]
  readonly state: NeighborState
  /** Monotonic milliseconds of the last change of state. */
  readonly since: number
  /** Smoothed round trip in milliseconds; 0 until measured. */
  readonly rttMs: number
}

/** What follows from an event; the gateway carries it out. */
export type PeeringEffect =
  /** Interconnected: synchronize, and name the link. */
  | { readonly kind: 'up'; readonly neighbor: Neighbor }
  /** Its agents are inapplicable from now on (draft 3.4.3). */
  | { readonly kind: 'offline'; readonly neighbor: Neighbor }
  | { readonly kind: 'holding'; readonly neighbor: Neighbor }
  /** It is out of the list, and its agents with it (draft 3.4.3: disconnection). */
  | { readonly kind: 'removed'; readonly neighbor: Neighbor }

export interface NeighborListOptions {
  readonly heartbeatMs: number
  readonly missed: number
  readonly holdMs: number
  /** How long an offline neighbour stays in the list. */
  readonly forgetMs: number
  /** Most neighbours. */
  readonly limit: number
}

/** One domain fills at most this part of the list by calling in: 32 of 256 places, more gateways than most domains have. */
const DOMAIN_SHARE = 8

/** Weight of a new round trip in the smoothed one, as TCP's (RFC 6298 2.3). */
const RTT_GAIN = 1 / 8

/** The draft's "AGw Neighbor List" (3.4.1). Times are monotonic milliseconds given by the caller. */
export class NeighborList {
  readonly #options: NeighborListOptions
  readonly #detector: FailureDetector
  readonly #neighbors = new Map<string, Neighbor>()

  constructor(options: NeighborListOptions) {
    this.#options = options
    this.#detector = new FailureDetector(options.heartbeatMs, options.missed)
  }

  all(): Neighbor[] {
    return [...this.#neighbors.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  get(id: string): Neighbor | undefined {
    return this.#neighbors.get(id)
  }

  isUp(id: string): boolean {
    return this.#neighbors.get(id)?.state === 'up'
  }

  /** True when one more fits, or `id` is in it already. */
  hasRoom(id: string): boolean {
    return this.#neighbors.has(id) || this.#neighbors.size < this.#options.limit
  }

  /** True when one more of this domain may come by itself: the gateways of one domain must not take the places of all others. */
  hasRoomFor(id: string, domain: string): boolean {
    const own = [...this.#neighbors.keys()].filter((other) => other.startsWith(`spiffe://${domain}/`)).length
    return this.#neighbors.has(id) || (this.hasRoom(id) && own < Math.max(1, Math.floor(this.#options.limit / DOMAIN_SHARE)))
  }

  /** We are dialling a gateway whose name we know. No effect on one that is listed. */
  connecting(info: NodeInfo, now: number): void {
    if (this.#neighbors.has(info.spiffeId) || !this.hasRoom(info.spiffeId)) return
    this.#neighbors.set(info.spiffeId, { id: info.spiffeId, info, protocols: [], state: 'connecting', since: now, rttMs: 0 })
  }

  /** The dial of a gateway that was never up has been given up for good. */
  abandoned(id: string): void {
    if (this.#neighbors.get(id)?.state === 'connecting') this.#neighbors.delete(id)
  }

  /** Mutual verification succeeded. The caller has asked hasRoom. */
  opened(info: NodeInfo, protocols: readonly string[], now: number): PeeringEffect[] {
    const before = this.#neighbors.get(info.spiffeId)
    this.#detector.heard(info.spiffeId, now)
    const wasUp = before?.state === 'up'
    const neighbor: Neighbor = {
      id: info.spiffeId,
      info,
      protocols,
      state: 'up',
      since: before !== undefined && wasUp ? before.since : now,
      rttMs: before?.rttMs ?? 0
    }
    this.#neighbors.set(neighbor.id, neighbor)
    return wasUp ? [] : [{ kind: 'up', neighbor }]
  }

  /** A heartbeat, or an answer to ours. False for one that is not interconnected: it must connect again. */
  heard(id: string, now: number, rttMs?: number): { readonly known: boolean; readonly effects: PeeringEffect[] } {
    const before = this.#neighbors.get(id)
    if (before === undefined || before.state === 'connecting' || before.state === 'holding') return { known: false, effects: [] }
    this.#detector.heard(id, now)
    const smoothed = rttMs === undefined ? before.rttMs : before.rttMs === 0 ? rttMs : before.rttMs + (rttMs - before.rttMs) * RTT_GAIN
    const neighbor: Neighbor = { ...before, state: 'up', since: before.state === 'up' ? before.since : now, rttMs: smoothed }
    this.#neighbors.set(id, neighbor)
    return { known: true, effects: before.state === 'up' ? [] : [{ kind: 'up', neighbor }] }
  }

  /** Its connection is gone and it does not answer. */
  lost(id: string, now: number): PeeringEffect[] {
    if (this.#neighbors.get(id)?.state !== 'up') return []
    this.#detector.suspect(id)
    return [{ kind: 'offline', neighbor: this.#move(id, 'offline', now) }]
  }

  /** It has said goodbye, or we have; `restarting` keeps it for a while. */
  closed(id: string, restarting: boolean, now: number): PeeringEffect[] {
    const neighbor = this.#neighbors.get(id)
    if (neighbor === undefined) return []
    this.#detector.forget(id)
    if (restarting) return [{ kind: 'holding', neighbor: this.#move(id, 'holding', now) }]
    this.#neighbors.delete(id)
    return [{ kind: 'removed', neighbor }]
  }

  /** What time alone changes. Call it at least every few seconds. */
  tick(now: number): PeeringEffect[] {
    const effects: PeeringEffect[] = []
    for (const { id } of this.#detector.tick(now)) {
      if (this.#neighbors.get(id)?.state === 'up') effects.push({ kind: 'offline', neighbor: this.#move(id, 'offline', now) })
    }
    for (const neighbor of [...this.#neighbors.values()]) {
      const age = now - neighbor.since
      if ((neighbor.state === 'holding' && age >= this.#options.holdMs) || (neighbor.state === 'offline' && age >= this.#options.forgetMs))
        effects.push(...this.closed(neighbor.id, false, now))
    }
    return effects
  }

  #move(id: string, state: NeighborState, now: number): Neighbor {
    const before = this.#neighbors.get(id)
    if (before === undefined) throw new TypeError(`no neighbour ${id}`)
    const neighbor: Neighbor = { ...before, state, since: now }
    this.#neighbors.set(id, neighbor)
    return neighbor
  }
}
