import type { Sha256 } from '../../../core/crypto.ts'
import { contextWindow, type WindowBounds, withSummary } from '../../../core/session/context-window.ts'
import { sessionsToDrop } from '../../../core/session/retention.ts'
import { foreignSessionId, sessionId } from '../../../core/session/session-id.ts'
import { markdownEntry, markdownHead } from './session-markdown.ts'
import { type Turn, turnsOf } from '../../../core/session/turns.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Log } from '../../../ports/log.ts'
import type { Metrics } from '../../../ports/metrics.ts'
import type { Lifecycle } from '../../../ports/part.ts'
import type { Store } from '../../../ports/store.ts'
import type { Session, SessionEntry } from '../../../schema/generated/hansa/v1/session_pb.ts'
import type { SessionsConfig } from './config.ts'
import { partyOf } from './party.ts'
import { Recorder } from './recorder.ts'
import { type CallParties, SessionCall } from './session-call.ts'
import { SessionLog } from './session-log.ts'
import { type Comparison, type SessionFinds, type SessionQuery, SessionReader, type Verification } from './session-reader.ts'
import { decodeEntry, lastSequence, SessionTable } from './session-table.ts'
import { exportEntry, exportHead } from './write-export.ts'

export interface SessionsDeps {
  /** Of sessions alone: a moment that is lost in a power failure does no harm, so it need not sync each commit. */
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly sha256: Sha256
  readonly metrics?: Metrics
  readonly config: SessionsConfig
}

export interface ContextOptions extends Partial<WindowBounds> {
  /** Only what was said between this party (SPIFFE ID or handle) and this node. */
  readonly peer?: string
  /** ID of a message that is left out. */
  readonly without?: string
  /** Makes a summary of the turns that are too old for the window; it is placed before them. */
  readonly summarize?: (older: readonly Turn[]) => string | Promise<string>
}

/** Sessions of a node (draft 2.4): what was said in each, in order. All methods that read see what was said before they were called; they throw NOT_FOUND. */
export interface Sessions extends Lifecycle {
  /** Begins to record a call; undefined when nothing is recorded. */
  begin(parties: CallParties): SessionCall | undefined
  list(query?: SessionQuery): Promise<SessionFinds>
  get(id: string): Promise<Session>
  entries(id: string, options?: { readonly from?: number; readonly limit?: number }): Promise<readonly SessionEntry[]>
  verify(id: string): Promise<Verification>
  /** With the other party's export in JSON Lines. Throws MALFORMED. */
  compare(id: string, other: string): Promise<Comparison>
  /** Lines without their ends. JSON Lines can be verified and compared; Markdown is for people. */
  exportLines(id: string, format?: 'jsonl' | 'markdown'): AsyncGenerator<string, void, undefined>
  delete(id: string): Promise<void>
  /** What a model should be told before the next call in a session, oldest first; empty for a session that is not known. */
  context(contextId: string, options?: ContextOptions): Promise<Turn[]>
}

/** A screenful, and what fits into a small model's window beside its task. */
const DEFAULT_WINDOW: WindowBounds = { messages: 20, characters: 8_000 }

/** Entries looked at for a context: with those of streams among them enough for any window. */
const CONTEXT_ENTRIES = 2_000

const DEFAULT_ENTRIES = 100

/** How often old sessions are looked for: they are kept for days. */
const SWEEP_MS = 3_600_000

/** What may be written, as a share of all that is kept, before the next sweep comes early. */
const SWEEP_SHARE = 0.05

