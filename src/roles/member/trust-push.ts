import type { NodeInfo } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { methods } from '../../wire/methods.ts'
import type { MemberDeps } from './deps.ts'

/** What was not taken is offered again after this. Milliseconds. */
const RETRY_MS = 10_000

/**
 * An operator lists a domain at one gateway (or at the ACA); the other gateways and servers of the domain must believe it too. Each gets the whole list after every change, and
 * when it comes back.
 */
export class TrustPush {
  readonly #domain: string
  readonly #deps: MemberDeps
  readonly #servers: () => readonly NodeInfo[]
  /** Version of the list that each server has taken. */
  readonly #taken = new Map<string, number>()
  /** What the domains say of themselves since. */
  readonly #signed: () => Uint8Array[]
  readonly #busy = new Set<string>()
  #version = 1
  #stop = () => {}

  constructor(domain: string, deps: MemberDeps, servers: () => readonly NodeInfo[], signed: () => Uint8Array[]) {
    this.#signed = signed
    this.#domain = domain
    this.#deps = deps
    this.#servers = servers
  }

  start(): void {
    const { identities, clock, network } = this.#deps
    identities.onChange(() => this.#changed())
    network.onDisconnect((peer) => this.#taken.delete(peer))
    this.#stop = clock.every(RETRY_MS, () => this.push())
  }

  stop(): void {
    this.#stop()
  }

  /** Offers the list to every server that is connected and has not taken it. */
  push(): void {
    const connected = new Set(this.#deps.network.peers().map(({ peer }) => peer))
    for (const { peerId } of this.#servers()) {
      if (!connected.has(peerId) || this.#taken.get(peerId) === this.#version || this.#busy.has(peerId)) continue
      void this.#offer(peerId)
    }
  }

  async #offer(peer: string): Promise<void> {
    const { rpc, identities, log } = this.#deps
    const version = this.#version
    const bundles = identities.trustHistory().filter((bundle) => bundle.domain !== this.#domain)
    this.#busy.add(peer)
    try {
      await rpc.call({ peer, expect: { domain: this.#domain } }, methods.trust, { bundles, signed: this.#signed() })
      this.#taken.set(peer, version)
    } catch (error) {
      log.debug({ err: error, peer }, 'the trust list was not taken; offering it again')
    } finally {
      this.#busy.delete(peer)
    }
    if (version !== this.#version) this.push()
  }

  #changed(): void {
    this.#version++
    this.push()
  }
}
