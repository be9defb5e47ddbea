import type { AgentEntry } from '../../ports/agent-database.ts'
import { type ErrorCode, toHansaError } from '../../schema/errors.ts'
import { RecordState } from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { NodeInfo } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { methods } from '../../wire/methods.ts'
import type { ArsDeps } from './deps.ts'

const TIMEOUT_MS = 2_000

const AWAY: ReadonlySet<ErrorCode> = new Set([
  'PEER_UNREACHABLE',
  'CONNECTION_LOST',
  'DEADLINE_EXCEEDED',
  'METHOD_NOT_FOUND',
  'OVERLOADED',
  'STORE_FAILED',
  'RATE_LIMITED'
])

/**
 * draft 2.2: tells the ACAs of the domain which registrations have ended; their policy says whether certificates end with them. Each is told until it has heard it, and
 * everything again after a restart of this server: a tombstone is kept for as long as an agent's certificate can live.
 */
export class AuthorityNotices {
  readonly #deps: ArsDeps
  /** Tombstones by resource ID: their sequence. Bounded by the database. */
  readonly #ended = new Map<string, bigint>()
  /** What each ACA (by PeerId) has acknowledged. */
  readonly #told = new Map<string, Map<string, bigint>>()
  #running = false
  #again = false

  constructor(deps: ArsDeps) {
    this.#deps = deps
  }

  /** Reads what the database holds, once, at the start. */
  begin(): void {
    for (const entry of this.#deps.database.all()) this.#note(entry)
  }

  changed(entry: AgentEntry): void {
    this.#note(entry)
    if (entry.record.state === RecordState.DEREGISTERED) void this.round()
  }

  /** Tells each ACA what it has not acknowledged. Never throws. */
  async round(): Promise<void> {
    this.#again = true
    if (this.#running) return
    this.#running = true
    while (this.#again) {
      this.#again = false
      const authorities = this.#deps.members.find('aca')
      for (const peer of [...this.#told.keys()]) if (!authorities.some(({ peerId }) => peerId === peer)) this.#told.delete(peer)
      await Promise.all(authorities.map((node) => this.#tellAll(node)))
    }
    this.#running = false
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
      // One that is away is asked again next time; one that refuses would refuse again.
      if (failure !== undefined && AWAY.has(failure)) return
      told.set(resourceId, sequence)
    }
  }

  #note({ record: { resourceId, state, sequence } }: AgentEntry): void {
    if (state === RecordState.DEREGISTERED) this.#ended.set(resourceId, sequence)
    else this.#forget(resourceId)
  }

  #forget(resourceId: string): void {
    this.#ended.delete(resourceId)
    for (const told of this.#told.values()) told.delete(resourceId)
  }

  /** Returns why it could not be told. */
  async #tell({ spiffeId, peerId, multiaddrs }: NodeInfo, { record }: AgentEntry): Promise<ErrorCode | undefined> {
    const { rpc, log } = this.#deps
    const target = { peer: peerId, addresses: multiaddrs, expect: { spiffeId, role: 'aca' } }
    const notice = { agent: record.spiffeId, peer: record.peerId, barred: record.barred, at: record.issuedAt }
    try {
      await rpc.call(target, methods.deregistered, notice, { timeoutMs: TIMEOUT_MS })
      return undefined
    } catch (thrown) {
      const error = toHansaError(thrown)
      log.debug({ node: spiffeId, agent: record.handle, error }, 'the ACA could not be told of the end of a registration')
      return error.code
    }
  }
}
