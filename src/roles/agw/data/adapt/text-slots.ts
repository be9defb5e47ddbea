import { fromJson, type JsonValue, toJson } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import type { Part } from '../../../../schema/generated/lf/a2a/v1/a2a_pb.ts'

/** One human text inside a part: words, or a field of structured data that the agent declared to be for people. */
export interface TextSlot {
  readonly part: Part
  readonly text: string
  /** Puts another text in its place. */
  set(text: string): void
}

/** Words in other formats than these (code, JSON as text) are not prose. */
const PROSE: ReadonlySet<string> = new Set(['', 'text/plain', 'text/markdown'])

/** Fields that one part may yield: a table of a thousand rows has a few thousand texts. */
const MAX_FIELDS = 5_000

/** The human texts of some parts, in order. `fields`: JSON pointers (RFC 6901) into structured data, where `*` stands for every element or member. */
export function textSlots(parts: readonly Part[], fields: readonly string[]): TextSlot[] {
  return parts.flatMap((part) => {
    const { content } = part
    if (content.case === 'text') {
      const type = part.mediaType.split(';')[0]?.trim().toLowerCase() ?? ''
      if (!PROSE.has(type) || content.value.trim() === '') return []
      return [{ part, text: content.value, set: (text: string) => void (part.content = { case: 'text', value: text }) }]
    }
    return content.case === 'data' && fields.length > 0 ? dataSlots(part, toJson(ValueSchema, content.value), fields) : []
  })
}

function dataSlots(part: Part, data: JsonValue, fields: readonly string[]): TextSlot[] {
  const places: { readonly holder: JsonValue[] | Record<string, JsonValue>; readonly key: string; readonly text: string }[] = []
  for (const pointer of fields) collect(data, pointer.split('/').slice(1).map(unescape), places)
  return places.map(({ holder, key, text }) => ({
    part,
    text,
    set(changed) {
      if (Array.isArray(holder)) holder[Number(key)] = changed
      else holder[key] = changed
      part.content = { case: 'data', value: fromJson(ValueSchema, data) }
    }
  }))
}

function collect(
  at: JsonValue | undefined,
  path: readonly string[],
  places: { holder: JsonValue[] | Record<string, JsonValue>; key: string; text: string }[]
): void {
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
