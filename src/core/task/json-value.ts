import type { JsonValue } from '@bufbuild/protobuf'
import type { Value } from '@bufbuild/protobuf/wkt'

/** A protobuf value as JSON. Total: what JSON has no word for (no kind, NaN, infinity) is null. Recursion is bounded by the decoder's own bound on depth. */
export function jsonOf(value: Value | undefined): JsonValue {
  const kind = value?.kind
  switch (kind?.case) {
    case 'boolValue':
    case 'stringValue':
      return kind.value
    case 'numberValue':
      return Number.isFinite(kind.value) ? kind.value : null
    case 'structValue':
      // Not by assignment: a key may be __proto__.
      return Object.fromEntries(Object.entries(kind.value.fields).map(([key, field]) => [key, jsonOf(field)]))
    case 'listValue':
      return kind.value.values.map((entry) => jsonOf(entry))
    default:
      return null
  }
}
