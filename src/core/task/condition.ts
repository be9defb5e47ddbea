import type { JsonValue } from '@bufbuild/protobuf'
import { ConditionOperator, type StepCondition } from '../../schema/generated/hansa/v1/task_pb.ts'
import { jsonOf } from './json-value.ts'
import { type Known, parseReference, resolveReference } from './reference.ts'

/**
 * True when the condition holds. What is missing only holds for MISSING and NOT_EQUAL. Order is that of numbers, or of texts by code unit; of two unlike kinds
 * none comes before the other. Files exist or are missing; they are compared by nothing else.
 */
export function holds(condition: StepCondition, known: Known): boolean {
  const reference = parseReference(condition.from)
  const found = reference === undefined ? undefined : resolveReference(reference, known)
  if (condition.operator === ConditionOperator.EXISTS) return found !== undefined
  if (condition.operator === ConditionOperator.MISSING) return found === undefined
  const wanted = jsonOf(condition.value)
  if (found?.kind !== 'json') return condition.operator === ConditionOperator.NOT_EQUAL
  return compare(found.json, condition.operator, wanted)
}

function compare(left: JsonValue, operator: ConditionOperator, right: JsonValue): boolean {
  switch (operator) {
    case ConditionOperator.EQUAL:
      return same(left, right)
    case ConditionOperator.NOT_EQUAL:
      return !same(left, right)
    case ConditionOperator.LESS:
      return order(left, right) === -1
    case ConditionOperator.LESS_OR_EQUAL:
      return [-1, 0].includes(order(left, right))
    case ConditionOperator.GREATER:
      return order(left, right) === 1
    case ConditionOperator.GREATER_OR_EQUAL:
      return [1, 0].includes(order(left, right))
    case ConditionOperator.ONE_OF:
      return Array.isArray(right) && right.some((entry) => same(left, entry))
    case ConditionOperator.CONTAINS:
      if (typeof left === 'string') return typeof right === 'string' && left.includes(right)
      return Array.isArray(left) && left.some((entry) => same(entry, right))
    default:
      return false
  }
}

/** -1, 0, 1; NaN: neither. */
function order(left: JsonValue, right: JsonValue): number {
  if (typeof left === 'number' && typeof right === 'number') return Math.sign(left - right)
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : left > right ? 1 : 0
  return NaN
}

/** Deep equality; the order of members does not count. */
function same(left: JsonValue, right: JsonValue): boolean {
  if (left === right) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  if (Array.isArray(left) || Array.isArray(right))
    return Array.isArray(left) && Array.isArray(right) && left.length === right.length && left.every((entry, index) => same(entry, right[index] ?? null))
  const keys = Object.keys(left)
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => {
      const [one, other] = [left[key], right[key]]
      return Object.hasOwn(right, key) && one !== undefined && other !== undefined && same(one, other)
    })
  )
}
