import { reviewRecord } from '../../core/directory/record-review.ts'
import type { AgentEntry } from '../../ports/agent-database.ts'
import type { UnaryHandler } from '../../ports/rpc.ts'
import { type ErrorCode, HansaError, toHansaError } from '../../schema/errors.ts'
import type { SignedRecord } from '../../schema/generated/hansa/v1/call_pb.ts'
import { AgentRecordSchema, RecordState } from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { NodeInfo } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { methods } from '../../wire/methods.ts'
import type { ArsDeps } from './deps.ts'
import { gatewaysOf, serversOf } from './own-nodes.ts'
import { type Registry, signedRecordOf } from './registry.ts'

/** Gateways and servers are near; one that takes longer hears of it by its next report, or at the next round. */
const TIMEOUT_MS = 2_000

const AWAY: ReadonlySet<ErrorCode> = new Set(['PEER_UNREACHABLE', 'CONNECTION_LOST', 'DEADLINE_EXCEEDED', 'METHOD_NOT_FOUND', 'OVERLOADED', 'STORE_FAILED'])

/**
 * Tells the domain that a registration has ended: its gateways at once and once, since the answer to their reports says it again, and when the operator ended it the
 * other servers too, until each has heard it.
 */
export class EndNotices {
  readonly #deps: ArsDeps
  /** Sequence of each tombstone of the operator's, by resource ID. Bounded by the database. */
  readonly #barred = new Map<string, bigint>()
  /** What each server (by PeerId) has acknowledged. */
  readonly #told = new Map<string, Map<string, bigint>>()
  #running = false

  constructor(deps: ArsDeps) {
    this.#deps = deps
  }

  /** Reads what the database holds, once, at the start. */
  begin(): void {
    for (const entry of this.#deps.database.all()) this.#note(entry)
  }

  changed(entry: AgentEntry): void {
    this.#note(entry)
    if (entry.record.state !== RecordState.DEREGISTERED) return
    const record = signedRecordOf(entry)
    for (const node of gatewaysOf(this.#deps.members)) void this.#tell(node, 'agw', record)
    if (entry.record.barred) void this.round()
  }

  /** Tells each other server what it has not acknowledged. Never throws. */
  async round(): Promise<void> {
    if (this.#running) return
    this.#running = true
    const self = this.#deps.members.self().peerId
    const others = serversOf(this.#deps.members).filter(({ peerId }) => peerId !== self)
    for (const peer of [...this.#told.keys()]) if (!others.some(({ peerId }) => peerId === peer)) this.#told.delete(peer)
    await Promise.all(others.map((node) => this.#tellServer(node)))
    this.#running = false
  }

  async #tellServer(node: NodeInfo): Promise<void> {
    const told = this.#told.get(node.peerId) ?? new Map<string, bigint>()
    this.#told.set(node.peerId, told)
    for (const [resourceId, sequence] of [...this.#barred]) {
      if (told.get(resourceId) === sequence) continue
      const entry = this.#deps.database.get(resourceId)
      if (entry === undefined || entry.record.sequence !== sequence) continue
      const failure = await this.#tell(node, 'ars', signedRecordOf(entry))
      // One that is away is asked again next time; one that refuses would refuse again, and must not hold the others up.
      if (failure !== undefined && AWAY.has(failure)) return
      told.set(resourceId, sequence)
    }
  }

  #note({ record: { resourceId, barred, sequence } }: AgentEntry): void {
    if (barred) this.#barred.set(resourceId, sequence)
    else this.#barred.delete(resourceId)
  }

  /** Returns why it could not be told. */
  async #tell({ spiffeId, peerId, multiaddrs }: NodeInfo, role: 'agw' | 'ars', record: SignedRecord): Promise<ErrorCode | undefined> {
    const { rpc, log } = this.#deps
    const target = { peer: peerId, addresses: multiaddrs, expect: { spiffeId, role } }
    try {
      await rpc.call(target, role === 'agw' ? methods.agentEnded : methods.ended, { record }, { timeoutMs: TIMEOUT_MS })
      return undefined
    } catch (thrown) {
      const error = toHansaError(thrown)
      log.debug({ node: spiffeId, error }, 'a node could not be told of the end of a registration')
      return error.code
    }
  }
}

/**
 * Another server of the domain says that the operator ended a registration: it holds here too. What is no tombstone of the operator's changes nothing. Throws as
 * Records.open and reviewRecord, OVERLOADED, STORE_FAILED.
 */
export function acceptEnd(deps: ArsDeps, registry: Registry): UnaryHandler<typeof methods.ended> {
  return async ({ record: signed }) => {
    if (signed === undefined) throw new HansaError('MALFORMED', 'a notice without a record')
    const { message: record, signer } = deps.records.open(AgentRecordSchema, signed)
    const id = reviewRecord(record, signer, -Infinity)
    if (id.domain !== registry.domain) throw new HansaError('PERMISSION_DENIED', `${signer.spiffeId} speaks for another domain`, { domain: registry.domain })
    if (record.state === RecordState.DEREGISTERED && record.barred) await registry.bar(record, signed)
    return {}
  }
}
