import { fromJson, type JsonValue, toBinary } from '@bufbuild/protobuf'
import { unhex } from '../../../core/ids/hex.ts'
import type { ChainEnds, ChainLink } from '../../../core/session/verify-chain.ts'
import { HansaError } from '../../../schema/errors.ts'
import { type SessionEntry, SessionEntrySchema, SessionSchema } from '../../../schema/generated/hansa/v1/session_pb.ts'
import { decode } from '../../../wire/decode.ts'
import { EXPORT_FORMAT } from './write-export.ts'

/** As much as a request to a node may hold. */
const MAX_CHARACTERS = 32_000_000

/** More than a session keeps by default, ten times. */
const MAX_ENTRIES = 100_000

/** An export of another party, read but not believed. */
export interface ImportedSession {
  readonly ends: ChainEnds
  readonly entries: readonly SessionEntry[]
  readonly links: readonly ChainLink[]
}

/** Reads the lines of an export. Throws MALFORMED naming the line, FRAME_TOO_LARGE. */
export function readExport(text: string): ImportedSession {
  if (text.length > MAX_CHARACTERS) throw new HansaError('FRAME_TOO_LARGE', `an export of ${text.length} characters`, { bound: MAX_CHARACTERS })
  const [first = '', ...rest] = text.split('\n').filter((line) => line.trim() !== '')
  if (rest.length > MAX_ENTRIES) throw new HansaError('FRAME_TOO_LARGE', `an export of ${rest.length} entries`, { bound: MAX_ENTRIES })
  const ends = line(1, () => headOf(JSON.parse(first) as JsonValue))
  const entries = rest.map((each, index) => line(index + 2, () => entryOf(JSON.parse(each) as JsonValue)))
  return {
    ends,
    entries,
    links: entries.map((entry) => ({ sequence: Number(entry.sequence), body: bodyOf(entry), hash: entry.hash }))
  }
}

function headOf(value: JsonValue): ChainEnds {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value['format'] !== EXPORT_FORMAT) throw new TypeError('not the head of an export')
  const { dropped, entries, head } = fromJson(SessionSchema, value['session'] ?? null)
  const anchor = typeof value['anchor'] === 'string' ? unhex(value['anchor']) : undefined
  if (anchor === undefined) throw new TypeError('no anchor')
  return { anchor, dropped: Number(dropped), entries: Number(entries), head }
}

function entryOf(value: JsonValue): SessionEntry {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && typeof value['bytes'] === 'string')
    return decode(SessionEntrySchema, unhex(value['bytes']) ?? new Uint8Array([0]))
  return fromJson(SessionEntrySchema, value)
}

function bodyOf(entry: SessionEntry): Uint8Array {
  return toBinary(SessionEntrySchema, { ...entry, hash: new Uint8Array() })
}

function line<T>(number: number, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new HansaError('MALFORMED', `line ${number} is not of a session's export (JSON Lines)`, { line: number }, cause)
  }
}
