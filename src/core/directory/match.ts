import { type AgentRecord, AgentStatus, RecordState } from '../../schema/generated/hansa/v1/directory_pb.ts'
import { parseResourceId } from '../ids/agent-id.ts'
import { covers } from '../ids/capability.ts'
import { coversLanguage } from '../ids/language-tag.ts'
import type { Query } from './query.ts'
import { words } from './words.ts'

/** The words by which an agent is found: of its two names, its description and its capabilities. */
export function searchable(record: Pick<AgentRecord, 'resourceId' | 'name' | 'description' | 'capabilities'>): string[] {
  return words([record.name, parseResourceId(record.resourceId).name, ...record.capabilities, record.description].join(' '))
}

/** True when a registered agent fits all of the query (draft 3.2.3). Answers of other servers are held to it too. */
export function match(record: AgentRecord, status: AgentStatus, query: Query): boolean {
  if (record.state !== RecordState.REGISTERED) return false
  if (query.onlineOnly && status !== AgentStatus.ONLINE) return false
  if (query.domain !== undefined && record.domain !== query.domain) return false
  if (query.protocol !== undefined && !record.protocols.includes(query.protocol)) return false
  const { language } = query
  if (language !== undefined && !record.languages.some((offered) => coversLanguage(language, offered))) return false
  if (!query.capabilities.every((wanted) => record.capabilities.some((offered) => covers(wanted, offered)))) return false
  if (query.outputs.length > 0 && !record.skills.some(({ outputs }) => outputs.some((fact) => query.outputs.includes(fact)))) return false
  if (query.words.length === 0) return true
  const found = searchable(record)
  return query.words.every((wanted) => found.some((word) => word.startsWith(wanted)))
}
