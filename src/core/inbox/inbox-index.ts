import type { InboxBounds } from './inbox-bounds.ts'

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
  /** Of the request while it waits, of the answer when it has ended. */
  readonly bytes: number
  readonly expiresAt: number
  readonly endedAt: number
}

/** Which bound is reached: of the sender at this agent, of the agent, or of the gateway. */
export type Reached = 'principal' | 'agent' | 'total'

interface Queue {
  /** IDs of what waits or is being delivered, in order of sequence: they are only added at the end. */
  readonly ids: Set<string>
  readonly ofPrincipal: Map<string, number>
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
    const { perAgent, bytesPerAgent, perPrincipal, total, bytes: all } = this.#bounds
    const queue = this.#queues.get(agent)
    if ((queue?.ofPrincipal.get(principal) ?? 0) >= perPrincipal) return 'principal'
    if ((queue?.ids.size ?? 0) >= perAgent || (queue?.bytes ?? 0) + bytes > bytesPerAgent) return 'agent'
    return this.#waiting >= total || this.#bytes + bytes > all ? 'total' : undefined
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
    queue.ofPrincipal.set(item.principal, (queue.ofPrincipal.get(item.principal) ?? 0) + 1)
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
      const left = (queue.ofPrincipal.get(item.principal) ?? 0) - 1
      if (left > 0) queue.ofPrincipal.set(item.principal, left)
      else queue.ofPrincipal.delete(item.principal)
      this.#waiting--
      this.#bytes -= item.bytes
    }
    if (queue.ids.size === 0 && queue.ended.size === 0) this.#queues.delete(item.agent)
  }

  /** The item of an agent whose turn it is: the oldest that is not over. */
  next(agent: string): IndexedItem | undefined {
    for (const id of this.#queues.get(agent)?.ids ?? []) return this.#items.get(id)
    return undefined
  }

  /** True when something of this sender has not been delivered yet: what comes now goes behind it. */
  isBehind(agent: string, principal: string): boolean {
    return (this.#queues.get(agent)?.ofPrincipal.get(principal) ?? 0) > 0
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
    if (queue === undefined) this.#queues.set(agent, (queue = { ids: new Set(), ofPrincipal: new Map(), bytes: 0, ended: new Set() }))
    return queue
  }
}

/** Handles and SPIFFE IDs hold no space, so the key can be read in one way only. */
function keyOf(agent: string, principal: string, messageId: string): string {
  return `${agent} ${principal} ${messageId}`
}
