import { methods } from '../../wire/methods.ts'
import type { ArsConfig } from './config.ts'
import type { ArsDeps } from './deps.ts'
import type { Holdings } from './holdings.ts'
import { gatewaysOf } from './own-nodes.ts'

interface Watched {
  peer: string
  missed: number
}

/** Asks the gateways that hold agents whether they still run: agents of a gateway that is gone cannot be reached and do not count as online. */
export class GatewayWatch {
  readonly #deps: ArsDeps
  readonly #config: ArsConfig
  readonly #holdings: Holdings
  /** By SPIFFE ID; bounded by the gateways of the own domain that have reported. */
  readonly #watched = new Map<string, Watched>()
  #probing = false

  constructor(deps: ArsDeps, config: ArsConfig, holdings: Holdings) {
    this.#deps = deps
    this.#config = config
    this.#holdings = holdings
  }

  /** It has just called. */
  heard(gateway: string, peer: string): void {
    const lost = this.#isLost(this.#watched.get(gateway))
    this.#watched.set(gateway, { peer, missed: 0 })
    if (lost) this.#holdings.restore(gateway, this.#deps.clock.now())
  }

  async tick(): Promise<void> {
    if (this.#probing) return
    this.#probing = true
    const holding = new Set(this.#holdings.gateways())
    for (const gateway of this.#watched.keys()) if (!holding.has(gateway)) this.#watched.delete(gateway)
    await Promise.all([...this.#watched].map(([gateway, watched]) => this.#probe(gateway, watched)))
    this.#probing = false
  }

  async #probe(gateway: string, watched: Watched): Promise<void> {
    const { rpc, members, clock, log } = this.#deps
    const addresses = gatewaysOf(members).find(({ peerId }) => peerId === watched.peer)?.multiaddrs ?? []
    try {
      await rpc.call({ peer: watched.peer, addresses, expect: { spiffeId: gateway } }, methods.ping, {}, { timeoutMs: this.#config.gatewayProbeMs / 2 })
      this.heard(gateway, watched.peer)
    } catch (error) {
      const lost = this.#isLost(watched)
      watched.missed++
      if (lost || !this.#isLost(watched)) return
      const agents = this.#holdings.suspend(gateway, clock.now())
      log.warn({ gateway, agents, error }, 'a gateway does not answer; its agents no longer count as online')
    }
  }

  #isLost(watched: Watched | undefined): boolean {
    return watched !== undefined && watched.missed >= this.#config.gatewayMissed
  }
}
