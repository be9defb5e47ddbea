import type { Role } from '../../core/ids/role.ts'
import type { Caller } from '../../ports/rpc.ts'
import { type ErrorCode, toHansaError } from '../../schema/errors.ts'
import type { NodeInfo } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { methods } from '../../wire/methods.ts'
import type { MemberDeps } from './deps.ts'
import type { Dialer } from './dialer.ts'
import { isServer, KnownNodes } from './known-nodes.ts'

const EXCHANGE_TIMEOUT_MS = 5000
/** A node that has just started listens before it serves; it will in a moment. */
const EXCHANGE_AGAIN_MS = 2000
/** Answers of nodes that are not of this domain, or not of Hansa: asking again on the same connection is in vain. */
const NOT_OURS: readonly ErrorCode[] = [
  'PERMISSION_DENIED',
  'UNKNOWN_DOMAIN',
  'UNAUTHENTICATED',
  'PROTOCOL_VERSION',
  'CERTIFICATE_INVALID',
  'CERTIFICATE_REVOKED'
]

export interface NodeExchangeHooks {
  /** This node as others may reach it. */
  readonly self: () => NodeInfo
  /** A peer that we dialled is there: before it is told anything. */
  readonly connected: (peer: string) => Promise<void>
  /** A server of the domain answers for the first time. */
  readonly first: () => Promise<unknown>
  /** A node with the role aca has shown itself. */
  readonly metAuthority: (peer: string) => Promise<void>
  /** Somebody may not have heard what this node knows. */
  readonly push: () => void
}

/** draft 2.2: nodes of one domain find each other. Each tells those that it dials who it is, and asks whom they know; the servers stay connected. */
export class NodeExchange {
  readonly #domain: string
  readonly #deps: MemberDeps
  readonly #dialer: Dialer
  readonly #hooks: NodeExchangeHooks
  readonly #known: KnownNodes
  /** Round trip of the last exchange, in milliseconds, of connected peers; undefined while one is under way. */
  readonly #roundTrip = new Map<string, number | undefined>()
  /** Connected peers that are not of this domain. */
  readonly #foreign = new Set<string>()
  #stopped = false
  #stopTimer = () => {}

  constructor(domain: string, deps: MemberDeps, dialer: Dialer, hooks: NodeExchangeHooks) {
    this.#domain = domain
    this.#deps = deps
    this.#dialer = dialer
    this.#hooks = hooks
    this.#known = new KnownNodes(domain, deps.network.peer)
  }

