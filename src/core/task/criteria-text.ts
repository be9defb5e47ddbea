import type { AgentCriteria } from '../../schema/generated/hansa/v1/task_pb.ts'

/** Who may do a step, in words: a handle, or `travel/visa in de at north.example or south.example`. */
export function criteriaText(criteria: AgentCriteria | undefined): string {
  if (criteria === undefined) return 'nobody'
  const { agent, capability, language, domains, outputs } = criteria
  const parts = [agent || capability]
  if (language !== '') parts.push(`in ${language}`)
  if (domains.length > 0) parts.push(`at ${domains.join(' or ')}`)
  if (outputs.length > 0) parts.push(`that puts out ${outputs.join(', ')}`)
  return parts.join(' ')
}
