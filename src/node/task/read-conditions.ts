import { fromJson, type JsonValue, type MessageInitShape } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { ConditionOperator, type StepConditionSchema } from '../../schema/generated/hansa/v1/task_pb.ts'
import { readReference, type Scope } from './read-inputs.ts'
import type { Path } from './read-work.ts'
import { isObject, type Reader, show } from './reader.ts'

type Condition = MessageInitShape<typeof StepConditionSchema>

const OPERATORS: Readonly<Record<string, ConditionOperator>> = {
  is: ConditionOperator.EQUAL,
  not: ConditionOperator.NOT_EQUAL,
  less: ConditionOperator.LESS,
  'at-most': ConditionOperator.LESS_OR_EQUAL,
  more: ConditionOperator.GREATER,
  'at-least': ConditionOperator.GREATER_OR_EQUAL,
  'one-of': ConditionOperator.ONE_OF,
  contains: ConditionOperator.CONTAINS
}
const KEYS = [...Object.keys(OPERATORS), 'exists']

/** Those that compare by order, which only numbers and texts have. */
const ORDERED: ReadonlySet<string> = new Set(['less', 'at-most', 'more', 'at-least'])

/**
 * What must hold for a step to run: a map, or a list of maps, of references: `steps.flight.data.price: { at-least: 100, less: 500 }`. A value without a word means
 * equality: `steps.visa.data.granted: true`. Words: is, not, less, at-most, more, at-least, one-of (a list), contains, exists (true or false).
 */
export function readConditions(reader: Reader, value: JsonValue | undefined, path: Path, scope: Scope): Condition[] {
  if (value === undefined) return []
  const maps = Array.isArray(value) ? value.map((entry, index): [JsonValue, Path] => [entry, [...path, index]]) : [[value, path] as [JsonValue, Path]]
  return maps.flatMap(([entry, at]) =>
    Object.entries(reader.map(entry, at)).flatMap(([reference, said]) => {
      const place = [...at, reference]
      // What is not given is a case like any other.
      const from = readReference(reader, reference, place, scope, false)
      if (!isObject(said)) return [comparison(from, ConditionOperator.EQUAL, said)]
      const words = Object.entries(reader.map(said, place, KEYS))
      if (words.length === 0) reader.refuse(place, `expected one of ${KEYS.join(', ')}`)
      return words.flatMap(([word, wanted]) => readComparison(reader, from, word, wanted, [...place, word]))
    })
  )
}

function readComparison(reader: Reader, from: string, word: string, wanted: JsonValue, path: Path): Condition[] {
  if (word === 'exists') return [{ from, operator: reader.flag(wanted, path) ? ConditionOperator.EXISTS : ConditionOperator.MISSING }]
  const operator = Object.hasOwn(OPERATORS, word) ? OPERATORS[word] : undefined
  if (operator === undefined) return []
  if (word === 'one-of' && !Array.isArray(wanted)) reader.refuse(path, `expected a list, got ${show(wanted)}`)
  if (ORDERED.has(word) && typeof wanted !== 'number' && typeof wanted !== 'string') reader.refuse(path, `expected a number or a text, got ${show(wanted)}`)
  return [comparison(from, operator, wanted)]
}

function comparison(from: string, operator: ConditionOperator, wanted: JsonValue): Condition {
  return { from, operator, value: fromJson(ValueSchema, wanted) }
}
