import type { InboxBounds } from './inbox-bounds.ts'
import { Tally } from './tally.ts'

export type InboxPhase = 'waiting' | 'delivering' | 'ended'

/** What is remembered of one item; everything else is on disk. Times are milliseconds since the epoch. */
export interface IndexedItem {
  readonly id: string
  /** Handle. */
  readonly agent: string
  /** SPIFFE ID of the sender. */
  readonly principal: string
  readonly messageId: string
  readonly sequence: bigint
  readonly phase: InboxPhase
  /** Of the request while it waits, of the answer when it has ended; with what is kept of the item itself. */
  readonly bytes: number
  readonly expiresAt: number
  readonly endedAt: number
}

/** Which bound is reached: of the sender at this agent, of the sender's domain, of the agent, or of the gateway. */
export type Reached = 'principal' | 'domain' | 'agent' | 'total'

interface Queue {
  /** IDs of what waits or is being delivered, in order of sequence: they are only added at the end. */
  readonly ids: Set<string>
  readonly ofPrincipal: Tally
  readonly ofDomain: Tally
  bytes: number
  /** IDs of what has ended, oldest first. */
  readonly ended: Set<string>
}

/**
 * The bookkeeping of a gateway's inbox: which message waits for whom, in which order, and whether there is room for another. `put` and `remove` are the only
 * changes; all else are questions.
 */
export class InboxIndex {
  readonly #bounds: InboxBounds
  readonly #items = new Map<string, IndexedItem>()
  readonly #byMessage = new Map<string, string>()
  readonly #queues = new Map<string, Queue>()
  /** IDs of what has ended, oldest first. */
  readonly #ended = new Set<string>()
  /** What waits, by the domain of its sender. */
  readonly #ofDomain = new Tally()
  #waiting = 0
  #bytes = 0
  #endedBytes = 0
  #sequence = 0n

  constructor(bounds: InboxBounds) {
    this.#bounds = bounds
  }

  get waiting(): number {
    return this.#waiting
  }

  /** The sequence of the next item. */
  get nextSequence(): bigint {
    return this.#sequence + 1n
  }

  get(id: string): IndexedItem | undefined {
    return this.#items.get(id)
  }

  /** The item that a second copy of a message is known by. */
  same(agent: string, principal: string, messageId: string): IndexedItem | undefined {
    return this.#items.get(this.#byMessage.get(keyOf(agent, principal, messageId)) ?? '')
  }

