import { ancestors } from '../../core/ids/capability.ts'
import type { Criteria } from '../../ports/agent-database.ts'
import type { AgentRecord } from '../../schema/generated/hansa/v1/directory_pb.ts'

/** All keys under which an agent stands in the index. */
export function termsOf(record: AgentRecord): Set<string> {
  return new Set([
    ...record.capabilities.flatMap(ancestors).map((path) => `c:${path}`),
    ...record.languages.flatMap(prefixes).map((tag) => `l:${tag}`),
    ...record.protocols.map((protocol) => `p:${protocol}`),
    ...record.skills.flatMap(({ outputs }) => outputs).map((fact) => `f:${fact}`)
  ])
}

/** What an agent must have to fit: one key of each of these sets, the most telling set first. */
export function wantedTerms({ capabilities, language, protocol, outputs }: Criteria): string[][] {
  // Long paths are special and so rare: they leave the fewest rows for the other conditions.
  const paths = [...capabilities].sort((a, b) => b.length - a.length).map((path) => `c:${path}`)
  const single = [...paths, ...(language === undefined ? [] : [`l:${language.toLowerCase()}`]), ...(protocol === undefined ? [] : [`p:${protocol}`])]
  // Few agents put out a given fact.
  return [...(outputs.length === 0 ? [] : [outputs.map((fact) => `f:${fact}`)]), ...single.map((term) => [term])]
}

/** zh-Hans: zh, zh-hans (RFC 4647 3.3.1). */
function prefixes(tag: string): string[] {
  const parts = tag.toLowerCase().split('-')
  return parts.map((_, index) => parts.slice(0, index + 1).join('-'))
}
