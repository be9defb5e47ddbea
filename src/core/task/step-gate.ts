import type { StepCondition, TaskStep } from '../../schema/generated/hansa/v1/task_pb.ts'
import { conditionText } from './condition-text.ts'
import { holds } from './condition.ts'
import { type Known, parseReference, resolveReference } from './reference.ts'

/** Why a step that nothing else holds back cannot run: an input that is missing, a condition that does not hold; undefined: it can. */
export function whyNot(step: TaskStep, known: Known): string | undefined {
  const failed = step.conditions.find((condition: StepCondition) => !holds(condition, known))
  if (failed !== undefined) return `it does not hold that ${conditionText(failed)}`
  const missing = step.inputs.find(({ from, value, optional }) => {
    if (optional || value !== undefined) return false
    const reference = parseReference(from)
    return reference === undefined || resolveReference(reference, known) === undefined
  })
  return missing === undefined ? undefined : `its input ${missing.name} is missing: there is no ${missing.from}`
}