  /** Whether an item of `bytes` fits; the first bound that it would break otherwise. */
  room(agent: string, principal: string, bytes: number): Reached | undefined {
    const { perAgent, bytesPerAgent, perPrincipal, perDomain, total, bytes: all } = this.#bounds
    const queue = this.#queues.get(agent)
    const own = queue?.ofPrincipal.of(principal) ?? NOTHING
    if (own.items >= perPrincipal || (own.items > 0 && own.bytes + bytes > (bytesPerAgent * perPrincipal) / perAgent)) return 'principal'
    if ((queue?.ids.size ?? 0) >= perAgent || (queue?.bytes ?? 0) + bytes > bytesPerAgent) return 'agent'
    if (this.#waiting >= total || this.#bytes + bytes > all) return 'total'
    const domain = domainOf(principal)
    if (agent.endsWith(`@${domain}`)) return undefined
    const [here, everywhere] = [queue?.ofDomain.of(domain) ?? NOTHING, this.#ofDomain.of(domain)]
    const full = here.items >= perAgent * perDomain || here.bytes + bytes > bytesPerAgent * perDomain
    return full || everywhere.items >= total * perDomain || everywhere.bytes + bytes > all * perDomain ? 'domain' : undefined
  }

  /** Adds an item, or takes over its new phase. Items must be added in order of sequence. */
  put(item: IndexedItem): void {
    this.remove(item.id, item.phase !== 'ended')
    const queue = this.#queue(item.agent)
    this.#items.set(item.id, item)
    this.#byMessage.set(keyOf(item.agent, item.principal, item.messageId), item.id)
    if (item.sequence > this.#sequence) this.#sequence = item.sequence
    if (item.phase === 'ended') {
      queue.ended.add(item.id)
      this.#ended.add(item.id)
      this.#endedBytes += item.bytes
      return
    }
    queue.ids.add(item.id)
    queue.bytes += item.bytes
    queue.ofPrincipal.add(item.principal, item.bytes)
    for (const tally of [queue.ofDomain, this.#ofDomain]) tally.add(domainOf(item.principal), item.bytes)
    this.#waiting++
    this.#bytes += item.bytes
  }

  /** `inPlace`: it comes back at once with another phase and keeps its place in the queue. */
  remove(id: string, inPlace = false): void {
    const item = this.#items.get(id)
    if (item === undefined) return
    const queue = this.#queue(item.agent)
    this.#items.delete(id)
    this.#byMessage.delete(keyOf(item.agent, item.principal, item.messageId))
    if (item.phase === 'ended') {
      queue.ended.delete(id)
      this.#ended.delete(id)
      this.#endedBytes -= item.bytes
    } else {
      if (!inPlace) queue.ids.delete(id)
      queue.bytes -= item.bytes
      queue.ofPrincipal.remove(item.principal, item.bytes)
      for (const tally of [queue.ofDomain, this.#ofDomain]) tally.remove(domainOf(item.principal), item.bytes)
      this.#waiting--
      this.#bytes -= item.bytes
    }
    if (queue.ids.size === 0 && queue.ended.size === 0) this.#queues.delete(item.agent)
  }

  /** The item of an agent whose turn it is: the oldest that is not over, and of none of `passed` (SPIFFE IDs of senders). */
  next(agent: string, passed: ReadonlySet<string> = NOBODY): IndexedItem | undefined {
    for (const id of this.#queues.get(agent)?.ids ?? []) {
      const item = this.#items.get(id)
      if (item === undefined || !passed.has(item.principal)) return item
    }
    return undefined
  }

  /** True when something of this sender has not been delivered yet: what comes now goes behind it. */
  isBehind(agent: string, principal: string): boolean {
    return (this.#queues.get(agent)?.ofPrincipal.of(principal).items ?? 0) > 0
  }

  /** True when the agent has anything here, over or not. */
  knows(agent: string): boolean {
    return this.#queues.has(agent)
  }

  /** Agents for which something waits. */
  agents(): string[] {
    return [...this.#queues].flatMap(([agent, { ids }]) => (ids.size > 0 ? [agent] : []))
  }

  /** All items of one agent or of all, those that wait in their order first. */
  list(agent?: string): IndexedItem[] {
    const queues = agent === undefined ? [...this.#queues.values()] : [this.#queues.get(agent)]
    return queues.flatMap((queue) => [...(queue?.ids ?? []), ...(queue?.ended ?? [])]).flatMap((id) => this.#items.get(id) ?? [])
  }

  /** What waits although its time has run out; what is being delivered is given its end. */
  expired(now: number): IndexedItem[] {
    const items = [...this.#queues.values()].flatMap(({ ids }) => [...ids]).flatMap((id) => this.#items.get(id) ?? [])
    return items.filter(({ phase, expiresAt }) => phase === 'waiting' && expiresAt <= now)
  }

  /** Receipts that are to be forgotten: those that ended before `until`, and the oldest where there are too many. */
  stale(until: number): IndexedItem[] {
    const { ended, endedPerAgent, endedBytes } = this.#bounds
    const stale = new Map<string, IndexedItem>()
    let [count, bytes] = [this.#ended.size, this.#endedBytes]
    for (const id of this.#ended) {
      const item = this.#items.get(id)
      if (item === undefined) continue
      if (item.endedAt > until && count <= ended && bytes <= endedBytes) break
      stale.set(id, item)
      count--
      bytes -= item.bytes
    }
    for (const queue of this.#queues.values()) {
      let over = queue.ended.size - endedPerAgent
      for (const id of queue.ended) {
        if (over-- <= 0) break
        const item = this.#items.get(id)
        if (item !== undefined) stale.set(id, item)
      }
    }
    return [...stale.values()]
  }

  #queue(agent: string): Queue {
    let queue = this.#queues.get(agent)
    if (queue === undefined) this.#queues.set(agent, (queue = { ids: new Set(), ofPrincipal: new Tally(), ofDomain: new Tally(), bytes: 0, ended: new Set() }))
    return queue
  }
}

const NOBODY: ReadonlySet<string> = new Set()

const NOTHING = { items: 0, bytes: 0 } as const

/** Of a SPIFFE ID. */
function domainOf(principal: string): string {
  return principal.split('/', 3)[2] ?? ''
}

/** Handles and SPIFFE IDs hold no space, so the key can be read in one way only. */
function keyOf(agent: string, principal: string, messageId: string): string {
  return `${agent} ${principal} ${messageId}`
}
