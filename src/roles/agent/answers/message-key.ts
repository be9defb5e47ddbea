import { type JsonValue, toBinary, toJson } from '@bufbuild/protobuf'
import type { Sha256 } from '../../../core/crypto.ts'
import { hex } from '../../../core/ids/hex.ts'
import { type Message, MessageSchema } from '../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { TRANSLATED } from '../../../wire/translation-request.ts'

/** The key of a message: its ID is the sender's own, and of any length. */
export function messageKey(principal: string, messageId: string, sha256: Sha256): string {
  return hex(sha256(new TextEncoder().encode(JSON.stringify([principal, messageId]))))
}

/**
 * What a message says, as 32 bytes: the same for every copy of it. How its answer is to come back (configuration) is no part of it, the order of members neither: not
 * every client writes objects in the same order twice. A part that a gateway has translated counts as such, for it may find other words the next time.
 */
export function messageDigest(message: Message, sha256: Sha256): Uint8Array {
  let bytes: Uint8Array
  try {
    bytes = new TextEncoder().encode(JSON.stringify(sorted(toJson(MessageSchema, message))))
  } catch {
    // There are numbers that JSON cannot say.
    bytes = toBinary(MessageSchema, message)
  }
  return sha256(bytes)
}

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const { metadata } = value
  if (typeof metadata === 'object' && metadata !== null && TRANSLATED in metadata) return TRANSLATED
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([key, inner]) => [key, sorted(inner)]))
}
