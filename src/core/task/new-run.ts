import { create } from '@bufbuild/protobuf'
import { StepRunSchema, type TaskGraph, type TaskRun, TaskRunSchema, WorkState } from '../../schema/generated/hansa/v1/task_pb.ts'
import { checkGraph } from './check-graph.ts'

interface RunStart {
  readonly id: string
  /** A2A context of all messages of the run. */
  readonly contextId: string
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** A run of the graph in which nothing has been done. Throws INVALID_ARGUMENT for a graph that cannot be run (`checkGraph`). */
export function newRun(graph: TaskGraph, { id, contextId, now }: RunStart): TaskRun {
  checkGraph(graph)
  const steps = graph.steps.map((step) => create(StepRunSchema, { step: step.id, state: WorkState.PENDING }))
  return create(TaskRunSchema, { id, contextId, graph, steps, state: WorkState.PENDING, createdAt: BigInt(now) })
}
