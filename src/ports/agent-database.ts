import type { AgentRecord, AgentStatus } from '../schema/generated/hansa/v1/directory_pb.ts'

/** The draft's "Agent Database" (2.3). `commit` as in Store: what is acknowledged is on disk. */
export interface AgentDatabase {
  put(entry: AgentEntry): void
  get(resourceId: string): AgentEntry | undefined
  /** Takes the row away for good (tombstones are rows too, with state DEREGISTERED). */
  delete(resourceId: string): void
  /** Status is kept in memory and written lazily; after a restart every agent is UNKNOWN. */
  setStatus(resourceId: string, status: AgentStatus, gateway: string, at: number): void
  /** Registered agents that fit all criteria, best first, at most `limit`; `total` counts all that fit. */
  query(criteria: Criteria): { readonly entries: AgentEntry[]; readonly total: number }
  /** All entries including tombstones, in order of resource ID. */
  all(): Iterable<AgentEntry>
  count(): number
  commit(): Promise<void>
}

export interface AgentEntry {
  readonly record: AgentRecord
  /** The SignedRecord of `record` as it is published, encoded. */
  readonly signed: Uint8Array
  /** The agent's own SignedRecord of AgentDescription, encoded; empty for a tombstone. */
  readonly description: Uint8Array
  readonly status: AgentStatus
  /** SPIFFE ID of the gateway that told the status; empty when none has. */
  readonly gateway: string
  /** Milliseconds since the epoch of the last status change. */
  readonly statusAt: number
}

/** A parsed, bounded discovery request (core/directory/query). */
export interface Criteria {
  /** Lower-case words; all must occur in name, description or capabilities. */
  readonly words: readonly string[]
  readonly capabilities: readonly string[]
  readonly language?: string
  readonly protocol?: string
  /** A skill of the agent must put out one of these facts; none: any agent. */
  readonly outputs: readonly string[]
  readonly onlineOnly: boolean
  readonly limit: number
}
