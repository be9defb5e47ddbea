import type { PubSub, Verdict } from '../../../src/ports/pubsub.ts'
import { HansaError } from '../../../src/schema/errors.ts'
import { MAX_GOSSIP_BYTES, type Topic } from '../../../src/wire/topics.ts'
import type { MemoryNetwork } from './network.ts'
import type { MemorySwarm } from './swarm.ts'

/** Messages remembered so that a copy is known as one. */
const MAX_SEEN = 10_000

interface Message {
  readonly id: string
  readonly topic: Topic
  readonly from: string
  readonly data: Uint8Array
}

interface Subscription {
  readonly validate: (data: Uint8Array, from: string) => Verdict
  readonly deliver: (data: Uint8Array, from: string) => void
}

/** The PubSub port in memory: floods over connections from subscriber to subscriber; each hop may lose, delay, double or reorder. */
export class MemoryPubSub implements PubSub {
  readonly #swarm: MemorySwarm
  readonly #network: MemoryNetwork
  readonly #subscriptions = new Map<Topic, Subscription>()
  readonly #seen = new Set<string>()
  #count = 0

  constructor(swarm: MemorySwarm, network: MemoryNetwork) {
    this.#swarm = swarm
    this.#network = network
  }

  async publish(topic: Topic, data: Uint8Array): Promise<number> {
    if (data.length > MAX_GOSSIP_BYTES)
      throw new HansaError('INVALID_ARGUMENT', `a gossip message of ${data.length} bytes; the bound is ${MAX_GOSSIP_BYTES}`, { bound: MAX_GOSSIP_BYTES })
    const message: Message = {
      id: `${this.#network.peer}/${this.#swarm.clock.now()}/${++this.#count}`,
      topic,
      from: this.#network.peer,
      data: Uint8Array.from(data)
    }
    this.#seen.add(message.id)
    return this.#forward(message, undefined)
  }

  subscribe(topic: Topic, validate: Subscription['validate'], deliver: Subscription['deliver']): void {
    this.#subscriptions.set(topic, { validate, deliver })
  }

  #forward(message: Message, except: string | undefined): number {
    let count = 0
    for (const { peer } of this.#network.peers()) {
      const other = this.#swarm.node(peer)?.pubsub
      if (peer === except || other === undefined || !other.#subscriptions.has(message.topic)) continue
      count++
      const { drop, duplicate } = this.#swarm.faults
      const copies = this.#swarm.random() < drop ? 0 : this.#swarm.random() < duplicate ? 2 : 1
      for (let copy = 0; copy < copies; copy++) {
        this.#swarm.carry(this.#network.peer, peer, this.#swarm.delay(), () => other.#receive(message, this.#network.peer))
      }
    }
    return count
  }

  #receive(message: Message, hop: string): void {
    const subscription = this.#subscriptions.get(message.topic)
    if (subscription === undefined || this.#seen.has(message.id)) return
    this.#seen.add(message.id)
    for (const oldest of this.#seen) {
      if (this.#seen.size <= MAX_SEEN) break
      this.#seen.delete(oldest)
    }
    const data = Uint8Array.from(message.data)
    if (verdict(subscription, data, message.from) !== 'accept') return
    this.#forward(message, hop)
    if (message.from !== this.#network.peer) subscription.deliver(data, message.from)
  }
}

function verdict(subscription: Subscription, data: Uint8Array, from: string): Verdict {
  try {
    return subscription.validate(data, from)
  } catch {
    return 'ignore'
  }
}
