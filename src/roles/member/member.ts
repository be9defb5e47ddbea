import { create } from '@bufbuild/protobuf'
import type { Role } from '../../core/ids/role.ts'
import type { Lifecycle, Part } from '../../ports/part.ts'
import type { Signer } from '../../ports/signer.ts'
import { HansaError } from '../../schema/errors.ts'
import { type BundleResponse, type NodeInfo, NodeInfoSchema, type TrustBundle, type TrustUpdate } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { methods } from '../../wire/methods.ts'
import { CRL_EVERY_MS, type MemberConfig, NODES_EVERY_MS } from './config.ts'
import { Bundles } from './bundles.ts'
import { checkSequence } from './check-sequence.ts'
import { CrlWatch } from './crl-watch.ts'
import type { MemberDeps } from './deps.ts'
import { Dialer } from './dialer.ts'
import { NodeExchange } from './node-exchange.ts'
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

class MemberService implements Member {
  readonly #config: MemberConfig
  readonly #deps: MemberDeps
  readonly #nodes: NodeExchange
  readonly #dialer: Dialer
  readonly #crls: CrlWatch
  readonly #own: OwnCertificate
  readonly #trust: TrustPush
  readonly #bundles: Bundles

  constructor(config: MemberConfig, deps: MemberDeps) {
    this.#config = config
    this.#deps = deps
    this.#dialer = new Dialer(deps.network, deps.clock, deps.log)
    this.#nodes = new NodeExchange(config.domain, deps, this.#dialer, {
      self: () => this.self(),
      connected: (peer) => this.#crls.connected(peer),
      first: () => Promise.all([this.#crls.fetch(), this.#bundles.round()]),
      metAuthority: (peer) => this.#bundles.met(peer),
      push: () => this.#trust.push()
    })
    const servers = () => [...this.#nodes.withRole('aca'), ...this.#nodes.infrastructure()]
    this.#crls = new CrlWatch(config.domain, deps, servers, config.crlSources)
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
      servers,
      () => void this.renew().catch((error: unknown) => deps.log.warn({ err: error }, 'the certificate was not renewed under the new root'))
    )
    this.#trust = new TrustPush(
      config.domain,
      deps,
      () => this.#nodes.infrastructure(),
      () => this.#bundles.foreign()
    )
  }

  async start(): Promise<void> {
    this.#serve()
    await this.#bundles.start()
    this.#nodes.start()
    this.#deps.network.onDisconnect((peer) => this.#bundles.lost(peer))
    this.#crls.start(this.#config.crlEveryMs ?? CRL_EVERY_MS)
    this.#own.start()
    if (this.#deps.identities.self()?.roles.some((role) => role === 'agw' || role === 'aca') === true) this.#trust.start()
    for (const address of this.#config.bootstrap) this.#dialer.keepAddress(address)
    this.#dialer.start()
    this.#nodes.begin(this.#config.nodesEveryMs ?? NODES_EVERY_MS)
  }

  async stop(): Promise<void> {
    this.#nodes.stop()
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
    return this.#nodes.all()
  }

  find(role: Role): NodeInfo[] {
    const own = this.#deps.identities.self()?.roles.includes(role) === true ? [this.self()] : []
    return [...own, ...this.#nodes.withRole(role)]
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

  #serve(): void {
    const { rpc } = this.#deps
    rpc.handle(methods.ping, ({ payload }) => ({ payload }))
    rpc.handle(methods.nodes, ({ self }, { caller }) => {
      this.#nodes.asked(caller, self)
      return { nodes: [this.self(), ...this.#nodes.infrastructure()] }
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
}
