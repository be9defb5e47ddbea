import type { Clock } from '../../../ports/clock.ts'
import type { Store } from '../../../ports/store.ts'
import type { TaskRun, WorkState } from '../../../schema/generated/hansa/v1/task_pb.ts'
import type { FileShelf } from './file-shelf.ts'
import type { OrchestratorBounds } from './orchestrator-deps.ts'
import { type RunSummary, summaryOf } from './run-summary.ts'
import type { RunTable } from './run-table.ts'

/** Counts of the steps of runs that have ended, as JSON: a list of runs reads no steps. */
const ENDS = 'task-ends'

/** Runs that have ended: kept for a while, the oldest go first. Writes are there after the store's next commit. */
export class EndedRuns {
  readonly #store: Store
  readonly #clock: Clock
  readonly #table: RunTable
  readonly #files: FileShelf
  readonly #bounds: OrchestratorBounds
  /** In the order in which they ended. */
  readonly #runs = new Map<string, RunSummary>()

  constructor(deps: { readonly store: Store; readonly clock: Clock; readonly table: RunTable; readonly files: FileShelf }, bounds: OrchestratorBounds) {
    this.#store = deps.store
    this.#clock = deps.clock
    this.#table = deps.table
    this.#files = deps.files
    this.#bounds = bounds
  }

  /** Takes over what earlier processes have ended: heads, without steps. */
  open(heads: readonly TaskRun[]): void {
    for (const head of [...heads].sort((a, b) => Number(a.endedAt - b.endedAt))) {
      const counts = this.#counts(head.id)
      // The process ended between the end of the run and this word of it.
      if (counts === undefined) this.add(this.#table.load(head.id) ?? head)
      else this.#runs.set(head.id, summaryOf(head, counts))
    }
    this.sweep()
  }

  add(run: TaskRun): void {
    const summary = summaryOf(run)
    this.#runs.delete(run.id)
    this.#runs.set(run.id, summary)
    this.#store.put(ENDS, run.id, new TextEncoder().encode(JSON.stringify([...summary.counts])))
    this.sweep()
  }

  has(id: string): boolean {
    return this.#runs.has(id)
  }

  /** It goes on: its rows stay. */
  take(id: string): void {
    this.#runs.delete(id)
    this.#store.delete(ENDS, id)
  }

  all(): Iterable<RunSummary> {
    return this.#runs.values()
  }

  /** Forgets what is too old or too much. */
  sweep(): void {
    const before = this.#clock.now() - this.#bounds.endedMs
    for (const [id, { endedAt = 0 }] of this.#runs) {
      if (this.#runs.size <= this.#bounds.ended && endedAt >= before) return
      this.take(id)
      this.#table.remove(id)
      this.#files.release(id)
    }
  }

  #counts(id: string): Map<WorkState, number> | undefined {
    const bytes = this.#store.get(ENDS, id)
    return bytes === undefined ? undefined : new Map(JSON.parse(new TextDecoder().decode(bytes)) as [WorkState, number][])
  }
}