  /** Handles what connects from now on; `begin` turns to who is there already. */
  start(): void {
    const { network, identities } = this.#deps
    network.onConnect((peer) => this.#connected(peer))
    network.onDisconnect((peer) => {
      this.#roundTrip.delete(peer)
      this.#foreign.delete(peer)
    })
    identities.onChange(() => this.#forgetFallen())
  }

  begin(everyMs: number): void {
    const { clock, network } = this.#deps
    this.#stopTimer = clock.every(everyMs, () => this.#round())
    for (const { peer } of network.peers()) this.#connected(peer)
  }

  stop(): void {
    this.#stopped = true
    this.#stopTimer()
  }

  /** Nodes of the own domain that are known, without this one. */
  all(): NodeInfo[] {
    return this.#known.all()
  }

  /** Those of them with a role other than agent. */
  infrastructure(): NodeInfo[] {
    return this.#known.infrastructure()
  }

  /** Those with a role, nearest first: connected ones by round trip, then the rest. */
  withRole(role: Role): NodeInfo[] {
    const connected = new Set(this.#deps.network.peers().map(({ peer }) => peer))
    const distance = ({ peerId }: NodeInfo) => (connected.has(peerId) ? (this.#roundTrip.get(peerId) ?? Number.MAX_SAFE_INTEGER) : Infinity)
    // Not a difference: Infinity less Infinity is no number.
    return this.#known.withRole(role).sort((a, b) => (distance(a) < distance(b) ? -1 : distance(a) > distance(b) ? 1 : 0))
  }

  /** A node has asked whom we know, and says who it is. */
  asked(caller: Caller, self: NodeInfo | undefined): void {
    const { identity } = caller
    if (identity !== undefined) this.#known.learn(identity, self, this.#deps.clock.now())
    if (identity?.domain === this.#domain && identity.roles.includes('aca')) void this.#hooks.metAuthority(identity.peer)
    this.#keep()
    this.#hooks.push()
  }

  /** Only the side that dialled asks: the other one learns from the question. */
  #connected(peer: string): void {
    const dialled = this.#deps.network.peers().some((each) => each.peer === peer && each.direction === 'outbound')
    if (dialled) void this.#hooks.connected(peer).then(() => this.#exchange(peer))
  }

  #round(): void {
    const { clock, network, log } = this.#deps
    const now = clock.now()
    for (const { peer } of network.peers()) {
      this.#known.touch(peer, now)
      if (isServer(this.#known.get(peer)?.roles ?? [])) void this.#exchange(peer)
    }
    this.#known.expire(now)
    this.#keep()
    log.debug({ nodes: this.#known.all().length }, 'nodes of the domain')
  }

  /** Tells a node who is here and asks whom it knows (draft 2.2: nodes of one domain). */
  async #exchange(peer: string): Promise<void> {
    const { rpc, identities, clock, log, network } = this.#deps
    if (this.#stopped || identities.self() === undefined || this.#foreign.has(peer) || (this.#roundTrip.has(peer) && this.#roundTrip.get(peer) === undefined))
      return
    this.#roundTrip.set(peer, undefined)
    const begun = clock.monotonic()
    try {
      const { nodes } = await rpc.call(
        { peer, expect: { domain: this.#domain } },
        methods.nodes,
        { self: this.#hooks.self() },
        { timeoutMs: EXCHANGE_TIMEOUT_MS }
      )
      this.#roundTrip.set(peer, clock.monotonic() - begun)
      const identity = await rpc.hello({ peer })
      const now = clock.now()
      const first = !this.#known.all().some((info) => info.peerId === peer)
      this.#known.learn(
        identity,
        nodes.find((info) => info.peerId === peer),
        now
      )
      // An agent knows the servers from them; its word is not needed, and agents are many.
      if (isServer(identity.roles)) for (const info of nodes) if (info.peerId !== peer && !this.#fallen(info.peerId)) this.#known.hear(info, now)
      this.#keep()
      this.#hooks.push()
      if (identity.roles.includes('aca')) await this.#hooks.metAuthority(peer)
      if (first) await this.#hooks.first()
    } catch (error) {
      this.#roundTrip.delete(peer)
      const { code, metadata } = toHansaError(error)
      // Said by us of the other one; when it says so of us, it is still a server of ours.
      if (code === 'CERTIFICATE_REVOKED' && metadata['at'] === identities.self()?.spiffeId) this.#known.forget(peer)
      if (NOT_OURS.includes(code)) this.#foreign.add(peer)
      else if (!this.#stopped && network.peers().some((each) => each.peer === peer)) clock.after(EXCHANGE_AGAIN_MS, () => void this.#exchange(peer))
      log.debug({ err: error, peer }, 'no exchange of nodes')
    }
  }

  /** Whose certificate has been revoked is told to nobody any more: no route, no address, no dialling. */
  #forgetFallen(): void {
    // Whoever was refused, or refused us, may be another's judgement now: a hold has been lifted, a domain was listed.
    this.#foreign.clear()
    for (const { peerId } of this.#known.all()) if (this.#fallen(peerId)) this.#known.forget(peerId)
    this.#keep()
  }

  /** True when the certificate that a node has shown last is revoked. */
  #fallen(peer: string): boolean {
    const { identities } = this.#deps
    const identity = identities.lastOf(peer)
    if (identity === undefined) return false
    try {
      identities.check(identity)
      return false
    } catch (error) {
      return toHansaError(error).code === 'CERTIFICATE_REVOKED'
    }
  }

  #keep(): void {
    this.#dialer.keepPeers(this.#known.infrastructure().map(({ peerId, multiaddrs }) => ({ peer: peerId, addresses: multiaddrs })))
  }
}
