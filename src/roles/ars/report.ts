import type { UnaryHandler } from '../../ports/rpc.ts'
import { HansaError } from '../../schema/errors.ts'
import type { SignedRecord } from '../../schema/generated/hansa/v1/call_pb.ts'
import { AgentStatus, RecordState } from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { methods } from '../../wire/methods.ts'
import { callerOf } from './caller.ts'
import type { ArsDeps } from './deps.ts'
import { cleanStatus } from './foreign-hits.ts'
import type { GatewayWatch } from './gateway-watch.ts'
import type { Holdings } from './holdings.ts'
import { signedRecordOf } from './registry.ts'

/** Tombstones in one answer (directory.proto); with their chains they fill a quarter of its bound. */
const MAX_ENDED = 1_000

/**
 * A gateway of the own domain tells how its agents are (draft 3.3.1). A full report is everything: what else this gateway held is offline. Agents that this server
 * has never known are passed over; another server may know them. Those whose registration was ended here are answered with their tombstones.
 */
export function report(deps: ArsDeps, holdings: Holdings, watch: GatewayWatch): UnaryHandler<typeof methods.report> {
  return ({ changes, full }, { caller }) => {
    const gateway = callerOf(caller)
    if (!gateway.own || !gateway.roles.includes('agw'))
      throw new HansaError('PERMISSION_DENIED', `${gateway.spiffeId} is no gateway of this domain`, { domain: deps.identities.self()?.domain ?? '' })
    const now = deps.clock.now()
    watch.heard(gateway.spiffeId, gateway.peer)
    const named = new Set<string>()
    const ended: SignedRecord[] = []
    for (const { resourceId, status, at } of changes) {
      named.add(resourceId)
      const entry = deps.database.get(resourceId)
      if (entry?.record.state === RecordState.DEREGISTERED && ended.length < MAX_ENDED) ended.push(signedRecordOf(entry))
      // A gateway whose clock is ahead must not outbid the next one for good.
      holdings.tell(resourceId, cleanStatus(status), gateway.spiffeId, Math.min(Number(at), now))
    }
    if (full) for (const id of holdings.heldBy(gateway.spiffeId)) if (!named.has(id)) holdings.tell(id, AgentStatus.OFFLINE, gateway.spiffeId, now)
    return { ended }
  }
}
