import type { JsonValue } from '@bufbuild/protobuf'
import { type ErrorCode, HansaError } from '../../../../schema/errors.ts'
import type { Part } from '../../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { BrokenValue } from '../../../../wire/format/broken-value.ts'
import type { ProtobufTypes } from '../../../../wire/format/descriptors.ts'
import { type Direction, openStructured, type StructuredPart } from '../../../../wire/format/structured-part.ts'

/** One human text inside a part: words, or a field of structured data that the agent declared to be for people. */
export interface TextSlot {
  readonly part: Part
  readonly text: string
  /** The part is this text and nothing else. */
  readonly whole: boolean
  /** Puts another text in its place. */
  set(text: string): void
}

/** Words in other formats than these (code, JSON as text) are not prose. */
const PROSE: ReadonlySet<string> = new Set(['', 'text/plain', 'text/markdown'])

/** Fields that one part may yield: a table of a thousand rows has a few thousand texts. */
const MAX_FIELDS = 5_000

/** What the target declared of its structured data, be it in JSON, CBOR or Protobuf. */
export interface DeclaredFields {
  /** JSON pointers (RFC 6901) to texts for people, where `*` stands for every element or member. */
  readonly pointers: readonly string[]
  readonly types: ProtobufTypes | undefined
}

export interface TextSlots {
  /** In order. */
  readonly slots: readonly TextSlot[]
  /** Writes the fields that were set into their parts, each part once. Throws HansaError `code`, naming the part, for a text that its format cannot carry there. */
  write(code: ErrorCode): void
}

/** The human texts of some parts. */
export function textSlots(parts: readonly Part[], fields: DeclaredFields, direction: Direction): TextSlots {
  const opened = new Map<Part, StructuredPart>()
  const changed = new Set<Part>()
  const slots = parts.flatMap((part): TextSlot[] => {
    const { content } = part
    if (content.case === 'text' && PROSE.has(part.mediaType.split(';')[0]?.trim().toLowerCase() ?? '')) {
      if (content.value.trim() === '') return []
      return [{ part, text: content.value, whole: true, set: (text) => void (part.content = { case: 'text', value: text }) }]
    }
    const data = fields.pointers.length > 0 ? openStructured(part, fields.types, direction) : undefined
    if (data === undefined) return []
    opened.set(part, data)
    return placesIn(data.value, fields.pointers).map(({ holder, key, text }) => ({
      part,
      text,
      whole: false,
      set(other) {
        changed.add(part)
        if (Array.isArray(holder)) holder[Number(key)] = other
        else holder[key] = other
      }
    }))
  })
  return {
    slots,
    write(code) {
      for (const part of changed)
        try {
          const data = opened.get(part)
          data?.put(data.value)
        } catch (thrown) {
          if (!(thrown instanceof BrokenValue)) throw thrown
          const field = `parts[${parts.indexOf(part)}]${thrown.path === '' ? '' : '.'}${thrown.path}`
          throw new HansaError(code, `${field} was declared to be a text for people, but cannot hold another: ${thrown.message}`, { field }, thrown)
        }
    }
  }
}

interface Place {
  readonly holder: JsonValue[] | Record<string, JsonValue>
  readonly key: string
  readonly text: string
}

function placesIn(data: JsonValue, pointers: readonly string[]): Place[] {
  const places: Place[] = []
  for (const pointer of pointers) collect(data, pointer.split('/').slice(1).map(unescape), places)
  return places
}

function collect(at: JsonValue | undefined, path: readonly string[], places: Place[]): void {
  const [step, ...rest] = path
  if (step === undefined || typeof at !== 'object' || at === null || places.length >= MAX_FIELDS) return
  const holder = at as JsonValue[] | Record<string, JsonValue>
  for (const key of step === '*' ? Object.keys(holder) : [step]) {
    if (!Object.hasOwn(holder, key)) continue
    const value = (holder as Record<string, JsonValue>)[key]
    if (rest.length > 0) collect(value, rest, places)
    else if (typeof value === 'string' && value.trim() !== '' && places.length < MAX_FIELDS) places.push({ holder, key, text: value })
  }
}

function unescape(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~')
}
