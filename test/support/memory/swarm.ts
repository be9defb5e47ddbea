import type { RecordRules } from '../../../src/ports/dht.ts'
import type { FakeClock } from '../fake-clock.ts'
import { MemoryDht } from './dht.ts'
import { MemoryNetwork } from './network.ts'
import { MemoryPubSub } from './pubsub.ts'
import { seededRandom } from './random.ts'

/** How the network behaves now; may be changed at any time. */
export interface Faults {
  /** One way, in milliseconds of the fake clock; 0 delivers at once. */
  delayMs: number
  /** Added to the delay, evenly from 0 to this; reorders gossip, never a stream. */
  jitterMs: number
  /** Share of gossip messages that get lost on each hop, 0 to 1. */
  drop: number
  /** Share of gossip messages that arrive twice. */
  duplicate: number
}

/** One node of the memory swarm: the three ports of the transport. */
export interface MemoryNode {
  readonly peer: string
  readonly network: MemoryNetwork
  readonly pubsub: MemoryPubSub
  readonly dht: MemoryDht
  /** The process is gone: every connection is lost, nothing answers. The same peer may join again. */
  stop(): void
}

/** A network in memory with a fake clock: what it does is a function of the seed, the faults and what the nodes do. */
export class MemorySwarm {
  readonly clock: FakeClock
  readonly seed: number
  readonly random: () => number
  readonly faults: Faults
  readonly #nodes = new Map<string, MemoryNode>()
  readonly #cut = new Set<string>()
  readonly #stalled = new Set<string>()
  #waiting: { readonly from: string; readonly to: string; readonly run: () => void }[] = []

  constructor(clock: FakeClock, seed = 1, faults: Partial<Faults> = {}) {
    this.clock = clock
    this.seed = seed
    this.random = seededRandom(seed)
    this.faults = { delayMs: 0, jitterMs: 0, drop: 0, duplicate: 0, ...faults }
  }

  /** Adds a node. Its address is /memory/<peer>/p2p/<peer>. */
  join(peer: string, options: { readonly dht?: 'server' | 'client'; readonly recordRules?: Readonly<Record<string, RecordRules>> } = {}): MemoryNode {
    if (this.#nodes.has(peer)) throw new Error(`${peer} has joined already`)
    const network = new MemoryNetwork(this, peer)
    const node: MemoryNode = {
      peer,
      network,
      pubsub: new MemoryPubSub(this, network),
      dht: new MemoryDht(this, network, options.dht ?? 'server', options.recordRules ?? {}),
      stop: () => {
        this.#nodes.delete(peer)
        network.stop()
      }
    }
    this.#nodes.set(peer, node)
    return node
  }

  node(peer: string): MemoryNode | undefined {
    return this.#nodes.get(peer)
  }

  /** Cuts the line between two nodes: connections are lost at once, and none can be made until `heal`. */
  cut(a: string, b: string): void {
    this.#cut.add(pair(a, b))
    this.#nodes.get(a)?.network.disconnect(b)
  }

  /** The line swallows everything without a sign until `heal`; then what waited arrives. */
  stall(a: string, b: string): void {
    this.#stalled.add(pair(a, b))
  }

  heal(a: string, b: string): void {
    this.#cut.delete(pair(a, b))
    this.#stalled.delete(pair(a, b))
    const due = this.#waiting.filter((one) => pair(one.from, one.to) === pair(a, b))
    this.#waiting = this.#waiting.filter((one) => !due.includes(one))
    for (const one of due) one.run()
  }

  /** Cuts every line between the two groups. */
  partition(left: readonly string[], right: readonly string[]): void {
    for (const a of left) for (const b of right) this.cut(a, b)
  }

  healAll(): void {
    for (const line of [...this.#cut, ...this.#stalled]) {
      const [a = '', b = ''] = line.split('|')
      this.heal(a, b)
    }
  }

  connected(a: string, b: string): boolean {
    return this.#nodes.has(a) && this.#nodes.has(b) && !this.#cut.has(pair(a, b))
  }

  stalled(a: string, b: string): boolean {
    return this.#stalled.has(pair(a, b))
  }

  /** Peers that a node reaches over connections, itself first, nearest first. */
  reach(peer: string): string[] {
    const found = [peer]
    for (const next of found) {
      for (const { peer: neighbor } of this.#nodes.get(next)?.network.peers() ?? []) {
        if (!found.includes(neighbor) && !this.stalled(next, neighbor)) found.push(neighbor)
      }
    }
    return found
  }

  /** Runs `deliver` when something sent now arrives. */
  carry(from: string, to: string, delayMs: number, deliver: () => void): void {
    const run = () => {
      if (!this.connected(from, to)) return
      if (this.stalled(from, to)) this.#waiting.push({ from, to, run: deliver })
      else deliver()
    }
    if (delayMs > 0) this.clock.after(delayMs, run)
    else queueMicrotask(run)
  }

  delay(): number {
    return this.faults.delayMs + (this.faults.jitterMs > 0 ? this.random() * this.faults.jitterMs : 0)
  }
}

function pair(a: string, b: string): string {
  return a < b ? `${a}|${b}` : `${b}|${a}`
}
