import { create } from '@bufbuild/protobuf'
import { HeartbeatSchedule } from '../../../core/liveness/heartbeat-schedule.ts'
import type { Neighbor, NeighborList, PeeringEffect } from '../../../core/peering/neighbor-list.ts'
import { HansaError } from '../../../schema/errors.ts'
import { type GatewayHeartbeat, GatewayHeartbeatSchema, GatewayStatus, type OriginDigest } from '../../../schema/generated/hansa/v1/gateway_pb.ts'
import { methods } from '../../../wire/methods.ts'
import { callerOf } from './attachments.ts'
import type { ControlDeps } from './control-deps.ts'
import type { Interconnection } from './interconnection.ts'

/** How long a neighbour may take to answer after its connection was lost. */
const CHECK_MS = 1_000

export interface HeartbeatOptions {
  readonly deps: ControlDeps
  readonly list: NeighborList
  readonly interconnection: Interconnection
  /** Digest line of this gateway's own state. */
  readonly head: () => OriginDigest | undefined
  readonly effects: (effects: readonly PeeringEffect[]) => void
  /** A neighbour has newer state of its own than is known here. */
  readonly behind: (id: string) => void
  readonly lacks: (head: OriginDigest) => boolean
}

/** Heartbeats between neighbours (draft 3.4.3), and the quick check when a connection is lost. */
export class Heartbeats {
  readonly #options: HeartbeatOptions
  readonly #schedule: HeartbeatSchedule

  constructor(options: HeartbeatOptions) {
    this.#options = options
    this.#schedule = new HeartbeatSchedule(options.deps.config.heartbeatMs)
  }

  /** Serves the method. Call once. */
  serve(): void {
    const { deps, interconnection } = this.#options
    deps.rpc.handle(methods.gatewayHeartbeat, (beat, context) => {
      const caller = callerOf(context)
      interconnection.seen(caller)
      if (!this.#heard(caller.spiffeId, beat)) throw new HansaError('NEIGHBOR_NOT_FOUND', `${caller.spiffeId} is not interconnected here; connect again`)
      return this.#own()
    })
    deps.network.onDisconnect((peer) => {
      for (const neighbor of this.#options.list.all()) if (neighbor.info.peerId === peer && neighbor.state === 'up') void this.#check(neighbor)
    })
  }

  /** Measures the new neighbour at once, then beats at intervals. */
  open(id: string): void {
    this.#schedule.open(id, this.#options.deps.clock.monotonic())
    const neighbor = this.#options.list.get(id)
    if (neighbor !== undefined) void this.#beat(neighbor)
  }

  close(id: string): void {
    this.#schedule.close(id)
  }

  tick(): void {
    const { list, deps, effects } = this.#options
    const now = deps.clock.monotonic()
    for (const id of this.#schedule.due(now)) {
      const neighbor = list.get(id)
      if (neighbor?.state === 'up' || neighbor?.state === 'offline') void this.#beat(neighbor)
    }
    const follows = list.tick(now)
    effects(follows)
    for (const { kind, neighbor } of follows) if (kind === 'offline') this.#hangUp(neighbor)
  }

  /**
   * A line that died without a word (a pulled cable, a forgotten NAT entry) looks open for minutes, and every call on it waits for its deadline. Not at the
   * first late answer: that may be a busy neighbour, and its calls would be cut.
   */
  #hangUp({ id, info }: Neighbor): void {
    const { network, log } = this.#options.deps
    network.hangUp(info.peerId).catch((error: unknown) => log.debug({ neighbor: id, error }, 'the connection did not end'))
  }

  async #beat(neighbor: Neighbor, timeoutMs?: number): Promise<boolean> {
    const { deps, list, effects } = this.#options
    const started = deps.clock.monotonic()
    try {
      const answer = await deps.rpc.call(targetOf(neighbor), methods.gatewayHeartbeat, this.#own(), { timeoutMs })
      this.#heard(neighbor.id, answer, Math.max(0.1, deps.clock.monotonic() - started))
      return true
    } catch (error) {
      deps.log.debug({ neighbor: neighbor.id, error }, 'heartbeat not answered')
      // It runs but does not know us (any more): what we have of the interconnection is void.
      if (error instanceof HansaError && error.code === 'NEIGHBOR_NOT_FOUND') effects(list.lost(neighbor.id, deps.clock.monotonic()))
      return false
    }
  }

  /** A killed process on a live host resets its connection at once; a connection may also be lost alone, so ask once. */
  async #check(neighbor: Neighbor): Promise<void> {
    if (await this.#beat(neighbor, CHECK_MS)) return
    this.#options.effects(this.#options.list.lost(neighbor.id, this.#options.deps.clock.monotonic()))
  }

  #heard(id: string, beat: GatewayHeartbeat, rttMs?: number): boolean {
    const { list, deps, effects, behind, lacks } = this.#options
    const { known, effects: follows } = list.heard(id, deps.clock.monotonic(), rttMs)
    effects(follows)
    if (known && beat.head?.origin === id && lacks(beat.head)) behind(id)
    return known
  }

  #own(): GatewayHeartbeat {
    return create(GatewayHeartbeatSchema, { status: GatewayStatus.RUNNING, head: this.#options.head() })
  }
}

function targetOf(neighbor: Neighbor) {
  return { peer: neighbor.info.peerId, addresses: neighbor.info.multiaddrs, expect: { spiffeId: neighbor.id, role: 'agw' } }
}
