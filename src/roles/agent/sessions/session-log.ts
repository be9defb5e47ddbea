import type { Sha256 } from '../../../core/crypto.ts'
import { sealEntry, unsealEntry } from '../../../core/session/entry-bytes.ts'
import { entriesToDrop, type Retention } from '../../../core/session/retention.ts'
import { foreignSessionId } from '../../../core/session/session-id.ts'
import type { Session, SessionEntry } from '../../../schema/generated/hansa/v1/session_pb.ts'
import { partyOf } from './party.ts'
import { emptySession, lastSequence, type SessionTable } from './session-table.ts'
import { innerOf, keyOf, type Spoken } from './spoken.ts'

/** Sessions kept open: more than have something said in them at a time. */
const MAX_OPEN = 512

/** Entries read when a session is opened again, to know what has been said: as far back as something is likely to be told twice. */
const REMEMBERED = 128

/** Things remembered of one open session. */
const MAX_SEEN = 2048

interface OpenSession {
  readonly session: Session
  readonly seen: Set<string>
}

/** Writes entries behind one another: sequence, hash chain, and what has been said already is not written again. What is written must be committed. */
export class SessionLog {
  readonly #table: SessionTable
  readonly #sha256: Sha256
  readonly #retention: Pick<Retention, 'maxEntries' | 'maxBytes'>
  readonly #open = new Map<string, OpenSession>()
  readonly #changed = new Set<OpenSession>()

  constructor(table: SessionTable, sha256: Sha256, retention: Pick<Retention, 'maxEntries' | 'maxBytes'>) {
    this.#table = table
    this.#sha256 = sha256
    this.#retention = retention
  }

  /** Bytes written: 0 for what had been said already. */
  append(id: string, said: Spoken): number {
    const open = this.#sessionFor(id, said)
    const { session, seen } = open
    if (said.key !== undefined && seen.has(said.key)) return 0
    remember(seen, said.key)
    remember(seen, said.inner)
    const sequence = lastSequence(session) + 1
    const { sealed, hash } = sealEntry({ ...said, sequence }, session.head, this.#sha256)
    this.#table.putEntry(session, sequence, sealed)
    session.entries++
    session.bytes += BigInt(sealed.length)
    session.head = hash
    session.updatedAt = BigInt(said.at)
    if (session.title === '') session.title = said.title
    this.#changed.add(open)
    return sealed.length
  }

  /** Writes what has changed of the sessions themselves; after a batch of entries, before the commit. */
  finish(): void {
    for (const { session } of this.#changed) {
      this.#trim(session)
      this.#table.put(session)
    }
    this.#changed.clear()
    for (const id of this.#open.keys()) {
      if (this.#open.size <= MAX_OPEN) break
      this.#open.delete(id)
    }
  }

  /** After a commit that failed: what is in memory is not what is in the store. */
  forget(): void {
    this.#open.clear()
    this.#changed.clear()
  }

  remove(session: Session): void {
    this.#open.delete(session.id)
    this.#table.remove(session)
  }

  /** The session of a contextId for one party; for what comes in, another's session is not it. */
  #sessionFor(id: string, { peer, own, at }: Spoken): OpenSession {
    const open = this.#openOne(id) ?? this.#begin(id, peer, at)
    if (own || partyOf(open.session.peer) === partyOf(peer)) return open
    const foreign = foreignSessionId(id, partyOf(peer), this.#sha256)
    return this.#openOne(foreign) ?? this.#begin(foreign, peer, at)
  }

  #openOne(id: string): OpenSession | undefined {
    const known = this.#open.get(id)
    if (known !== undefined) {
      // The map keeps insertion order: the first one is the one unused for longest.
      this.#open.delete(id)
      this.#open.set(id, known)
      return known
    }
    const session = this.#table.session(id)
    if (session === undefined) return undefined
    const open: OpenSession = { session, seen: new Set() }
    for (const entry of this.#table.entries(session, Math.max(1, lastSequence(session) - REMEMBERED + 1)))
      for (const key of keysOf(entry)) remember(open.seen, key)
    this.#open.set(id, open)
    return open
  }

  #begin(id: string, peer: string, at: number): OpenSession {
    const open: OpenSession = { session: emptySession(id, peer, at), seen: new Set() }
    this.#open.set(id, open)
    return open
  }

  /** Takes the oldest entries away, as many as are too many; the hash of the last of them is kept, for the chain goes on from it. */
  #trim(session: Session): void {
    const { id } = session
    const size = { entries: Number(session.entries), bytes: Number(session.bytes) }
    if (size.entries <= this.#retention.maxEntries && size.bytes <= this.#retention.maxBytes) return
    const first = Number(session.dropped) + 1
    const sealed: Uint8Array[] = []
    function* sizes(table: SessionTable): Iterable<number> {
      for (const [, bytes] of table.sealed(session, first)) {
        sealed.push(bytes)
        yield bytes.length
      }
    }
    const drop = entriesToDrop(size, sizes(this.#table), this.#retention)
    for (const [index, bytes] of sealed.slice(0, drop).entries()) {
      this.#table.deleteEntry(session, first + index)
      session.bytes -= BigInt(bytes.length)
    }
    const anchor = sealed[drop - 1]
    if (anchor !== undefined) this.#table.putAnchor(id, unsealEntry(anchor)?.hash ?? new Uint8Array())
    session.dropped += BigInt(drop)
    session.entries -= BigInt(drop)
  }
}

function keysOf({ content, from, digest }: SessionEntry): (string | undefined)[] {
  return content.case === undefined ? [] : [keyOf(content, from, digest), innerOf(content, from)]
}

function remember(seen: Set<string>, key: string | undefined): void {
  if (key === undefined) return
  seen.add(key)
  if (seen.size > MAX_SEEN) for (const oldest of seen) return void seen.delete(oldest)
}
