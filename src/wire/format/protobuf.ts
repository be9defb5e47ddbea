import {
  type DescField,
  type DescMessage,
  type FileRegistry,
  fromBinary,
  fromJson,
  type JsonValue,
  type Message,
  ScalarType,
  toBinary,
  toJson
} from '@bufbuild/protobuf'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { BrokenValue, inside } from './broken-value.ts'
import { messageIn } from './descriptors.ts'

/** As wire/decode.ts bounds what strangers send. */
const MAX_FIELDS = 250_000
const MAX_DEPTH = 100

/** How far down the place of a fault is looked for: each level reads the value again. */
const MAX_SEARCH_DEPTH = 16

/**
 * A message as ProtoJSON, with the fields that have their default value: a reader of JSON does not know the defaults. Throws BrokenValue, also for fields that the
 * descriptor does not have: they would be lost.
 */
export function fromProtobuf(bytes: Uint8Array, desc: DescMessage, registry: FileRegistry): JsonValue {
  scan(bytes, desc, '', MAX_FIELDS, MAX_DEPTH)
  try {
    return toJson(desc, fromBinary(desc, bytes), { registry, alwaysEmitImplicit: true })
  } catch (cause) {
    throw new BrokenValue('', `not a ${desc.typeName}: ${reason(cause)}`)
  }
}

/** ProtoJSON as a message's bytes. Throws BrokenValue with the path of the field. */
export function toProtobuf(json: JsonValue, desc: DescMessage, registry: FileRegistry): Uint8Array {
  return toBinary(desc, messageFromJson(json, desc, registry))
}

/** ProtoJSON as a message. Throws BrokenValue with the path of the field. */
export function messageFromJson(json: JsonValue, desc: DescMessage, registry: FileRegistry): Message {
  try {
    return fromJson(desc, json, { registry })
  } catch (cause) {
    const path = faultIn(json, desc, registry, '', MAX_SEARCH_DEPTH)
    throw new BrokenValue(path, `not a ${desc.typeName}: ${reason(cause)}`)
  }
}

/** The innermost place in `json` that is not what the descriptor says. */
function faultIn(json: JsonValue, desc: DescMessage, registry: FileRegistry, path: string, depth: number): string {
  if (depth === 0 || typeof json !== 'object' || json === null || Array.isArray(json)) return path
  for (const [key, value] of Object.entries(json)) {
    const fault = attempt(desc, { [key]: value }, registry)
    if (!fault) continue
    const at = inside(path, key)
    const field = desc.fields.find((one) => one.jsonName === key || one.name === key)
    const inner = field === undefined ? undefined : messageIn(field)
    if (field?.fieldKind === 'list' && Array.isArray(value)) {
      const index = value.findIndex((item) => attempt(desc, { [key]: [item] }, registry))
      if (index < 0) return at
      return inner === undefined ? inside(at, index) : faultIn(value[index] ?? null, inner, registry, inside(at, index), depth - 1)
    }
    if (field?.fieldKind === 'map' && typeof value === 'object' && value !== null && !Array.isArray(value)) {
      const entry = Object.entries(value).find(([name, item]) => attempt(desc, { [key]: { [name]: item } }, registry))
      if (entry === undefined) return at
      return inner === undefined ? inside(at, entry[0]) : faultIn(entry[1], inner, registry, inside(at, entry[0]), depth - 1)
    }
    return inner === undefined ? at : faultIn(value, inner, registry, at, depth - 1)
  }
  return path
}

function attempt(desc: DescMessage, json: JsonValue, registry: FileRegistry): boolean {
  try {
    fromJson(desc, json, { registry })
    return false
  } catch {
    return true
  }
}

/** Counts fields and depth before anything is built, and finds fields without a descriptor. Returns what is left of `left`. */
function scan(bytes: Uint8Array, desc: DescMessage, path: string, left: number, depth: number): number {
  if (depth === 0) throw new BrokenValue(path, `messages in messages deeper than ${MAX_DEPTH}`)
  const fields = fieldsOf(desc)
  const reader = new BinaryReader(bytes)
  try {
    while (reader.pos < reader.len) {
      const [number, type] = reader.tag()
      const field = fields.get(number)
      if (field === undefined) throw new BrokenValue(path, `${desc.typeName} has no field ${number}`)
      if (--left < 0) throw new BrokenValue(path, `more than ${MAX_FIELDS} fields`)
      const at = inside(path, field.jsonName)
      const inner = messageIn(field)
      if (type !== WireType.LengthDelimited) {
        if (inner !== undefined) throw new BrokenValue(at, 'not a message')
        reader.skip(type, number)
        continue
      }
      const content = reader.bytes()
      if (field.fieldKind === 'map') left = scanEntry(content, field, inner, at, left, depth - 1)
      else if (inner !== undefined) left = scan(content, inner, at, left, depth - 1)
      else left -= packed(field, content.length)
      if (left < 0) throw new BrokenValue(path, `more than ${MAX_FIELDS} fields`)
    }
  } catch (cause) {
    if (cause instanceof BrokenValue) throw cause
    throw new BrokenValue(path, `not a ${desc.typeName}: ${reason(cause)}`)
  }
  return left
}

function scanEntry(bytes: Uint8Array, field: DescField, value: DescMessage | undefined, path: string, left: number, depth: number): number {
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag()
    if (number !== 1 && number !== 2) throw new BrokenValue(path, `an entry of the map ${field.name} has no field ${number}`)
    if (value !== undefined && number === 2 && type === WireType.LengthDelimited) left = scan(reader.bytes(), value, path, left, depth)
    else reader.skip(type, number)
  }
  return left - 1
}

const FIELDS = new WeakMap<DescMessage, ReadonlyMap<number, DescField>>()

function fieldsOf(desc: DescMessage): ReadonlyMap<number, DescField> {
  let fields = FIELDS.get(desc)
  if (fields === undefined) FIELDS.set(desc, (fields = new Map(desc.fields.map((field) => [field.number, field]))))
  return fields
}

/** The most values that packed numbers of so many bytes can be; texts and bytes are not packed. */
function packed(field: DescField, length: number): number {
  if (field.fieldKind !== 'list' || field.listKind === 'message') return 0
  if (field.listKind === 'enum') return length
  switch (field.scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return 0
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return Math.ceil(length / 8)
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return Math.ceil(length / 4)
    default:
      return length
  }
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message.slice(0, 150) : 'broken'
}
