import { create } from '@bufbuild/protobuf'
import { type Value, ValueSchema } from '@bufbuild/protobuf/wkt'

/** Lists in each other; each takes two messages of protobuf's bound of 100. */
export function nested(lists: number): Value {
  let value = create(ValueSchema, { kind: { case: 'numberValue', value: 1 } })
  for (let left = lists; left > 0; left--) value = create(ValueSchema, { kind: { case: 'listValue', value: { values: [value] } } })
  return value
}
