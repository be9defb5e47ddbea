import { reviewDeregistration } from '../../core/directory/deregistration.ts'
import { parseAgent, parseResourceId } from '../../core/ids/agent-id.ts'
import type { UnaryHandler } from '../../ports/rpc.ts'
import { HansaError } from '../../schema/errors.ts'
import type { SignedRecord } from '../../schema/generated/hansa/v1/call_pb.ts'
import type { methods } from '../../wire/methods.ts'
import { callerOf } from './caller.ts'
import type { ArsDeps } from './deps.ts'
import { notRegistered, type Registry, signedRecordOf } from './registry.ts'

/** Agent deregistration by resource ID (draft 3.2.2). Sent again, it gets the same answer again. */
export function deregister(deps: ArsDeps, registry: Registry): UnaryHandler<typeof methods.deregister> {
  return async ({ resourceId }, { caller }) => {
    const identity = callerOf(caller)
    const id = parseResourceId(resourceId)
    const entry = deps.database.get(resourceId)
    if (entry === undefined || id.domain !== registry.domain) throw notRegistered(id)
    const by = reviewDeregistration(identity, id, entry.record.spiffeId)
    if (!registry.stands(entry)) return { record: signedRecordOf(entry) }
    const ended = await registry.end(entry, by === 'operator')
    deps.log.info({ agent: entry.record.handle, by: identity.spiffeId }, 'agent deregistered')
    return { record: signedRecordOf(ended) }
  }
}

/**
 * The operator at this node's own admin door ends a registration, for good (core/directory: reviewReturn); `agent` in any form. Throws INVALID_ARGUMENT,
 * AGENT_NOT_FOUND.
 */
export async function deregisterByOperator(deps: ArsDeps, registry: Registry, agent: string): Promise<SignedRecord> {
  const id = parseAgent(agent, registry.domain)
  if (id.domain !== registry.domain)
    throw new HansaError('PERMISSION_DENIED', `${agent} is of another domain; only its own operator can deregister it`, { domain: id.domain })
  const entry = registry.find(id)
  if (entry === undefined) throw notRegistered(id)
  const ended = await registry.end(entry, true)
  deps.log.info({ agent: entry.record.handle, by: 'operator' }, 'agent deregistered')
  return signedRecordOf(ended)
}
