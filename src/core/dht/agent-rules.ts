import { HansaError } from '../../schema/errors.ts'
import { AgentRecordSchema } from '../../schema/generated/hansa/v1/directory_pb.ts'
import { parseResourceId } from '../ids/agent-id.ts'
import { agentKey } from './keys.ts'
import { type RuleInput, type Rules, rulesFor } from './rules.ts'

/** Rules for the namespace of agents' records. */
export function agentRules({ consistent, sha256, now }: RuleInput): Rules {
  return rulesFor((record) => {
    const { message, signer, root } = consistent(AgentRecordSchema, record)
    const { resourceId, domain, sequence } = message
    if (parseResourceId(resourceId).domain !== domain) throw new HansaError('INVALID_ARGUMENT', 'a DHT record whose resource ID is of another domain')
    const key = agentKey(resourceId, root, sha256)
    return { key, domain, signer, sequence, issuedAt: Number(message.issuedAt), expiresAt: Number(message.expiresAt) }
  }, now)
}
