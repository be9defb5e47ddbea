import { HansaError } from '../../schema/errors.ts'
import { type AgentId, formatHandle } from '../ids/agent-id.ts'
import type { Role } from '../ids/role.ts'

/** Who may end a registration (draft 3.2.2): the agent itself, or the domain's ACA, which speaks for the operator. Throws PERMISSION_DENIED. */
export function reviewDeregistration(
  caller: { readonly spiffeId: string; readonly domain: string; readonly roles: readonly Role[] },
  agent: AgentId,
  /** SPIFFE ID of the certificate that registered. */
  holder: string
): void {
  const own = caller.domain === agent.domain
  if (own && caller.roles.includes('aca')) return
  if (own && caller.roles.includes('agent') && caller.spiffeId === holder) return
  throw new HansaError('PERMISSION_DENIED', `${caller.spiffeId} cannot deregister ${formatHandle(agent)}`, { domain: agent.domain })
}
