import { redialDelay } from '../../core/liveness/redial.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { Network } from '../../ports/network.ts'

const TICK_MS = 1000
const DIAL_TIMEOUT_MS = 10_000

interface Target {
  readonly addresses: readonly string[]
  peer: string | undefined
  attempt: number
  nextAt: number
  dialing: boolean
}

/** Keeps this node connected to what it was told to: dials again for ever, with a growing pause. */
export class Dialer {
  readonly #network: Network
  readonly #clock: Clock
  readonly #log: Log
  readonly #targets = new Map<string, Target>()
  #stop = () => {}
  readonly #stopped = new AbortController()

  constructor(network: Network, clock: Clock, log: Log) {
    this.#network = network
    this.#clock = clock
    this.#log = log
  }

  start(): void {
    this.#stop = this.#clock.every(TICK_MS, () => this.#tick())
    this.#tick()
  }

  stop(): void {
    this.#stop()
    this.#stopped.abort()
  }

  /** Keeps an address connected; the peer behind it is learnt from the first answer when the address does not say. */
  keepAddress(address: string): void {
    this.#add(address, [address], /\/p2p\/([^/]+)$/.exec(address)?.[1])
  }

  /** Replaces the peers that are kept besides the addresses. */
  keepPeers(peers: readonly { readonly peer: string; readonly addresses: readonly string[] }[]): void {
    const wanted = new Set(peers.map(({ peer }) => `peer ${peer}`))
    for (const key of this.#targets.keys()) if (key.startsWith('peer ') && !wanted.has(key)) this.#targets.delete(key)
    for (const { peer, addresses } of peers) if (addresses.length > 0) this.#add(`peer ${peer}`, addresses, peer)
  }

  #add(key: string, addresses: readonly string[], peer: string | undefined): void {
    const known = this.#targets.get(key)
    if (known !== undefined && known.addresses.join() === addresses.join()) return
    this.#targets.set(key, { addresses, peer, attempt: 0, nextAt: 0, dialing: false })
  }

  #tick(): void {
    const connected = new Set(this.#network.peers().map(({ peer }) => peer))
    for (const target of this.#targets.values()) {
      if (target.peer !== undefined && (connected.has(target.peer) || target.peer === this.#network.peer)) {
        target.attempt = 0
        target.nextAt = 0
      } else if (!target.dialing && this.#clock.monotonic() >= target.nextAt) void this.#dial(target)
    }
  }

  async #dial(target: Target): Promise<void> {
    target.dialing = true
    const timeout = new AbortController()
    const cancel = this.#clock.after(DIAL_TIMEOUT_MS, () => timeout.abort())
    try {
      for (const address of target.addresses) {
        try {
          const answered = await this.#network.dial(address, AbortSignal.any([timeout.signal, this.#stopped.signal]))
          target.peer ??= answered
          if (answered === target.peer) return
          this.#log.debug({ peer: target.peer, answered, address }, 'another node has this address now')
        } catch (error) {
          this.#log.debug({ err: error, address }, 'not reached')
        }
      }
      target.nextAt = this.#clock.monotonic() + redialDelay(target.attempt++, target.addresses[0] ?? '')
    } finally {
      cancel()
      target.dialing = false
    }
  }
}
