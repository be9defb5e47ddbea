import { type AgentRecord, AgentStatus } from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { Query } from './query.ts'
import { words } from './words.ts'

/** What a hit is worth, part by part; the parts sum up to 1. What is asked for decides before what the agent happens to be. */
const WEIGHTS = { text: 0.4, capability: 0.35, status: 0.25 } as const

/** A word in the name says more of an agent than one in its capabilities, and that more than one in the prose. A word that only begins so counts half. */
const PLACES = { name: 1, capabilities: 0.8, description: 0.5 } as const

/**
 * How well an agent that fits a query serves it, 0 to 1 (draft 3.2.3). Every server computes the score of each hit itself: nobody can rank its own agents up.
 */
export function score(record: AgentRecord, status: AgentStatus, query: Query): number {
  return WEIGHTS.text * textScore(record, query.words) + WEIGHTS.capability * capabilityScore(record, query.capabilities) + WEIGHTS.status * statusScore(status)
}

function statusScore(status: AgentStatus): number {
  if (status === AgentStatus.ONLINE) return 1
  return status === AgentStatus.OFFLINE ? 0 : 0.5
}

/** 1 when every capability is offered as asked; each level below it that the agent is more special costs a part. */
function capabilityScore(record: AgentRecord, wanted: readonly string[]): number {
  return average(wanted, (capability) => {
    const depths = record.capabilities
      .filter((offered) => offered === capability || offered.startsWith(capability + '/'))
      .map((offered) => offered.slice(capability.length).split('/').length - 1)
    return depths.length === 0 ? 0 : 1 / (1 + Math.min(...depths))
  })
}

function textScore(record: AgentRecord, wanted: readonly string[]): number {
  if (wanted.length === 0) return 1
  const places = [
    { value: PLACES.name, found: words(`${record.name} ${record.handle.split('@')[0] ?? ''}`) },
    { value: PLACES.capabilities, found: words(record.capabilities.join(' ')) },
    { value: PLACES.description, found: words(record.description) }
  ]
  return average(wanted, (word) =>
    Math.max(...places.map(({ value, found }) => (found.includes(word) ? value : found.some((other) => other.startsWith(word)) ? value / 2 : 0)))
  )
}

function average(wanted: readonly string[], part: (entry: string) => number): number {
  return wanted.length === 0 ? 1 : wanted.reduce((sum, entry) => sum + part(entry), 0) / wanted.length
}
