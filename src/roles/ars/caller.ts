import type { PeerIdentity } from '../../ports/identity.ts'
import type { Caller } from '../../ports/rpc.ts'
import { HansaError } from '../../schema/errors.ts'

/** The verified identity of a caller; throws UNAUTHENTICATED for one without. */
export function callerOf({ identity, peer }: Caller): PeerIdentity {
  if (identity === undefined) throw new HansaError('UNAUTHENTICATED', `${peer} has shown no certificate`)
  return identity
}

/** Other domains ask through their servers and gateways, which answer for their agents' quotas. Throws PERMISSION_DENIED for anybody else of them. */
export function reviewForeigner(caller: PeerIdentity, domain: string): void {
  if (caller.own || caller.roles.includes('ars') || caller.roles.includes('agw')) return
  throw new HansaError('PERMISSION_DENIED', `${caller.spiffeId} is neither a registration server nor a gateway; ask one of your own domain`, { domain })
}
