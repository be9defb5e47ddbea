import type { TaskRun } from '../../schema/generated/hansa/v1/task_pb.ts'
import type { Known } from './reference.ts'

/** What references of a run are resolved against, as the run stands whenever one is. Costs O(steps) once. */
export function knownOf(run: TaskRun): Known {
  const steps = new Map(run.steps.map((step) => [step.step, step]))
  return { given: run.graph?.given ?? {}, step: (id) => steps.get(id) }
}
