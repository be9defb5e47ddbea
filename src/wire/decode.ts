import { type DescField, type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { HansaError } from '../schema/errors.ts'

/**
 * Fields of one message, those of the messages inside it included. An empty message in a list is two bytes on the wire and 150 in memory, so a bound on
 * bytes alone would let 8 MiB stop a node for seconds. A table of 10,000 agents stays below a third of this.
 */
export const MAX_FIELDS = 250_000

/** As deep as protobuf's other implementations go. */
const MAX_DEPTH = 100

/** The shortest field: a tag and a value of one byte, or a tag and a length of zero. */
const LEAST_FIELD_BYTES = 2

/** Decodes what a stranger sent; fields that are not in the schema are dropped. Throws MALFORMED, also for more than MAX_FIELDS fields. */
export function decode<S extends DescMessage>(schema: S, bytes: Uint8Array): MessageShape<S> {
  try {
    // Shorter ones cannot have too many.
    if (bytes.length > MAX_FIELDS * LEAST_FIELD_BYTES) countFields(schema, bytes, MAX_FIELDS, MAX_DEPTH)
    return fromBinary(schema, bytes, { readUnknownFields: false })
  } catch (cause) {
    throw new HansaError('MALFORMED', `a ${schema.typeName} that cannot be decoded`, {}, cause)
  }
}

/** What is left of `left` after the fields in `bytes`. Throws RangeError when there are more, or when they are nested deeper than `depth`. */
function countFields(schema: DescMessage, bytes: Uint8Array, left: number, depth: number): number {
  if (depth === 0) throw new RangeError(`messages in messages deeper than ${MAX_DEPTH}`)
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag()
    if (--left < 0) throw new RangeError(`more than ${MAX_FIELDS} fields`)
    if (type !== WireType.LengthDelimited) {
      reader.skip(type, number)
      continue
    }
    const inner = messageIn(schema.fields.find((field) => field.number === number))
    const content = reader.bytes()
    if (inner !== undefined) left = countFields(inner, content, left, depth - 1)
  }
  return left
}

function messageIn(field: DescField | undefined): DescMessage | undefined {
  return field?.fieldKind === 'message' || field?.fieldKind === 'list' ? field.message : undefined
}
