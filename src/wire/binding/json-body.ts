import type { JsonValue } from '@bufbuild/protobuf'
import { HansaError } from '../../schema/errors.ts'
import { isShallow } from './json-depth.ts'

/** The codec of the messages takes 100 levels; the request around them adds a few. */
const MAX_DEPTH = 128

/** A body of a client as JSON. Throws MALFORMED. */
export function parseJsonBody(body: Uint8Array): JsonValue {
  if (!isShallow(body, MAX_DEPTH)) throw new HansaError('MALFORMED', `the body nests more than ${MAX_DEPTH} levels`)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as JsonValue
  } catch {
    throw new HansaError('MALFORMED', 'the body is not JSON in UTF-8')
  }
}
