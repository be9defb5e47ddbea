import type { JsonValue } from '@bufbuild/protobuf'
import type { Part } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { isShallow } from '../binding/json-depth.ts'
import { fromCbor } from './cbor.ts'
import { type MediaType, parseMediaType } from './media-type.ts'

/** Formats that are converted into each other. */
export type Format = 'json' | 'cbor' | 'protobuf'

const PROTOBUF: ReadonlySet<string> = new Set(['application/x-protobuf', 'application/protobuf', 'application/vnd.google.protobuf'])

/** Nested as deep as protobuf's codecs go. */
const MAX_DEPTH = 100

/** Bytes that say nothing of themselves are looked into only when they are few: what is large and undeclared is a file. */
const MAX_GUESSED = 64 * 1024

const type = (essence: string): MediaType => ({ essence, parameters: {} })

export const JSON_TYPE = type('application/json')
export const CBOR_TYPE = type('application/cbor')
const TEXT_TYPE = type('text/plain')
const UNKNOWN_TYPE = type('application/octet-stream')

/**
 * What a part is in: as it declares, otherwise as its content shows. A `data` part is JSON whatever it declares unless that is a kind of JSON. Text that looks
 * like JSON stays text unless declared: a person may have typed it. Raw bytes are JSON when they are a JSON object or list in UTF-8, CBOR when they are marked as
 * such (RFC 8949, 3.4.6) or are exactly one map or list, otherwise anything; a file (with a name) is never looked into.
 */
export function mediaTypeOf(part: Part): MediaType {
  const declared = part.mediaType === '' ? undefined : parseMediaType(part.mediaType)
  switch (part.content.case) {
    case 'data':
      return declared !== undefined && formatOf(declared) === 'json' ? declared : JSON_TYPE
    case 'raw':
      return declared ?? (part.filename === '' && part.mediaType === '' ? guess(part.content.value) : UNKNOWN_TYPE)
    case 'text':
      return declared ?? TEXT_TYPE
    default:
      return declared ?? UNKNOWN_TYPE
  }
}

/** By type alone, structured suffixes included (RFC 6839); undefined for everything that is not converted. */
export function formatOf({ essence }: MediaType): Format | undefined {
  if (essence === JSON_TYPE.essence || essence.endsWith('+json')) return 'json'
  if (essence === CBOR_TYPE.essence || essence.endsWith('+cbor')) return 'cbor'
  return PROTOBUF.has(essence) ? 'protobuf' : undefined
}

/** JSON text in bytes. Throws SyntaxError, also for what is not UTF-8 or nested too deep. */
export function parseJson(bytes: Uint8Array): JsonValue {
  if (!isShallow(bytes, MAX_DEPTH)) throw new SyntaxError(`nested deeper than ${MAX_DEPTH} levels`)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new SyntaxError('not UTF-8')
  }
  return JSON.parse(text) as JsonValue
}

function guess(bytes: Uint8Array): MediaType {
  if (bytes.length === 0 || bytes.length > MAX_GUESSED) return UNKNOWN_TYPE
  const marked = bytes[0] === 0xd9 && bytes[1] === 0xd9 && bytes[2] === 0xf7
  if (marked) return CBOR_TYPE
  const major = (bytes[0] ?? 0) >> 5
  try {
    if (major === 4 || major === 5) {
      fromCbor(bytes)
      return CBOR_TYPE
    }
    return isContainer(parseJson(bytes)) ? JSON_TYPE : UNKNOWN_TYPE
  } catch {
    return UNKNOWN_TYPE
  }
}

function isContainer(value: JsonValue): boolean {
  return typeof value === 'object' && value !== null
}