export function createSessions({ store, clock, log, sha256, metrics, config }: SessionsDeps): Sessions {
  const table = new SessionTable(store)
  const written = new SessionLog(table, sha256, config)
  const recorder = new Recorder({ clock, log, store, wrote, ...(metrics === undefined ? {} : { metrics }) }, written)
  const reader = new SessionReader(table, sha256)
  const calls = {
    clock,
    sha256,
    tellers: new Map<string, SessionCall>(),
    push: (id: string, said: Parameters<Recorder['push']>[1]) => recorder.push(id, said),
    failed: (error: unknown) => log.error({ error }, 'something that was said could not be recorded')
  }
  let unswept = 0
  let stopSweeps: (() => void) | undefined
  let sweeping: Promise<void> | undefined
  metrics?.gauge('hansa_sessions', 'Sessions kept.', () => table.count())

  async function remove(sessions: readonly Session[]): Promise<void> {
    for (const session of sessions) {
      written.remove(session)
      // One transaction each: a large one is enough at a time.
      await store.commit()
    }
  }

  async function sweep(): Promise<void> {
    await recorder.flush()
    const all = await reader.all()
    const gone = new Set(sessionsToDrop(all, config, clock.now()))
    if (gone.size === 0) return
    // As they are now: something may have been said in them.
    await remove(all.flatMap(({ id, updatedAt }) => (gone.has(id) && Number(table.session(id)?.updatedAt) === updatedAt ? [reader.get(id)] : [])))
    log.info({ sessions: gone.size }, 'old sessions were removed')
  }

  function wrote(bytes: number): void {
    unswept += bytes
    if (unswept > config.total * SWEEP_SHARE) sweepNow()
  }

  function sweepNow(): void {
    unswept = 0
    sweeping ??= sweep()
      .catch((error: unknown) => log.warn({ error }, 'old sessions could not be removed'))
      .finally(() => {
        sweeping = undefined
      })
  }

  const sessions: Sessions = {
    begin: (parties) => (config.record ? new SessionCall(calls, parties) : undefined),
    async list(query = {}) {
      await recorder.flush()
      return reader.list(query)
    },
    async get(id) {
      await recorder.flush()
      return reader.get(id)
    },
    async entries(id, { from = 1, limit = DEFAULT_ENTRIES } = {}) {
      return reader.entries(await sessions.get(id), from, limit)
    },
    async verify(id) {
      await recorder.flush()
      return reader.verify(id)
    },
    async compare(id, other) {
      await recorder.flush()
      return reader.compare(id, other)
    },
    async *exportLines(id, format = 'jsonl') {
      const session = await sessions.get(id)
      const json = format === 'jsonl'
      yield* json ? [exportHead(session, reader.anchor(id))] : markdownHead(session)
      for await (const { sealed } of reader.each(session)) yield* json ? [exportEntry(sealed)] : markdownEntry(decodeEntry(sealed))
    },
    async delete(id) {
      await remove([await sessions.get(id)])
    },
    async context(contextId, { peer, without, summarize, messages = DEFAULT_WINDOW.messages, characters = DEFAULT_WINDOW.characters } = {}) {
      await recorder.flush()
      const session = sessionWith(contextId, peer)
      if (session === undefined) return []
      const entries = reader.entries(session, Math.max(1, lastSequence(session) - CONTEXT_ENTRIES + 1), CONTEXT_ENTRIES)
      const party = peer === undefined ? undefined : partyOf(peer)
      const theirs = party === undefined ? entries : entries.filter(({ from, to }) => partyOf(from) === party || partyOf(to) === party)
      const window = contextWindow(turnsOf(theirs, without), { messages, characters })
      return withSummary(window, summarize === undefined || window.older.length === 0 ? '' : await summarize(window.older))
    },
    async start() {
      stopSweeps = clock.every(SWEEP_MS, sweepNow)
      sweepNow()
    },
    async stop() {
      stopSweeps?.()
      await sweeping
      await recorder.flush()
    }
  }

  /** The session of a contextId as one party knows it. */
  function sessionWith(contextId: string, peer: string | undefined): Session | undefined {
    const id = sessionId(contextId, sha256)
    const session = table.session(id)
    if (session === undefined || peer === undefined || partyOf(session.peer) === partyOf(peer)) return session
    return table.session(foreignSessionId(id, partyOf(peer), sha256))
  }

  return sessions
}
