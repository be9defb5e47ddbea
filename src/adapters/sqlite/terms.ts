import { ancestors } from '../../core/ids/capability.ts'
import type { Criteria } from '../../ports/agent-database.ts'
import type { AgentRecord } from '../../schema/generated/hansa/v1/directory_pb.ts'

/** All keys under which an agent stands in the index. */
export function termsOf(record: AgentRecord): Set<string> {
  return new Set([
    ...record.capabilities.flatMap(ancestors).map((path) => `c:${path}`),
    ...record.languages.flatMap(prefixes).map((tag) => `l:${tag}`),
    ...record.protocols.map((protocol) => `p:${protocol}`)
  ])
}

/** The keys that an agent must have to fit, the most telling first. */
export function wantedTerms({ capabilities, language, protocol }: Criteria): string[] {
  // Long paths are special and so rare: they leave the fewest rows for the other conditions.
  const paths = [...capabilities].sort((a, b) => b.length - a.length).map((path) => `c:${path}`)
  return [...paths, ...(language === undefined ? [] : [`l:${language.toLowerCase()}`]), ...(protocol === undefined ? [] : [`p:${protocol}`])]
}

/** zh-Hans: zh, zh-hans (RFC 4647 3.3.1). */
function prefixes(tag: string): string[] {
  const parts = tag.toLowerCase().split('-')
  return parts.map((_, index) => parts.slice(0, index + 1).join('-'))
}
