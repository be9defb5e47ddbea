import { match } from '../../src/core/directory/match.ts'
import type { AgentDatabase, AgentEntry, Criteria } from '../../src/ports/agent-database.ts'
import { HansaError } from '../../src/schema/errors.ts'
import { AgentStatus } from '../../src/schema/generated/hansa/v1/directory_pb.ts'

/** An AgentDatabase without a disk. `failNextCommit` makes the next commit fail: nothing since the last commit is kept. */
export class MemoryAgentDatabase implements AgentDatabase {
  #entries = new Map<string, AgentEntry>()
  #committed = new Map<string, AgentEntry>()
  #fail = false

  failNextCommit(): void {
    this.#fail = true
  }

  put(entry: AgentEntry): void {
    this.#entries.set(entry.record.resourceId, entry)
  }

  get(resourceId: string): AgentEntry | undefined {
    return this.#entries.get(resourceId)
  }

  delete(resourceId: string): void {
    this.#entries.delete(resourceId)
  }

  setStatus(resourceId: string, status: AgentStatus, gateway: string, at: number): void {
    const entry = this.#entries.get(resourceId)
    if (entry !== undefined) this.#entries.set(resourceId, { ...entry, status, gateway, statusAt: at })
  }

  query(criteria: Criteria): { readonly entries: AgentEntry[]; readonly total: number } {
    const found = [...this.all()].filter(({ record, status }) => match(record, status, criteria))
    const online = (entry: AgentEntry) => Number(entry.status === AgentStatus.ONLINE)
    const entries = found.sort((a, b) => online(b) - online(a)).slice(0, criteria.limit)
    return { entries, total: found.length }
  }

  *all(): Iterable<AgentEntry> {
    for (const id of [...this.#entries.keys()].sort()) {
      const entry = this.#entries.get(id)
      if (entry !== undefined) yield entry
    }
  }

  count(): number {
    return this.#entries.size
  }

  commit(): Promise<void> {
    if (this.#fail) {
      this.#fail = false
      this.#entries = new Map(this.#committed)
      return Promise.reject(new HansaError('STORE_FAILED', 'the database failed because the test wanted it to'))
    }
    this.#committed = new Map(this.#entries)
    return Promise.resolve()
  }
}
