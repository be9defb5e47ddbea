import { type AgentRecord, RecordState } from '../../schema/generated/hansa/v1/directory_pb.ts'

/** A found agent with how well it serves. */
export interface Ranked {
  readonly record: AgentRecord
  /** 0 to 1. */
  readonly score: number
}

/**
 * Answers of several servers as one list, best first: of each agent the newest record counts, and a newest one that is a tombstone hides the agent. Among equal
 * sequences the first answer stands.
 */
export function merge<T extends Ranked>(answers: Iterable<T>): T[] {
  const newest = new Map<string, T>()
  for (const answer of answers) {
    const known = newest.get(answer.record.resourceId)
    if (known === undefined || answer.record.sequence > known.record.sequence) newest.set(answer.record.resourceId, answer)
  }
  return [...newest.values()]
    .filter(({ record }) => record.state === RecordState.REGISTERED)
    .sort((a, b) => b.score - a.score || (a.record.handle < b.record.handle ? -1 : 1))
}
