import type { Sha256 } from '../../../core/crypto.ts'
import { type ComparedEntry, comparedEntry, compareLogs, type LogComparison } from '../../../core/session/compare-logs.ts'
import { unsealEntry } from '../../../core/session/entry-bytes.ts'
import { entryWords } from '../../../core/session/entry-words.ts'
import type { RetainedSession } from '../../../core/session/retention.ts'
import { ChainCheck } from '../../../core/session/verify-chain.ts'
import { HansaError } from '../../../schema/errors.ts'
import type { Session, SessionEntry } from '../../../schema/generated/hansa/v1/session_pb.ts'
import { TRANSLATED } from '../../../wire/translation-request.ts'
import { partyOf } from './party.ts'
import { type ImportedSession, readExport } from './read-export.ts'
import { decodeEntry, lastSequence, type SessionTable } from './session-table.ts'

export interface SessionQuery {
  /** Only sessions in which all these words were said. */
  readonly text?: string
  /** Handle, SPIFFE ID or a piece of one. */
  readonly peer?: string
  readonly limit?: number
}

export interface SessionFinds {
  /** Newest first. */
  readonly sessions: readonly Session[]
  /** False: there was more to search through than one search may. */
  readonly complete: boolean
}

export interface Verification {
  readonly session: Session
  /** Sequence of the first entry that is not as it was recorded, or is missing. */
  readonly firstBroken: number | undefined
}

export interface Comparison extends LogComparison {
  /** The other party's hash chain holds. */
  readonly otherOk: boolean
}

/** What a session takes beside its entries, its keys and places in the file included. */
const SESSION_BYTES = 1024

/** Entries or sessions gone over before others have their turn: a few milliseconds. */
const STEP = 500

/** What one search by words reads at most: seconds of work, between which others have their turn. */
const MAX_SEARCH_BYTES = 256 * 1024 * 1024

const DEFAULT_LIMIT = 50

/** Reads what has been recorded. Long work is done in steps. */
export class SessionReader {
  readonly #table: SessionTable
  readonly #sha256: Sha256

  constructor(table: SessionTable, sha256: Sha256) {
    this.#table = table
    this.#sha256 = sha256
  }

  /** Throws NOT_FOUND. */
  get(id: string): Session {
    const session = this.#table.session(id)
    if (session === undefined) throw new HansaError('NOT_FOUND', `there is no session ${JSON.stringify(id.slice(0, 80))}`, { session: id.slice(0, 256) })
    return session
  }

  /** All that fit, newest first. */
  async all(fits: (session: Session) => boolean = () => true): Promise<RetainedSession[]> {
    const kept: RetainedSession[] = []
    for (let after = ''; ;) {
      let seen = 0
      for (const session of this.#table.sessions(after)) {
        const { id, peer, updatedAt, bytes } = session
        // Small, for there may be many; whole ones are read again when they are shown.
        if (fits(session)) kept.push({ id, updatedAt: Number(updatedAt), bytes: Number(bytes) + SESSION_BYTES, domain: partyOf(peer).split('@', 2)[1] ?? '' })
        after = id
        if (++seen === STEP) break
      }
      if (seen < STEP) return kept.sort((a, b) => b.updatedAt - a.updatedAt)
      await this.#pause()
    }
  }

  async list({ text = '', peer = '', limit = DEFAULT_LIMIT }: SessionQuery): Promise<SessionFinds> {
    const words = text
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '')
    const all = await this.all((session) => peer === '' || session.peer.includes(peer) || partyOf(session.peer).includes(partyOf(peer)))
    const sessions: Session[] = []
    let left = MAX_SEARCH_BYTES
    for (const { id, bytes } of all) {
      if (sessions.length >= limit) break
      const session = this.#table.session(id)
      if (session === undefined) continue
      if (words.length > 0 && (left -= bytes) < 0) return { sessions, complete: false }
      if (words.length === 0 || (await this.#says(session, words))) sessions.push(session)
    }
    return { sessions, complete: true }
  }

  /** In order, from a sequence on. */
  entries(session: Session, from: number, limit: number): SessionEntry[] {
    return [...this.#table.entries(session, from, limit)]
  }

  /** Of a session, in order, as long as it is there. */
  async *each(session: Session): AsyncGenerator<{ readonly sequence: number; readonly sealed: Uint8Array }, void, undefined> {
    const last = lastSequence(session)
    for (let from = Number(session.dropped) + 1; from <= last; from += STEP) {
      for (const [sequence, sealed] of this.#table.sealed(session, from, Math.min(STEP, last - from + 1))) yield { sequence, sealed }
      await this.#pause()
    }
  }

  /** Throws NOT_FOUND. */
  async verify(id: string): Promise<Verification> {
    for (;;) {
      const session = this.get(id)
      const check = new ChainCheck({ ...ends(session), anchor: this.#table.anchor(id) }, this.#sha256)
      for await (const { sequence, sealed } of this.each(session)) {
        const parts = unsealEntry(sealed)
        check.add(parts === undefined ? { sequence, body: sealed, hash: new Uint8Array() } : { sequence, ...parts })
      }
      const firstBroken = check.broken()
      // Retention may have taken its beginning away meanwhile.
      if (firstBroken === undefined || this.get(id).dropped === session.dropped) return { session, firstBroken }
    }
  }

  /** With the other party's export (JSON Lines). Throws NOT_FOUND, MALFORMED naming the line. */
  async compare(id: string, other: string): Promise<Comparison> {
    const session = this.get(id)
    const there: ImportedSession = readExport(other)
    const here: ComparedEntry[] = []
    for await (const { sealed } of this.each(session)) here.push(comparedEntry(decodeEntry(sealed), TRANSLATED, this.#sha256))
    const check = new ChainCheck(there.ends, this.#sha256)
    for (const link of there.links) check.add(link)
    const others = there.entries.map((entry) => comparedEntry(entry, TRANSLATED, this.#sha256))
    return { ...compareLogs(here, others), otherOk: check.broken() === undefined }
  }

  anchor(id: string): Uint8Array {
    return this.#table.anchor(id)
  }

  async #says(session: Session, words: readonly string[]): Promise<boolean> {
    const missing = new Set(words)
    for await (const { sealed } of this.each(session)) {
      const said = entryWords(decodeEntry(sealed).content).toLowerCase()
      for (const word of missing) if (said.includes(word)) missing.delete(word)
      if (missing.size === 0) return true
    }
    return false
  }

  /** Others have their turn: the store answers in a later one, also when there is nothing to commit. */
  #pause(): Promise<void> {
    return this.#table.store.commit()
  }
}

function ends({ dropped, entries, head }: Session) {
  return { dropped: Number(dropped), entries: Number(entries), head }
}
