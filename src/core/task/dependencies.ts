import { NeedState, type TaskStep } from '../../schema/generated/hansa/v1/task_pb.ts'
import { parseReference } from './reference.ts'

/**
 * The steps that this one waits for, and how each must have ended. What inputs and conditions refer to must be COMPLETED, unless `needs` says otherwise of that
 * step; so must a need that says nothing.
 */
export function dependenciesOf(step: TaskStep): Map<string, NeedState> {
  const all = new Map<string, NeedState>()
  for (const { from } of [...step.inputs, ...step.conditions]) {
    const reference = parseReference(from)
    if (reference?.of === 'step') all.set(reference.step, NeedState.COMPLETED)
  }
  for (const { step: id, on } of step.needs) all.set(id, on === NeedState.UNSPECIFIED ? NeedState.COMPLETED : on)
  return all
}
