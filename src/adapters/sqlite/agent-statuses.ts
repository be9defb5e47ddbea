import { AgentStatus } from '../../schema/generated/hansa/v1/directory_pb.ts'

export interface AgentStatusEntry {
  readonly status: AgentStatus
  readonly gateway: string
  /** Milliseconds since the epoch. */
  readonly statusAt: number
}

const NEVER: AgentStatusEntry = { status: AgentStatus.UNKNOWN, gateway: '', statusAt: 0 }

/**
 * Statuses by row. They change far more often than registrations, so they live in memory, and only who told what when goes to the disk, with the next commit: after
 * a start nobody knows whether an agent still runs.
 */
export class AgentStatuses {
  readonly #entries = new Map<number, AgentStatusEntry>()
  readonly #changed = new Set<number>()

  load(rid: number, entry: AgentStatusEntry): void {
    this.#entries.set(rid, entry)
  }

  set(rid: number, entry: AgentStatusEntry): void {
    this.#entries.set(rid, entry)
    this.#changed.add(rid)
  }

  get(rid: number): AgentStatusEntry {
    return this.#entries.get(rid) ?? NEVER
  }

  delete(rid: number): void {
    this.#entries.delete(rid)
    this.#changed.delete(rid)
  }

  /** Entries that the disk has not seen; it is taken that they are written now. */
  takeChanged(): [number, AgentStatusEntry][] {
    const changed = [...this.#changed].map((rid): [number, AgentStatusEntry] => [rid, this.get(rid)])
    this.#changed.clear()
    return changed
  }
}
