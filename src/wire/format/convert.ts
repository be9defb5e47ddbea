import { create } from '@bufbuild/protobuf'
import { HansaError } from '../../schema/errors.ts'
import { type Part, PartSchema } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { BrokenValue } from './broken-value.ts'
import type { ProtobufTypes } from './descriptors.ts'
import { CBOR_TYPE, formatOf, JSON_TYPE, mediaTypeOf } from './detect.ts'
import { accepts, type MediaType, parseMediaType } from './media-type.ts'
import { contentOf, type Direction, isStructured, render, valueOf } from './structured-part.ts'

/** Where a converted part says so: { from, to }, both media types. */
export const FORMAT_METADATA = 'urn:hansa:format'

/** Modes of a card that are looked at; more would be no list but an attack. */
const MAX_MODES = 64

export interface Conversion {
  /** What the receiver takes: inputModes of a card (on the way there), acceptedOutputModes (on the way back). Its order is the receiver's preference. */
  readonly accepted: readonly string[]
  /** The agent's Protobuf messages, where it registered them. */
  readonly types: ProtobufTypes | undefined
  /** Which of them a part is when it does not say: the agent's input on the way there, its output on the way back. */
  readonly direction: Direction
}

export interface Converted {
  readonly parts: Part[]
  readonly changed: boolean
}

/**
 * Converts each part that its receiver does not take into the first format of the receiver's that can carry it (draft 2.5, 3.3.2); new parts, never the same ones changed.
 *
 * Agents in the field often declare text/plain alone and take data all the same, so nothing is refused on suspicion. A part passes as it is when it is text or a URL;
 * when a mode of the receiver takes its type, also by wildcard (+json counts as JSON, +cbor as CBOR); when it is in none of the three formats (files, images: never
 * looked into); or when the receiver names none of them. What is left is in one of the three while the receiver wants others of them: it is converted or refused.
 *
 * @param place of the parts, for messages: message.parts
 * @throws CONTENT_TYPE_NOT_SUPPORTED where no format of the receiver's can carry it, INVALID_ARGUMENT (metadata: field) for a value that is broken or does not fit
 */
export function convertParts(parts: readonly Part[], conversion: Conversion, place = 'message.parts'): Converted {
  const modes = conversion.accepted.slice(0, MAX_MODES).flatMap((mode) => parseMediaType(mode) ?? [])
  const structured = modes.filter((mode) => formatOf(mode) !== undefined)
  if (structured.length === 0) return { parts: [...parts], changed: false }
  let changed = false
  const converted = parts.map((part, index) => {
    const made = convertPart(part, modes, structured, conversion, `${place}[${index}]`)
    if (made !== undefined) changed = true
    return made ?? part
  })
  return { parts: converted, changed }
}

/** Undefined when the part passes as it is. */
function convertPart(part: Part, modes: readonly MediaType[], structured: readonly MediaType[], conversion: Conversion, place: string): Part | undefined {
  const from = mediaTypeOf(part)
  if (!isStructured(part, from)) return undefined
  if (modes.some((mode) => takes(mode, from))) return undefined

  let broken: BrokenValue | undefined
  const read =
    conversion.types === undefined && formatOf(from) === 'protobuf'
      ? undefined
      : located(place, part, () => valueOf(part, from, conversion.types, conversion.direction))
  if (read !== undefined)
    for (const to of structured) {
      try {
        const content = contentOf(read.value, to, conversion.types, conversion.direction)
        if (content === undefined) continue
        return create(PartSchema, {
          content: content.content,
          mediaType: content.mediaType,
          metadata: { ...part.metadata, [FORMAT_METADATA]: { from: render(from), to: content.mediaType } }
        })
      } catch (thrown) {
        if (!(thrown instanceof BrokenValue)) throw thrown
        broken ??= thrown
      }
    }
  if (broken !== undefined) throw invalid(place, part, broken)
  const wanted = structured.map(render).join(', ').slice(0, 300)
  throw new HansaError('CONTENT_TYPE_NOT_SUPPORTED', `${place} is ${render(from).slice(0, 100)}, and its receiver takes ${wanted}`, {
    field: place,
    mediaType: render(from).slice(0, 100),
    accepted: wanted
  })
}

/** A mode for any +json or +cbor of the general type; a mode that names a Protobuf message takes only that. */
function takes(mode: MediaType, from: MediaType): boolean {
  const format = formatOf(from)
  if (format === 'protobuf') return formatOf(mode) === 'protobuf' ? sameMessage(mode, from) : accepts(mode, from)
  if (format === 'json' && mode.essence === JSON_TYPE.essence) return true
  if (format === 'cbor' && mode.essence === CBOR_TYPE.essence) return true
  return accepts(mode, from)
}

function sameMessage(mode: MediaType, from: MediaType): boolean {
  const [wanted, given] = [mode.parameters['messagetype'], from.parameters['messagetype']]
  return wanted === undefined || given === undefined || wanted === given
}

function located<T>(place: string, part: Part, read: () => T): T {
  try {
    return read()
  } catch (thrown) {
    throw thrown instanceof BrokenValue ? invalid(place, part, thrown) : thrown
  }
}

function invalid(place: string, part: Part, { path, message }: BrokenValue): HansaError {
  const content = `${place}.${part.content.case ?? 'content'}`
  const field = path === '' ? content : path.startsWith('[') ? content + path : `${content}.${path}`
  return new HansaError('INVALID_ARGUMENT', `${field}: ${message}`, { field })
}
