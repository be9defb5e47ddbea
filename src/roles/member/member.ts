import { create } from '@bufbuild/protobuf'
import type { Role } from '../../core/ids/role.ts'
import type { Lifecycle, Part } from '../../ports/part.ts'
import type { Signer } from '../../ports/signer.ts'
import { type ErrorCode, HansaError, toHansaError } from '../../schema/errors.ts'
import { type BundleResponse, type NodeInfo, NodeInfoSchema, type TrustBundle, type TrustUpdate } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { methods } from '../../wire/methods.ts'
import { CRL_EVERY_MS, type MemberConfig, NODES_EVERY_MS } from './config.ts'
import { Bundles } from './bundles.ts'
import { checkSequence } from './check-sequence.ts'
import { CrlWatch } from './crl-watch.ts'
import type { MemberDeps } from './deps.ts'
import { Dialer } from './dialer.ts'
import { isServer, KnownNodes } from './known-nodes.ts'
import { createOwnCertificate, type OwnCertificate } from './own-certificate.ts'
import { TrustPush } from './trust-push.ts'

/** What every node does whatever its roles: knows its domain, keeps its certificate and its lists fresh, and cuts off who is believed no longer. */
export interface Member extends Lifecycle {
  /** This node as others may reach it. Throws UNAUTHENTICATED before enrolment. */
  self(): NodeInfo
  /** Nodes of the own domain that are known, without this one. */
  nodes(): NodeInfo[]
  /** Nodes of the own domain with a role, nearest first: this one, then connected ones by round trip, then the rest. */
  find(role: Role): NodeInfo[]
  /** Renews the certificate now; with `scopes`, for these of those that it has. Throws what the ACA answers (SCOPE_EXCEEDED), or PEER_UNREACHABLE. */
  renew(scopes?: readonly string[]): Promise<readonly Uint8Array[]>
  /** draft 3.1.2: the chain for a new key of this node, which is used once the node runs with that key. Throws as `renew`. */
  rekey(next: Signer): Promise<readonly Uint8Array[]>
  /** Gives up a certificate of this node's key, or of the one before it; the number of the list that says so. Throws as `renew`, INVALID_ARGUMENT. */
  revoke(serial: string, reason: string): Promise<number>
  /** Asks for revocation lists now. */
  refresh(): Promise<void>
  /** Asks a listed domain, own or not, which roots it has now. True when they are others than before. */
  refreshBundle(domain: string): Promise<boolean>
  /** The roots of the own domain, with the signed word of its ACA where it has been heard. */
  bundle(): BundleResponse
  /** A gateway at `peer` says which bundle its domain has; that only makes this node ask. Never throws. */
  bundleHeard(peer: string, said: TrustBundle | undefined): Promise<void>
}

export function member(config: MemberConfig): Part<MemberDeps, Member> {
  return { name: 'member', create: (deps) => new MemberService(config, deps) }
}

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

class MemberService implements Member {
  readonly #config: MemberConfig
  readonly #deps: MemberDeps
  readonly #known: KnownNodes
  readonly #dialer: Dialer
  readonly #crls: CrlWatch
  readonly #own: OwnCertificate
  readonly #trust: TrustPush
  readonly #bundles: Bundles
  /** Round trip of the last exchange, in milliseconds, of connected peers; undefined while one is under way. */
  readonly #roundTrip = new Map<string, number | undefined>()
  /** Connected peers that are not of this domain. */
  readonly #foreign = new Set<string>()
  #stopped = false
  #stopTimer = () => {}

