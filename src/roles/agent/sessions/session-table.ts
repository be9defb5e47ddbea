import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { Store } from '../../../ports/store.ts'
import { FIRST_HASH } from '../../../core/session/entry-hash.ts'
import { type Session, SessionEntrySchema, type SessionEntry, SessionSchema } from '../../../schema/generated/hansa/v1/session_pb.ts'

const SESSIONS = 'sessions'
const ENTRIES = 'entries'
/** Hash of the last entry that retention took away, by session. */
const ANCHORS = 'anchors'

/** Sequences in keys have so many digits, so that they sort as numbers: a million entries a second for ten days. */
const DIGITS = 12

/** Milliseconds since the epoch until the year 5138. */
const TIME_DIGITS = 14

/** Where sessions are in the store. IDs of sessions have no spaces. */
export class SessionTable {
  readonly store: Store

  constructor(store: Store) {
    this.store = store
  }

  session(id: string): Session | undefined {
    const bytes = this.store.get(SESSIONS, id)
    return bytes === undefined ? undefined : fromBinary(SessionSchema, bytes)
  }

  put(session: Session): void {
    this.store.put(SESSIONS, session.id, toBinary(SessionSchema, session))
  }

  /** In order of their IDs, those behind `after`. */
  *sessions(after = ''): Iterable<Session> {
    for (const [id, bytes] of this.store.entries(SESSIONS, { from: after })) if (id !== after) yield fromBinary(SessionSchema, bytes)
  }

  count(): number {
    return this.store.count(SESSIONS)
  }

  putEntry(session: Session, sequence: number, sealed: Uint8Array): void {
    this.store.put(ENTRIES, keyOf(session, sequence), sealed)
  }

  /** Sequences and sealed entries, in order. */
  *sealed(session: Session, from = 1, limit?: number): Iterable<readonly [number, Uint8Array]> {
    const prefix = prefixOf(session)
    const bounds = limit === undefined ? {} : { limit }
    for (const [key, bytes] of this.store.entries(ENTRIES, { prefix, from: keyOf(session, from), ...bounds })) yield [Number(key.slice(prefix.length)), bytes]
  }

  *entries(session: Session, from = 1, limit?: number): Iterable<SessionEntry> {
    for (const [, bytes] of this.sealed(session, from, limit)) yield decodeEntry(bytes)
  }

  deleteEntry(session: Session, sequence: number): void {
    this.store.delete(ENTRIES, keyOf(session, sequence))
  }

  anchor(id: string): Uint8Array {
    return this.store.get(ANCHORS, id) ?? FIRST_HASH
  }

  putAnchor(id: string, hash: Uint8Array): void {
    this.store.put(ANCHORS, id, hash)
  }

  /** The session with all that is in it. */
  remove(session: Session): void {
    const { id, dropped, entries } = session
    const first = Number(dropped) + 1
    for (let sequence = first; sequence < first + Number(entries); sequence++) this.deleteEntry(session, sequence)
    this.store.delete(SESSIONS, id)
    this.store.delete(ANCHORS, id)
  }
}

/** What was said may be nested as deeply as the wire allows (100), and lies one deeper in its entry: what could be written must be read again. */
const MAX_DEPTH = 128

export function decodeEntry(sealed: Uint8Array): SessionEntry {
  return fromBinary(SessionEntrySchema, sealed, { recursionLimit: MAX_DEPTH })
}

export function emptySession(id: string, peer: string, at: number): Session {
  return create(SessionSchema, { id, peer, createdAt: BigInt(at), updatedAt: BigInt(at), head: FIRST_HASH })
}

/** Sequence of the newest entry; 0 for none. */
export function lastSequence({ dropped, entries }: Session): number {
  return Number(dropped + entries)
}

/** Sessions of one time lie together: a write of many of them then touches few pages of the file, while their IDs are random. */
function prefixOf({ id, createdAt }: Session): string {
  return `${String(createdAt).padStart(TIME_DIGITS, '0')} ${id} `
}

function keyOf(session: Session, sequence: number): string {
  return prefixOf(session) + String(sequence).padStart(DIGITS, '0')
}
