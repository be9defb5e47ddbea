import type { ErrorDetail } from '../../../schema/generated/hansa/v1/call_pb.ts'
import type { TaskRun, WorkState } from '../../../schema/generated/hansa/v1/task_pb.ts'

/** A run in one line. Times are milliseconds since the epoch. */
export interface RunSummary {
  readonly id: string
  readonly name: string
  readonly state: WorkState
  readonly createdAt: number
  readonly endedAt?: number
  /** Steps by state; those that there are. */
  readonly counts: ReadonlyMap<WorkState, number>
  readonly error?: ErrorDetail
}

export function summaryOf(run: TaskRun, counts = countsOf(run)): RunSummary {
  const { id, state, error } = run
  const ended = Number(run.endedAt)
  return {
    id,
    name: run.graph?.name ?? '',
    state,
    createdAt: Number(run.createdAt),
    ...(ended === 0 ? {} : { endedAt: ended }),
    counts,
    ...(error === undefined ? {} : { error })
  }
}

function countsOf(run: TaskRun): Map<WorkState, number> {
  const counts = new Map<WorkState, number>()
  for (const { state } of run.steps) counts.set(state, (counts.get(state) ?? 0) + 1)
  return counts
}
