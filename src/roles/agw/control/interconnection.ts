import { create } from '@bufbuild/protobuf'
import { compatibility } from '../../../core/peering/compatibility.ts'
import type { NeighborList, PeeringEffect } from '../../../core/peering/neighbor-list.ts'
import type { PeerIdentity } from '../../../ports/identity.ts'
import { HansaError } from '../../../schema/errors.ts'
import { type ConnectRequest, type ConnectResponse, GatewayStatus } from '../../../schema/generated/hansa/v1/gateway_pb.ts'
import { type NodeInfo, NodeInfoSchema, type TrustBundle } from '../../../schema/generated/hansa/v1/trust_pb.ts'
import { methods } from '../../../wire/methods.ts'
import { callerOf } from './attachments.ts'
import type { ControlDeps } from './control-deps.ts'
import { listRoot } from './list-root.ts'

/** How long a goodbye may take: a peer that does not answer will notice anyway. */
const GOODBYE_MS = 2_000

/** Addresses kept of one gateway. */
const MAX_ADDRESSES = 16

const MAX_ADDRESS_CHARACTERS = 512

/** Language pairs of one gateway (trust.proto): two tags of at most 35 characters each. */
const MAX_PAIRS = 128
const MAX_PAIR_CHARACTERS = 71

export interface InterconnectionEvents {
  /** False before the start and after the stop: nobody is to count on this gateway then. */
  running(): boolean
  effects(effects: readonly PeeringEffect[]): void
  /** A neighbour said goodbye for good. */
  goodbye(id: string): void
}

/** Interconnection and disconnection of gateways (draft 3.4.1, 3.4.3), both sides. */
export class Interconnection {
  readonly #deps: ControlDeps
  readonly #list: NeighborList
  readonly #events: InterconnectionEvents
  /** Newest verified identity of each neighbour, to drop it when its certificate is revoked. */
  readonly #identities = new Map<string, PeerIdentity>()
  #leaving = false

  constructor(deps: ControlDeps, list: NeighborList, events: InterconnectionEvents) {
    this.#deps = deps
    this.#list = list
    this.#events = events
  }

