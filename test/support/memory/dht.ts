import { createHash } from 'node:crypto'
import type { Dht, Provider, RecordRules } from '../../../src/ports/dht.ts'
import { HansaError } from '../../../src/schema/errors.ts'
import type { MemoryNetwork } from './network.ts'
import type { MemorySwarm } from './swarm.ts'

const HOLDERS = 20
const PROVIDER_LIFE_MS = 30 * 60_000
const REPROVIDE_MS = 5 * 60_000

/** The Dht port in memory: each server holds its own records, and those nearest to a key that can be reached are asked. */
export class MemoryDht implements Dht {
  readonly mode: 'server' | 'client'
  readonly #swarm: MemorySwarm
  readonly #network: MemoryNetwork
  readonly #rules: Readonly<Record<string, RecordRules>>
  readonly #values = new Map<string, Uint8Array>()
  readonly #providers = new Map<string, Map<string, { readonly addresses: readonly string[]; readonly until: number }>>()
  readonly #provided = new Map<string, () => void>()

  constructor(swarm: MemorySwarm, network: MemoryNetwork, mode: 'server' | 'client', rules: Readonly<Record<string, RecordRules>>) {
    this.#swarm = swarm
    this.#network = network
    this.mode = mode
    this.#rules = rules
  }

  async put(key: string, value: Uint8Array, signal?: AbortSignal): Promise<number> {
    this.#store(key, value)
    await this.#travel(signal)
    let taken = 0
    for (const holder of this.#holders(key)) {
      try {
        holder.#store(key, value)
        taken++
      } catch {
        // It refuses: another rule, or a newer value.
      }
    }
    return taken
  }

  async get(key: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const rules = this.#rulesOf(key)
    await this.#travel(signal)
    const values = [this.#values.get(key), ...this.#holders(key).map((holder) => holder.#values.get(key))].filter((value) => value !== undefined)
    const best = values.length > 0 ? values[rules.select(key, values)] : undefined
    return best && Uint8Array.from(best)
  }

  async provide(name: string, signal?: AbortSignal): Promise<void> {
    await this.#travel(signal)
    this.#announce(name)
    this.#provided.get(name)?.()
    this.#provided.set(
      name,
      this.#swarm.clock.every(REPROVIDE_MS, () => {
        if (this.#swarm.node(this.#network.peer)?.dht === this) this.#announce(name)
        else this.#provided.get(name)?.()
      })
    )
  }

  async withdraw(name: string): Promise<void> {
    this.#provided.get(name)?.()
    this.#provided.delete(name)
    // As on kad-dht: others keep their entry until it is too old.
    this.#providers.get(name)?.delete(this.#network.peer)
  }

  async *providers(name: string, limit: number, signal?: AbortSignal): AsyncIterable<Provider> {
    await this.#travel(signal)
    const seen = new Set<string>()
    for (const holder of [this, ...this.#holders(name)]) {
      for (const [peer, entry] of holder.#providers.get(name) ?? []) {
        if (seen.size >= limit) return
        if (seen.has(peer) || entry.until < this.#swarm.clock.now()) continue
        seen.add(peer)
        yield { peer, addresses: entry.addresses }
      }
    }
  }

  /** What this node holds under a key. */
  stored(key: string): Uint8Array | undefined {
    return this.#values.get(key)
  }

  /** Puts a value at this node only, as a hostile peer would: the node's own rules decide. */
  offer(key: string, value: Uint8Array): void {
    this.#store(key, value)
  }

  #announce(name: string): void {
    const entry = { addresses: this.#network.addresses(), until: this.#swarm.clock.now() + PROVIDER_LIFE_MS }
    for (const holder of [this, ...this.#holders(name)]) {
      const entries = holder.#providers.get(name) ?? new Map<string, typeof entry>()
      holder.#providers.set(name, entries.set(this.#network.peer, entry))
    }
  }

  #store(key: string, value: Uint8Array): void {
    this.#rulesOf(key).validate(key, value, this.#values.get(key))
    this.#values.set(key, Uint8Array.from(value))
  }

  #rulesOf(key: string): RecordRules {
    const rules = this.#rules[key.split('/', 2)[1] ?? '']
    if (rules === undefined) throw new HansaError('INVALID_ARGUMENT', `no rules for the DHT key ${JSON.stringify(key)}`)
    return rules
  }

  /** The servers nearest to a key that can be reached, others only. */
  #holders(key: string): MemoryDht[] {
    const target = createHash('sha256').update(key).digest()
    return this.#swarm
      .reach(this.#network.peer)
      .filter((peer) => peer !== this.#network.peer)
      .flatMap((peer) => this.#swarm.node(peer)?.dht ?? [])
      .filter((dht) => dht.mode === 'server')
      .map((dht) => ({ dht, distance: distance(target, dht.#network.peer) }))
      .sort((a, b) => Buffer.compare(a.distance, b.distance))
      .slice(0, HOLDERS)
      .map(({ dht }) => dht)
  }

  async #travel(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    const ms = 2 * this.#swarm.delay()
    if (ms > 0) await new Promise<void>((resolve) => this.#swarm.clock.after(ms, resolve))
  }
}

function distance(target: Uint8Array, peer: string): Buffer {
  const hash = createHash('sha256').update(peer).digest()
  return Buffer.from(hash.map((byte, index) => byte ^ (target[index] ?? 0)))
}
