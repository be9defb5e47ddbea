import { ConditionOperator, type StepCondition } from '../../schema/generated/hansa/v1/task_pb.ts'
import { jsonOf } from './json-value.ts'

const WORDS: Readonly<Record<number, string>> = {
  [ConditionOperator.EQUAL]: 'is',
  [ConditionOperator.NOT_EQUAL]: 'is not',
  [ConditionOperator.LESS]: 'is less than',
  [ConditionOperator.LESS_OR_EQUAL]: 'is at most',
  [ConditionOperator.GREATER]: 'is more than',
  [ConditionOperator.GREATER_OR_EQUAL]: 'is at least',
  [ConditionOperator.ONE_OF]: 'is one of',
  [ConditionOperator.CONTAINS]: 'contains'
}

/** A value in a sentence is cut to this many characters. */
const MAX_VALUE = 80

/** The condition in words: `steps.visa.data.granted is true`. */
export function conditionText({ from, operator, value }: StepCondition): string {
  if (operator === ConditionOperator.EXISTS) return `${from} is there`
  if (operator === ConditionOperator.MISSING) return `${from} is missing`
  const text = JSON.stringify(jsonOf(value))
  return `${from} ${WORDS[operator] ?? '?'} ${text.length > MAX_VALUE ? text.slice(0, MAX_VALUE) + '…' : text}`
}
