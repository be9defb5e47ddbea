import type { AgentEntry } from '../../ports/agent-database.ts'
import { type ErrorCode, toHansaError } from '../../schema/errors.ts'
import type { NodeInfo } from '../../schema/generated/hansa/v1/trust_pb.ts'
import type { ArsDeps } from './deps.ts'

/** Nodes are near; one that takes longer hears of it at the next round. */
export const NOTICE_TIMEOUT_MS = 2_000

/** Answers of one that is away or busy: it is asked again next time. Any other refusal would come again, and must not hold the others up. */
const AWAY: ReadonlySet<ErrorCode> = new Set([
  'PEER_UNREACHABLE',
  'CONNECTION_LOST',
  'DEADLINE_EXCEEDED',
  'METHOD_NOT_FOUND',
  'OVERLOADED',
  'STORE_FAILED',
  'RATE_LIMITED'
])

export interface TombstoneRoundOptions {
  /** Who must hear of it, as far as is known now. */
  readonly nodes: () => readonly NodeInfo[]
  /** Which entries of the database. */
  readonly concerns: (entry: AgentEntry) => boolean
  /** Throws HansaError when it was not heard. */
  readonly tell: (node: NodeInfo, entry: AgentEntry) => Promise<void>
}

/** Tells certain nodes of tombstones, each until it has heard it, and everything again after a restart of this server: a tombstone is kept for as long as it matters. */
export class TombstoneRound {
  readonly #deps: Pick<ArsDeps, 'database' | 'log'>
  readonly #options: TombstoneRoundOptions
  /** Sequence of each tombstone, by resource ID. Bounded by the database. */
  readonly #ended = new Map<string, bigint>()
  /** What each node (by PeerId) has acknowledged. */
  readonly #told = new Map<string, Map<string, bigint>>()
  #running = false
  #again = false

  constructor(deps: Pick<ArsDeps, 'database' | 'log'>, options: TombstoneRoundOptions) {
    this.#deps = deps
    this.#options = options
  }

  /** Reads what the database holds, once, at the start. */
  begin(): void {
    for (const entry of this.#deps.database.all()) this.changed(entry)
  }

  /** True when there is something to tell. */
  changed(entry: AgentEntry): boolean {
    const { resourceId, sequence } = entry.record
    if (this.#options.concerns(entry)) this.#ended.set(resourceId, sequence)
    else this.#forget(resourceId)
    return this.#ended.has(resourceId)
  }

  /** Tells each node what it has not acknowledged; asked for meanwhile, once more. Never throws. */
  async round(): Promise<void> {
    this.#again = true
    if (this.#running) return
    this.#running = true
    try {
      while (this.#again) {
        this.#again = false
        const nodes = this.#options.nodes()
        for (const peer of [...this.#told.keys()]) if (!nodes.some(({ peerId }) => peerId === peer)) this.#told.delete(peer)
        await Promise.all(nodes.map((node) => this.#tellAll(node)))
      }
    } catch (error) {
      this.#deps.log.warn({ err: error }, 'not everybody was told of the end of a registration; the next round does it')
    } finally {
      this.#running = false
    }
  }

  async #tellAll(node: NodeInfo): Promise<void> {
    const told = this.#told.get(node.peerId) ?? new Map<string, bigint>()
    this.#told.set(node.peerId, told)
    for (const [resourceId, sequence] of [...this.#ended]) {
      if (told.get(resourceId) === sequence) continue
      const entry = this.#deps.database.get(resourceId)
      if (entry === undefined || entry.record.sequence !== sequence) {
        // It has expired, or the agent is back.
        if (entry === undefined) this.#forget(resourceId)
        continue
      }
      const failure = await this.#tell(node, entry)
      if (failure !== undefined && AWAY.has(failure)) return
      told.set(resourceId, sequence)
    }
  }

  async #tell(node: NodeInfo, entry: AgentEntry): Promise<ErrorCode | undefined> {
    try {
      await this.#options.tell(node, entry)
      return undefined
    } catch (thrown) {
      const error = toHansaError(thrown)
      this.#deps.log.debug({ node: node.spiffeId, agent: entry.record.handle, error }, 'a node could not be told of the end of a registration')
      return error.code
    }
  }

  #forget(resourceId: string): void {
    this.#ended.delete(resourceId)
    for (const told of this.#told.values()) told.delete(resourceId)
  }
}
