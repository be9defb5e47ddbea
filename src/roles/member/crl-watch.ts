import { fromBinary } from '@bufbuild/protobuf'
import type { NodeInfo } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { CrlGossipSchema } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import type { Verdict } from '../../ports/pubsub.ts'
import type { Target } from '../../ports/rpc.ts'
import { methods } from '../../wire/methods.ts'
import { TOPICS } from '../../wire/topics.ts'
import type { MemberDeps } from './deps.ts'

/** Servers of the own domain that are asked for its list in one round. */
const ASKED = 2

/** draft 3.1.2: keeps revocation lists fresh, by gossip and by asking, and cuts off those whom they revoke. */
export class CrlWatch {
  readonly #domain: string
  readonly #deps: MemberDeps
  readonly #servers: () => readonly NodeInfo[]
  readonly #sources: ReadonlyMap<string, readonly string[]>
  #stop = () => {}

  constructor(domain: string, deps: MemberDeps, servers: () => readonly NodeInfo[], sources: ReadonlyMap<string, readonly string[]> = new Map()) {
    this.#domain = domain
    this.#deps = deps
    this.#servers = servers
    this.#sources = sources
  }

  start(everyMs: number): void {
    const { pubsub, identities, clock, rpc } = this.#deps
    pubsub.subscribe(
      TOPICS.crl,
      (data) => this.#judge(data),
      () => {}
    )
    identities.onChange(() => this.#cutOff())
    rpc.handle(methods.crl, () => ({ lists: [this.#serve()] }))
    this.#stop = clock.every(everyMs, () => {
      // No list tells of a certificate that has ended by itself.
      this.#cutOff()
      void this.fetch()
    })
  }

  stop(): void {
    this.#stop()
  }

  /** Asks servers of the own domain, and of each other listed domain a connected node and the addresses that the operator gave. Never throws: the lists held stay in force. */
  async fetch(): Promise<void> {
    const { rpc, identities } = this.#deps
    const own = this.#servers().map(({ peerId, multiaddrs }) => ({ peer: peerId, addresses: multiaddrs }))
    const others = new Map<string, Target>()
    for (const identity of rpc.identities())
      if (!identity.own && identities.domains().includes(identity.domain)) others.set(identity.domain, { peer: identity.peer })
    const known = [...own.slice(0, ASKED), ...others.values()].map((target) => this.#ask(target))
    const given = [...this.#sources].flatMap(([domain, addresses]) =>
      identities.domains().includes(domain) ? addresses.map((address) => this.#askAt(address)) : []
    )
    await Promise.all([...known, ...given])
  }

  async #askAt(address: string): Promise<void> {
    try {
      await this.#ask({ peer: await this.#deps.network.dial(address), addresses: [address] })
    } catch (error) {
      this.#deps.log.debug({ err: error, address }, 'no revocation list from this address')
    }
  }

  async #ask(target: Target): Promise<void> {
    try {
      const { lists } = await this.#deps.rpc.call(target, methods.crl, {})
      for (const list of lists) this.#deps.identities.acceptCrl(list)
    } catch (error) {
      const { code } = toHansaError(error)
      if (code !== 'NOT_FOUND') this.#deps.log.debug({ err: error, peer: target.peer }, 'no revocation list from this node')
    }
  }

  #serve() {
    const held = this.#deps.identities.crl(this.#domain)
    if (held === undefined) throw new HansaError('NOT_FOUND', `no revocation list of ${this.#domain} is held here`)
    return held.response
  }

  /** A list is taken over while it is judged: what is genuine and new is passed on, old news is not, forgery is held against the sender. */
  #judge(data: Uint8Array): Verdict {
    try {
      const { news } = fromBinary(CrlGossipSchema, data)
      return news.case === 'list' && this.#deps.identities.acceptCrl(news.value) ? 'accept' : 'ignore'
    } catch (error) {
      // A domain that we have not listed may be listed by those who passed it on.
      return toHansaError(error).code === 'UNKNOWN_DOMAIN' ? 'ignore' : 'reject'
    }
  }

  /** rpc shows only those who are believed now, so the identities come from the connections. */
  #cutOff(): void {
    const { identities, network, log } = this.#deps
    for (const peer of new Set(network.peers().map((each) => each.peer))) {
      const identity = identities.lastOf(peer)
      if (identity === undefined) continue
      try {
        identities.check(identity)
      } catch (error) {
        log.info({ err: error, spiffeId: identity.spiffeId }, 'cutting off a node that is believed no longer')
        network.hangUp(peer).catch((failure: unknown) => log.warn({ err: failure, peer }, 'the connection did not end'))
      }
    }
  }
}
