import { fromJson, type JsonValue, toJson } from '@bufbuild/protobuf'
import { type Value, ValueSchema } from '@bufbuild/protobuf/wkt'
import type { Part } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { BrokenValue } from './broken-value.ts'
import { fromCbor, toCbor } from './cbor.ts'
import type { ProtobufTypes } from './descriptors.ts'
import { formatOf, mediaTypeOf, parseJson } from './detect.ts'
import type { MediaType } from './media-type.ts'
import { fromProtobuf, toProtobuf } from './protobuf.ts'

/** Which of an agent's Protobuf messages a part is when it does not say: its input on the way there, its output on the way back. */
export type Direction = 'input' | 'output'

export interface Content {
  readonly content: Part['content']
  readonly mediaType: string
}

/** True for data in one of the three formats; false for words, files and links, which are never looked into. `type`: as `mediaTypeOf` says. */
export function isStructured(part: Part, type: MediaType): boolean {
  const kind = part.content.case
  if (kind === undefined || kind === 'url' || part.filename !== '') return false
  const format = formatOf(type)
  return format === 'json' || (format !== undefined && kind !== 'text')
}

/** Structured data as it can be looked into and changed, whatever it is written in. */
export interface StructuredPart {
  readonly value: JsonValue
  /** Writes another value in the part's own format. Throws BrokenValue when that cannot carry it. */
  put(value: JsonValue): void
}

/** Undefined for a part that is none, or that cannot be read: to say so is the part of whoever has to convert it. */
export function openStructured(part: Part, types: ProtobufTypes | undefined, direction: Direction): StructuredPart | undefined {
  const type = mediaTypeOf(part)
  if (!isStructured(part, type)) return undefined
  const { case: kind } = part.content
  try {
    const { value } = valueOf(part, type, types, direction)
    return {
      value,
      put(changed) {
        if (kind === 'text') part.content = { case: 'text', value: JSON.stringify(changed) }
        else if (kind === 'raw' && formatOf(type) === 'json') part.content = { case: 'raw', value: new TextEncoder().encode(JSON.stringify(changed)) }
        else part.content = contentOf(changed, type, types, direction)?.content ?? part.content
      }
    }
  } catch (thrown) {
    if (thrown instanceof BrokenValue) return undefined
    throw thrown
  }
}

/** The canonical value of a part in one of the three formats. Throws BrokenValue. */
export function valueOf(part: Part, from: MediaType, types: ProtobufTypes | undefined, direction: Direction): { readonly value: JsonValue } {
  const { content } = part
  if (content.case === 'data') return { value: jsonOf(content.value) }
  if (content.case !== 'text' && content.case !== 'raw') throw new BrokenValue('', 'neither text nor bytes')
  const bytes = content.case === 'text' ? new TextEncoder().encode(content.value) : content.value
  switch (formatOf(from)) {
    case 'cbor':
      return { value: fromCbor(bytes) }
    case 'protobuf': {
      if (types === undefined) throw new BrokenValue('', 'the agent has registered no Protobuf messages')
      return { value: fromProtobuf(bytes, messageOf(from, types, direction), types.registry) }
    }
    default:
      try {
        return { value: parseJson(bytes) }
      } catch (cause) {
        throw new BrokenValue('', `not JSON: ${cause instanceof Error ? cause.message : ''}`)
      }
  }
}

/** Undefined when the format cannot carry it at all: Protobuf without descriptors. Throws BrokenValue when the value does not fit. */
export function contentOf(value: JsonValue, to: MediaType, types: ProtobufTypes | undefined, direction: Direction): Content | undefined {
  switch (formatOf(to)) {
    case 'json':
      return { content: { case: 'data', value: jsonValue(value) }, mediaType: render(to) }
    case 'cbor':
      return { content: { case: 'raw', value: toCbor(value) }, mediaType: render(to) }
    case 'protobuf': {
      if (types === undefined) return undefined
      const desc = messageOf(to, types, direction)
      const named = { ...to.parameters, messagetype: desc.typeName }
      return { content: { case: 'raw', value: toProtobuf(value, desc, types.registry) }, mediaType: render({ essence: to.essence, parameters: named }) }
    }
    default:
      return undefined
  }
}

/** Protobuf holds numbers that JSON has not. */
function jsonOf(value: Value): JsonValue {
  try {
    return toJson(ValueSchema, value)
  } catch (cause) {
    throw new BrokenValue('', cause instanceof Error ? cause.message : 'not JSON')
  }
}

function jsonValue(value: JsonValue) {
  try {
    return fromJson(ValueSchema, value)
  } catch (cause) {
    throw new BrokenValue('', cause instanceof Error ? cause.message : 'not JSON')
  }
}

function messageOf(type: MediaType, types: ProtobufTypes, direction: Direction) {
  const name = type.parameters['messagetype']
  if (name === undefined) return types[direction]
  if (name === types.input.typeName) return types.input
  if (name === types.output.typeName) return types.output
  throw new BrokenValue('', `the agent has not registered the message ${name.slice(0, 100)}`)
}

export function render({ essence, parameters }: MediaType): string {
  const pairs = Object.entries(parameters).map(([name, value]) => `; ${name === 'messagetype' ? 'messageType' : name}="${value.replace(/["\\]/g, '\\$&')}"`)
  return essence + pairs.join('')
}
