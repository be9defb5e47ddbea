import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf'
import type { Frame } from '../../ports/network.ts'
import type { Fragment } from '../../ports/rpc.ts'
import { errorDetail, HansaError } from '../../schema/errors.ts'
import { type CallTrailer, CallTrailerSchema } from '../../schema/generated/hansa/v1/call_pb.ts'
import { MAX_FRAGMENT, TRAILER } from '../../wire/frames.ts'
import { MAX_ERROR_METADATA, MAX_ERROR_TEXT } from './bounds.ts'

const EMPTY = new Uint8Array()

/** A message as fragments; an empty one is one empty fragment. */
export function* fragments(bytes: Uint8Array): Iterable<Fragment> {
  let offset = 0
  for (; bytes.length - offset > MAX_FRAGMENT; offset += MAX_FRAGMENT) yield { bytes: bytes.subarray(offset, offset + MAX_FRAGMENT), last: false }
  yield { bytes: bytes.subarray(offset), last: true }
}

/** Puts the fragments of one message together. Throws FRAME_TOO_LARGE above `bound` bytes before it keeps them. */
export class MessageJoiner {
  readonly #parts: Uint8Array[] = []
  readonly #bound: number
  #length = 0

  constructor(bound: number) {
    this.#bound = bound
  }

  /** The message when `fragment` was its last. */
  add(fragment: Fragment): Uint8Array | undefined {
    this.#length += fragment.bytes.length
    checkMessageLength(this.#length, this.#bound)
    if (fragment.last && this.#parts.length === 0) return fragment.bytes
    this.#parts.push(fragment.bytes)
    return fragment.last ? Buffer.concat(this.#parts) : undefined
  }
}

export function checkMessageLength(length: number, bound: number): void {
  if (length > bound) throw new HansaError('FRAME_TOO_LARGE', `a message of more than ${bound} bytes`, { bound })
}

/** Decodes what a stranger sent. Throws MALFORMED. */
export function decode<S extends DescMessage>(schema: S, bytes: Uint8Array): MessageShape<S> {
  try {
    return fromBinary(schema, bytes)
  } catch (cause) {
    throw new HansaError('MALFORMED', `a ${schema.typeName} that cannot be decoded`, {}, cause)
  }
}

/** The frame that ends a call. However large the error, it fits. */
export function trailerFrame(error: HansaError | undefined, trailer: Uint8Array = EMPTY): Frame {
  if (error === undefined && trailer.length === 0) return { type: TRAILER, payload: EMPTY }
  return { type: TRAILER, payload: toBinary(CallTrailerSchema, create(CallTrailerSchema, { error: error && errorDetail(bounded(error)), trailer })) }
}

export function readTrailer(frame: Frame): CallTrailer {
  return decode(CallTrailerSchema, frame.payload)
}

function bounded(error: HansaError): HansaError {
  const metadata = Object.entries(error.metadata)
    .slice(0, MAX_ERROR_METADATA)
    .map(([key, value]) => [key.slice(0, 100), value.slice(0, 500)])
  return new HansaError(error.code, error.message.slice(0, MAX_ERROR_TEXT), Object.fromEntries(metadata))
}