  /** Serves the methods. Call once. */
  serve(): void {
    const { rpc } = this.#deps
    rpc.handle(methods.connect, (request, context) => this.#accept(request, callerOf(context)))
    rpc.handle(methods.disconnect, (request, context) => {
      const { spiffeId } = callerOf(context)
      if (this.#list.get(spiffeId) === undefined) throw new HansaError('NEIGHBOR_NOT_FOUND', `${spiffeId} is not interconnected here`)
      this.#deps.log.info({ neighbor: spiffeId, restarting: request.restarting, reason: request.reason.slice(0, 200) }, 'neighbour disconnected')
      if (!request.restarting) this.#events.goodbye(spiffeId)
      this.#close(spiffeId, request.restarting)
      return {}
    })
  }

  /** Dials an address and interconnects with the gateway there; `root`: SHA-256 (hex) of the root that its domain must have, which lists the domain. */
  async connectAddress(address: string, root?: string, signal?: AbortSignal): Promise<string> {
    const peer = await this.#deps.network.dial(address, signal)
    if (root !== undefined) await listRoot(this.#deps, peer, root, signal)
    return this.connect(peer, [address], undefined, signal)
  }

  /** Interconnection request (draft 3.4.1). Throws what the hello and the other side throw, PERMISSION_DENIED, PROTOCOL_VERSION. */
  async connect(peer: string, addresses: readonly string[], spiffeId?: string, signal?: AbortSignal): Promise<string> {
    const { rpc, config } = this.#deps
    const identity = await rpc.hello({ peer, addresses, expect: { spiffeId, role: 'agw' } }, { signal })
    if (identity.peer === this.#deps.network.peer) throw new HansaError('INVALID_ARGUMENT', 'a gateway cannot interconnect with itself')
    this.#requireRoom(identity.spiffeId)
    const target = { peer, addresses, expect: { spiffeId: identity.spiffeId, role: 'agw' } }
    const answer = await rpc.call(target, methods.connect, this.#introduction(), { signal })
    const info = reviewInfo(answer.gateway, identity)
    const common = compatibility(config.protocols, answer.protocols)
    if (!common.ok) throw incompatible(identity.spiffeId, common.missing)
    this.#open(info, common.protocols, identity)
    this.#bundle(answer.bundle, identity)
    return identity.spiffeId
  }

  /** Says goodbye for good and takes the neighbour out of the list. Throws NEIGHBOR_NOT_FOUND. */
  async disconnect(id: string, reason: string): Promise<void> {
    const neighbor = this.#list.get(id)
    if (neighbor === undefined) throw new HansaError('NEIGHBOR_NOT_FOUND', `${id} is not a neighbour`)
    if (neighbor.state === 'up') await this.#goodbye(neighbor.info, reason, false)
    this.#close(id, false)
  }

  /** Says to all neighbours that this gateway restarts, and takes none any more: those who want it back would find it up while it drains. */
  async announceRestart(): Promise<void> {
    this.#leaving = true
    const up = this.#list.all().filter(({ state }) => state === 'up')
    await Promise.all(up.map(({ info }) => this.#goodbye(info, 'restarting', true)))
  }

  /** Drops neighbours whose certificate no longer holds. */
  checkAll(): void {
    for (const { id } of this.#list.all()) {
      const identity = this.#identities.get(id)
      if (identity === undefined) continue
      try {
        this.#deps.identities.check(identity)
      } catch (error) {
        this.#deps.log.warn({ neighbor: id, error }, 'neighbour dropped: its certificate no longer holds')
        this.#close(id, false)
      }
    }
  }

  /** The identity that a neighbour's newest call has shown. */
  seen(identity: PeerIdentity): void {
    if (this.#identities.has(identity.spiffeId)) this.#identities.set(identity.spiffeId, identity)
  }

  #accept(request: ConnectRequest, caller: PeerIdentity) {
    if (!this.#events.running()) throw new HansaError('OVERLOADED', 'this gateway is starting or stopping')
    if (this.#leaving) throw new HansaError('OVERLOADED', 'this gateway is stopping')
    const info = reviewInfo(request.gateway, caller)
    const common = compatibility(this.#deps.config.protocols, request.protocols)
    if (!common.ok) throw incompatible(caller.spiffeId, common.missing)
    this.#requireRoom(caller.spiffeId)
    if (!caller.own && !this.#list.hasRoomFor(caller.spiffeId, caller.domain))
      throw new HansaError('OVERLOADED', `all places that ${caller.domain} may take here are taken`, { domain: caller.domain })
    this.#open(info, common.protocols, caller)
    this.#bundle(request.bundle, caller)
    return this.#introduction()
  }

  #open(info: NodeInfo, protocols: readonly string[], identity: PeerIdentity): void {
    this.#identities.set(identity.spiffeId, identity)
    this.#events.effects(this.#list.opened(info, protocols, this.#deps.clock.monotonic()))
  }

  /** Trust bundles are exchanged with domains that the operator has listed, and never list one. */
  #bundle(said: TrustBundle | undefined, { peer, own }: PeerIdentity): void {
    if (!own) void this.#deps.trust.heard(peer, said)
  }

  #close(id: string, restarting: boolean): void {
    if (!restarting) this.#identities.delete(id)
    this.#events.effects(this.#list.closed(id, restarting, this.#deps.clock.monotonic()))
  }

  async #goodbye(info: NodeInfo, reason: string, restarting: boolean): Promise<void> {
    const target = { peer: info.peerId, addresses: info.multiaddrs, expect: { spiffeId: info.spiffeId } }
    try {
      await this.#deps.rpc.call(target, methods.disconnect, { reason, restarting }, { timeoutMs: GOODBYE_MS })
    } catch (error) {
      this.#deps.log.debug({ neighbor: info.spiffeId, error }, 'goodbye not heard')
    }
  }

  #requireRoom(id: string): void {
    if (!this.#list.hasRoom(id)) throw new HansaError('OVERLOADED', `all ${this.#deps.config.bounds.neighbors} places for neighbours are taken`)
  }

  /** What each side says of itself: request and response have the same form. */
  #introduction(): Omit<ConnectResponse, '$typeName'> {
    const { members, config, trust } = this.#deps
    return {
      gateway: members.self(),
      protocols: [...config.protocols],
      status: GatewayStatus.RUNNING,
      bundle: trust.bundle()
    }
  }
}

/** What a gateway says of itself must be what its certificate says of it; the rest is bounded. */
function reviewInfo(info: NodeInfo | undefined, identity: PeerIdentity): NodeInfo {
  if (info === undefined || info.spiffeId !== identity.spiffeId || info.peerId !== identity.peer)
    throw new HansaError('PERMISSION_DENIED', `${identity.spiffeId} speaks of another gateway than itself`)
  if (!identity.roles.includes('agw')) throw new HansaError('PERMISSION_DENIED', `${identity.spiffeId} is no gateway`)
  return create(NodeInfoSchema, {
    spiffeId: identity.spiffeId,
    peerId: identity.peer,
    roles: [...identity.roles],
    multiaddrs: info.multiaddrs.filter((address) => address.length <= MAX_ADDRESS_CHARACTERS).slice(0, MAX_ADDRESSES),
    ingress: info.ingress.slice(0, MAX_ADDRESS_CHARACTERS),
    translates: info.translates.filter((pair) => pair.length <= MAX_PAIR_CHARACTERS).slice(0, MAX_PAIRS)
  })
}

function incompatible(id: string, missing: readonly string[]): HansaError {
  return new HansaError('PROTOCOL_VERSION', `no common version of ${missing.join(' and ')} with ${id}`, { missing: missing.join(',') })
}
