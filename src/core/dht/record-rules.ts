import type { Sha256 } from '../crypto.ts'
import { agentRules } from './agent-rules.ts'
import { domainRules } from './domain-rules.ts'
import { NAMESPACES } from './keys.ts'
import type { Consistent, Rules } from './rules.ts'

/** The rules of all namespaces, by namespace; `now` gives milliseconds since the epoch. */
export function recordRules(consistent: Consistent, sha256: Sha256, now: () => number): Record<string, Rules> {
  const input = { consistent, sha256, now }
  return { [NAMESPACES.agent]: agentRules(input), [NAMESPACES.domain]: domainRules(input) }
}