  constructor(config: MemberConfig, deps: MemberDeps) {
    this.#config = config
    this.#deps = deps
    this.#known = new KnownNodes(config.domain, deps.network.peer)
    this.#dialer = new Dialer(deps.network, deps.clock, deps.log)
    this.#crls = new CrlWatch(config.domain, deps, () => [...this.#others('aca'), ...this.#known.infrastructure()], config.crlSources)
    this.#own = createOwnCertificate(config.domain, deps, () => this.find('aca'))
    const { metrics, identities, clock } = deps
    metrics?.gauge('hansa_certificate_seconds_left', 'Until the own certificate ends.', () => ((identities.self()?.notAfter ?? 0) - clock.now()) / 1000)
    metrics?.gauge('hansa_crl_age_seconds', 'Since the list of the own domain was made; -1 when none is held.', () => {
      const held = identities.crl(config.domain)
      return held === undefined ? -1 : (clock.now() - held.thisUpdate) / 1000
    })
    metrics?.gauge(
      'hansa_crl_overdue_seconds',
      'Since the newest list of a listed domain should have been replaced; 0 while it is current, -1 when none is held.',
      () =>
        identities.lists().map(({ domain, nextUpdate }) => ({
          labels: { domain },
          value: nextUpdate === undefined ? -1 : Math.max(0, clock.now() - nextUpdate) / 1000
        })),
      ['domain']
    )
    this.#bundles = new Bundles(
      config.domain,
      deps,
      () => [...this.#others('aca'), ...this.#known.infrastructure()],
      () => void this.renew().catch((error: unknown) => deps.log.warn({ err: error }, 'the certificate was not renewed under the new root'))
    )
    this.#trust = new TrustPush(
      config.domain,
      deps,
      () => this.#known.infrastructure(),
      () => this.#bundles.foreign()
    )
  }

  async start(): Promise<void> {
    const { clock, network, identities } = this.#deps
    this.#serve()
    await this.#bundles.start()
    network.onConnect((peer) => this.#connected(peer))
    network.onDisconnect((peer) => {
      this.#roundTrip.delete(peer)
      this.#foreign.delete(peer)
      this.#bundles.lost(peer)
    })
    identities.onChange(() => this.#forgetFallen())
    this.#crls.start(this.#config.crlEveryMs ?? CRL_EVERY_MS)
    this.#own.start()
    if (this.#deps.identities.self()?.roles.some((role) => role === 'agw' || role === 'aca') === true) this.#trust.start()
    for (const address of this.#config.bootstrap) this.#dialer.keepAddress(address)
    this.#dialer.start()
    this.#stopTimer = clock.every(this.#config.nodesEveryMs ?? NODES_EVERY_MS, () => this.#round())
    for (const { peer } of network.peers()) this.#connected(peer)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#stopTimer()
    this.#dialer.stop()
    this.#crls.stop()
    this.#bundles.stop()
    this.#own.stop()
    this.#trust.stop()
  }

  self(): NodeInfo {
    const { identities, network } = this.#deps
    const self = identities.self()
    if (self === undefined) throw new HansaError('UNAUTHENTICATED', 'this node has no certificate yet')
    return create(NodeInfoSchema, {
      spiffeId: self.spiffeId,
      roles: [...self.roles],
      peerId: self.peer,
      multiaddrs: network.addresses(),
      ingress: this.#config.ingress?.() ?? ''
    })
  }

  nodes(): NodeInfo[] {
    return this.#known.all()
  }

  find(role: Role): NodeInfo[] {
    const own = this.#deps.identities.self()?.roles.includes(role) === true ? [this.self()] : []
    return [...own, ...this.#others(role)]
  }

  renew(scopes?: readonly string[]): Promise<readonly Uint8Array[]> {
    return this.#own.renew(scopes)
  }

  rekey(next: Signer): Promise<readonly Uint8Array[]> {
    return this.#own.rekey(next)
  }

  revoke(serial: string, reason: string): Promise<number> {
    return this.#own.revoke(serial, reason)
  }

  refresh(): Promise<void> {
    return this.#crls.fetch()
  }

  refreshBundle(domain: string): Promise<boolean> {
    return this.#bundles.refresh(domain)
  }

  bundle(): BundleResponse {
    return this.#bundles.answer()
  }

  bundleHeard(peer: string, said: TrustBundle | undefined): Promise<void> {
    return this.#bundles.heard(peer, said)
  }

  #others(role: Role): NodeInfo[] {
    const connected = new Set(this.#deps.network.peers().map(({ peer }) => peer))
    const distance = ({ peerId }: NodeInfo) => (connected.has(peerId) ? (this.#roundTrip.get(peerId) ?? Number.MAX_SAFE_INTEGER) : Infinity)
    // Not a difference: Infinity less Infinity is no number.
    return this.#known.withRole(role).sort((a, b) => (distance(a) < distance(b) ? -1 : distance(a) > distance(b) ? 1 : 0))
  }

  #serve(): void {
    const { rpc, clock } = this.#deps
    rpc.handle(methods.ping, ({ payload }) => ({ payload }))
    rpc.handle(methods.nodes, ({ self }, { caller }) => {
      if (caller.identity !== undefined) this.#known.learn(caller.identity, self, clock.now())
      if (caller.identity?.domain === this.#config.domain && caller.identity.roles.includes('aca')) void this.#bundles.met(caller.identity.peer)
      this.#keep()
      this.#trust.push()
      return { nodes: [this.self(), ...this.#known.infrastructure()] }
    })
    rpc.handle(methods.trust, async (update) => {
      await this.#takeTrust(update)
      return {}
    })
  }

  async #takeTrust({ bundles, signed }: TrustUpdate): Promise<void> {
    const { identities, log, clock } = this.#deps
    for (const { domain, roots, sequence } of bundles) {
      try {
        checkSequence(sequence, clock.now())
        if (await identities.list(domain, roots, sequence)) log.info({ domain, listed: roots.length > 0 }, 'trust list changed by a node of ours')
      } catch (error) {
        // One root that has expired must not keep the others out.
        log.warn({ err: error, domain: domain.slice(0, 253) }, 'a domain of the trust list of our gateway was not listed')
      }
    }
    for (const each of signed) {
      try {
        await this.#bundles.take(each)
      } catch (error) {
        log.debug({ err: error }, 'what a domain says of its roots was not believed here')
      }
    }
  }

  /** Only the side that dialled asks: the other one learns from the question. */
  #connected(peer: string): void {
    const dialled = this.#deps.network.peers().some((each) => each.peer === peer && each.direction === 'outbound')
    if (dialled) void this.#crls.connected(peer).then(() => this.#exchange(peer))
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
        { peer, expect: { domain: this.#config.domain } },
        methods.nodes,
        { self: this.self() },
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
      this.#trust.push()
      if (identity.roles.includes('aca')) await this.#bundles.met(peer)
      if (first) await Promise.all([this.#crls.fetch(), this.#bundles.round()])
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
