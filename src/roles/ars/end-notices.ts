import { reviewRecord } from '../../core/directory/record-review.ts'
import type { AgentEntry } from '../../ports/agent-database.ts'
import type { UnaryHandler } from '../../ports/rpc.ts'
import { HansaError } from '../../schema/errors.ts'
import { AgentRecordSchema, RecordState } from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { NodeInfo } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { methods } from '../../wire/methods.ts'
import type { ArsDeps } from './deps.ts'
import { gatewaysOf, serversOf } from './own-nodes.ts'
import { type Registry, signedRecordOf } from './registry.ts'
import { NOTICE_TIMEOUT_MS, TombstoneRound } from './tombstone-round.ts'

/**
 * Tells the domain that a registration has ended: its gateways at once and once, since the answer to their reports says it again, and when the operator ended it the
 * other servers too, until each has heard it.
 */
export class EndNotices {
  readonly #deps: ArsDeps
  readonly #round: TombstoneRound

  constructor(deps: ArsDeps) {
    this.#deps = deps
    const { members } = deps
    this.#round = new TombstoneRound(deps, {
      nodes: () => serversOf(members).filter(({ peerId }) => peerId !== members.self().peerId),
      concerns: ({ record }) => record.barred,
      tell: (node, entry) => this.#tell(node, 'ars', entry)
    })
  }

  /** Reads what the database holds, once, at the start. */
  begin(): void {
    this.#round.begin()
  }

  changed(entry: AgentEntry): void {
    const barred = this.#round.changed(entry)
    if (entry.record.state !== RecordState.DEREGISTERED) return
    for (const node of gatewaysOf(this.#deps.members))
      this.#tell(node, 'agw', entry).catch((error: unknown) =>
        this.#deps.log.debug({ err: error, node: node.spiffeId }, 'a gateway hears later of the end of a registration')
      )
    if (barred) void this.#round.round()
  }

  /** Tells each other server what it has not acknowledged. Never throws. */
  round(): Promise<void> {
    return this.#round.round()
  }

  async #tell({ spiffeId, peerId, multiaddrs }: NodeInfo, role: 'agw' | 'ars', entry: AgentEntry): Promise<void> {
    const target = { peer: peerId, addresses: multiaddrs, expect: { spiffeId, role } }
    const method = role === 'agw' ? methods.agentEnded : methods.ended
    await this.#deps.rpc.call(target, method, { record: signedRecordOf(entry) }, { timeoutMs: NOTICE_TIMEOUT_MS })
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
