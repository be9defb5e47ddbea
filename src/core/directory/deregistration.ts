import { HansaError } from '../../schema/errors.ts'
import type { AgentRecord } from '../../schema/generated/hansa/v1/directory_pb.ts'
import { type AgentId, formatHandle } from '../ids/agent-id.ts'
import type { Role } from '../ids/role.ts'

/**
 * Who may end a registration (draft 3.2.2): the agent itself, or the domain's ACA, which speaks for the operator. Returns on whose behalf. Throws
 * PERMISSION_DENIED.
 */
export function reviewDeregistration(
  caller: { readonly spiffeId: string; readonly domain: string; readonly roles: readonly Role[] },
  agent: AgentId,
  /** SPIFFE ID of the certificate that registered. */
  holder: string
): 'agent' | 'operator' {
  const own = caller.domain === agent.domain
  // A node that is all roles at once speaks for itself first: an agent that takes itself off may come back.
  if (own && caller.roles.includes('agent') && caller.spiffeId === holder) return 'agent'
  if (own && caller.roles.includes('aca')) return 'operator'
  throw new HansaError('PERMISSION_DENIED', `${caller.spiffeId} cannot deregister ${formatHandle(agent)}`, { domain: agent.domain })
}

/**
 * An operator's deregistration stands: the key that it ended is not registered under its name again, whatever renewals its certificate has had. Another key is: the ACA gives
 * the name to one only when the operator invites the agent anew (`hansa invite`, with `--replace` while the old certificate is in force). `previous` is the newest record of
 * the name. Throws PERMISSION_DENIED.
 */
export function reviewReturn(previous: Pick<AgentRecord, 'barred' | 'peerId'> | undefined, agent: AgentId & { readonly peer: string }): void {
  if (previous?.barred !== true || previous.peerId !== agent.peer) return
  const { domain } = agent
  const why = `the operator of ${domain} deregistered ${formatHandle(agent)}; it can come back with a new invite only (hansa invite --replace)`
  throw new HansaError('PERMISSION_DENIED', why, { domain })
}
