import type { Clock } from '../../../ports/clock.ts'
import type { Log } from '../../../ports/log.ts'
import type { Counter, Metrics } from '../../../ports/metrics.ts'
import type { Store } from '../../../ports/store.ts'
import { toHansaError } from '../../../schema/errors.ts'
import type { SessionLog } from './session-log.ts'
import type { Spoken } from './spoken.ts'

/** How long what was said may wait to be written with what is said after it. Calls of one moment share a transaction; a process that dies loses no more than this. */
const GATHER_MS = 50

/** As many are written at once as a moment has room for: about 5 ms of work. */
const BATCH = 256

/** Bytes that wait at most. Only a store that fails lets so many come together. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024

/** Until a store that has failed is tried again. */
const RETRY_MS = 1_000

/** Beside its content, what an entry takes in memory. */
const ENTRY_BYTES = 512

interface Waiting {
  readonly id: string
  readonly said: Spoken
}

export interface RecorderDeps {
  readonly clock: Clock
  readonly log: Log
  readonly store: Store
  readonly metrics?: Metrics
  /** Told of bytes that have been committed. */
  readonly wrote: (bytes: number) => void
}

/**
 * Between the calls and the log: `push` only puts down what was said, and calls go on; it is hashed and written later, many at once in one transaction. A batch that could not be
 * committed is written again.
 */
export class Recorder {
  readonly #deps: RecorderDeps
  readonly #sessions: SessionLog
  readonly #written: Counter | undefined
  readonly #lost: Counter | undefined
  #waiting: Waiting[] = []
  #bytes = 0
  /** Since the last write that worked. */
  #dropped = 0
  #timer: (() => void) | undefined
  #writing: Promise<boolean> | undefined

  constructor(deps: RecorderDeps, sessions: SessionLog) {
    this.#deps = deps
    this.#sessions = sessions
    this.#written = deps.metrics?.counter('hansa_session_bytes_total', 'Bytes of session entries written.', [])
    this.#lost = deps.metrics?.counter('hansa_session_entries_lost_total', 'Entries that were not recorded, because the store failed for too long.', [])
  }

  /** Never throws and never waits. */
  push(id: string, said: Spoken): void {
    const size = said.content.length + ENTRY_BYTES
    if (this.#bytes + size > MAX_WAITING_BYTES) {
      this.#lost?.inc({})
      if (this.#dropped++ === 0) this.#deps.log.error({ session: id }, 'sessions cannot be written fast enough or at all; what is said now is not recorded')
      return
    }
    this.#waiting.push({ id, said })
    this.#bytes += size
    if (this.#writing === undefined) this.#schedule(GATHER_MS)
  }

  /** Resolves when what has been pushed so far is committed; also when the store fails. */
  async flush(): Promise<void> {
    // A batch that is on its way already is one more.
    for (let batches = Math.ceil(this.#waiting.length / BATCH) + (this.#writing === undefined ? 0 : 1); batches > 0; batches--)
      if (!(await this.#write())) return
  }

  /** One batch; false when it could not be written. */
  #write(): Promise<boolean> {
    this.#timer?.()
    this.#timer = undefined
    return (this.#writing ??= this.#writeBatch())
  }

  async #writeBatch(): Promise<boolean> {
    const { log, store } = this.#deps
    const batch = this.#waiting.splice(0, BATCH)
    let written = false
    try {
      let bytes = 0
      for (const one of batch) bytes += this.#append(one)
      this.#sessions.finish()
      await store.commit()
      written = true
      for (const { said } of batch) this.#bytes -= said.content.length + ENTRY_BYTES
      this.#written?.inc({}, bytes)
      this.#deps.wrote(bytes)
      if (this.#dropped > 0) log.warn({ entries: this.#dropped }, 'sessions are recorded again; so many entries are missing')
      this.#dropped = 0
    } catch (error) {
      this.#sessions.forget()
      this.#waiting = [...batch, ...this.#waiting]
      log.error({ error }, 'sessions could not be written; tried again')
    }
    this.#writing = undefined
    if (this.#waiting.length > 0) this.#schedule(written ? (this.#waiting.length >= BATCH ? 0 : GATHER_MS) : RETRY_MS)
    return written
  }

  /** What cannot be recorded for any reason but the store's is lost alone: tried again for ever, it would keep out all that comes after it. */
  #append({ id, said }: Waiting): number {
    try {
      return this.#sessions.append(id, said)
    } catch (error) {
      if (toHansaError(error).code === 'STORE_FAILED') throw error
      this.#lost?.inc({})
      this.#deps.log.error({ session: id, error }, 'something that was said could not be recorded')
      return 0
    }
  }

  #schedule(ms: number): void {
    this.#timer ??= this.#deps.clock.after(ms, () => void this.#write())
  }
}
