import type { UnaryHandler } from '../../ports/rpc.ts'
import { HansaError } from '../../schema/errors.ts'
import { AgentStatus } from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { methods } from '../../wire/methods.ts'
import { callerOf } from './caller.ts'
import type { ArsDeps } from './deps.ts'
import { cleanStatus } from './foreign-hits.ts'
import type { GatewayWatch } from './gateway-watch.ts'
import type { Holdings } from './holdings.ts'

/**
 * A gateway of the own domain tells how its agents are (draft 3.3.1). A full report is everything: what else this gateway held is offline. Agents that are not
 * registered here are passed over; another server may know them.
 */
export function report(deps: ArsDeps, holdings: Holdings, watch: GatewayWatch): UnaryHandler<typeof methods.report> {
  return ({ changes, full }, { caller }) => {
    const gateway = callerOf(caller)
    if (!gateway.own || !gateway.roles.includes('agw'))
      throw new HansaError('PERMISSION_DENIED', `${gateway.spiffeId} is no gateway of this domain`, { domain: deps.identities.self()?.domain ?? '' })
    const now = deps.clock.now()
    watch.heard(gateway.spiffeId, gateway.peer)
    const named = new Set<string>()
    for (const { resourceId, status, at } of changes) {
      named.add(resourceId)
      // A gateway whose clock is ahead must not outbid the next one for good.
      holdings.tell(resourceId, cleanStatus(status), gateway.spiffeId, Math.min(Number(at), now))
    }
    if (full) for (const id of holdings.heldBy(gateway.spiffeId)) if (!named.has(id)) holdings.tell(id, AgentStatus.OFFLINE, gateway.spiffeId, now)
    return {}
  }
}
