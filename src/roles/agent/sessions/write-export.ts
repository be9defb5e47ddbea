import { toJson } from '@bufbuild/protobuf'
import { type Session, type SessionEntry, SessionEntrySchema, SessionSchema } from '../../../schema/generated/hansa/v1/session_pb.ts'
import { hex } from '../../../core/ids/hex.ts'
import { decodeEntry } from './session-table.ts'

/** What the first line of an export says that it is. */
export const EXPORT_FORMAT = 'hansa-session/1'

/** The first line: the session as its owner knows it, and where its chain begins. */
export function exportHead(session: Session, anchor: Uint8Array): string {
  return JSON.stringify({ format: EXPORT_FORMAT, session: toJson(SessionSchema, session), anchor: hex(anchor) })
}

/** One line per entry: ProtoJSON, from which the bytes that were hashed can be made again. */
export function exportEntry(sealed: Uint8Array): string {
  const entry = decodeEntry(sealed)
  return JSON.stringify(jsonOf(entry) ?? { bytes: hex(sealed) })
}

/** Undefined for an entry with something in it that JSON has no word for, such as a number that is none. */
function jsonOf(entry: SessionEntry) {
  try {
    return toJson(SessionEntrySchema, entry)
  } catch {
    return undefined
  }
}
