import { create, toBinary } from '@bufbuild/protobuf'
import type { Frame } from '../../ports/network.ts'
import { errorDetail, HansaError } from '../../schema/errors.ts'
import { type CallTrailer, CallTrailerSchema } from '../../schema/generated/hansa/v1/call_pb.ts'
import { decode } from '../../wire/decode.ts'
import { TRAILER } from '../../wire/frames.ts'
import { MAX_ERROR_METADATA, MAX_ERROR_TEXT } from './bounds.ts'

const EMPTY = new Uint8Array()

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
