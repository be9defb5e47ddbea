import type { SyncEntry } from '../../schema/generated/hansa/v1/gateway_pb.ts'
import { resourceIdOf, sizeOf, type SyncedDelta, type SyncedEntry } from './entry.ts'

/** What became of one key. `entry` is absent when the key is gone. */
export interface Change {
  readonly origin: string
  readonly key: string
  readonly entry?: SyncEntry
}

/** A replica of one origin's map; see README.md for the invariant. */
export class OriginState {
  readonly origin: string
  readonly #limit: number
  #epoch = -1n
  #version = 0n
  /** Newest entry of each key, tombstones included, in order of version: an entry that is replaced moves to the end. */
  readonly #entries = new Map<string, SyncedEntry>()
  /** Agents of the epoch before that the current one has not mentioned. */
  readonly #stale = new Map<string, SyncEntry>()
  #staleUntil = 0
  #bytes = 0
  /** Counted when it becomes stale; given back when all of it goes. */
  #staleBytes = 0
  #dropped = 0

  constructor(origin: string, limit: number) {
    this.origin = origin
    this.#limit = limit
  }

  get epoch(): bigint {
    return this.#epoch
  }

  get version(): bigint {
    return this.#version
  }

  /** Bytes of the records held; of what is stale, those it had. */
  get bytes(): number {
    return this.#bytes + this.#staleBytes
  }

  /** Entries that did not fit. */
  get dropped(): number {
    return this.#dropped
  }

  /** Entries above `version`, in order of version. */
  *above(version: bigint): Generator<SyncedEntry> {
    for (const synced of this.#entries.values()) if (synced.entry.version > version) yield synced
  }

  /** Everything alive. Stale agents are not confirmed. */
  *live(): Generator<{ readonly entry: SyncEntry; readonly confirmed: boolean }> {
    for (const { entry } of this.#entries.values()) if (entry.value.case !== 'gone') yield { entry, confirmed: true }
    for (const entry of this.#stale.values()) yield { entry, confirmed: false }
  }

  get(key: string): SyncEntry | undefined {
    const entry = this.#entries.get(key)?.entry
    return entry?.value.case === 'gone' ? undefined : entry
  }

  /** What stands under a key, also when it is stale. */
  find(key: string): { readonly entry: SyncEntry; readonly confirmed: boolean } | undefined {
    const entry = this.get(key)
    if (entry !== undefined) return { entry, confirmed: true }
    const stale = this.#stale.get(key)
    return stale === undefined ? undefined : { entry: stale, confirmed: false }
  }

  /** Applies a delta that continues or replaces what is here (Replica has checked that). `hold`: milliseconds for which earlier agents stay as stale. */
  apply(delta: SyncedDelta, now: number, hold: number): Change[] {
    const changes: Change[] = []
    if (delta.epoch > this.#epoch) changes.push(...this.#begin(delta.epoch, now + hold))
    for (const synced of delta.entries) {
      const { key, version } = synced.entry
      if (version <= this.#version) continue
      if (!this.#entries.has(key) && this.#entries.size >= this.#limit) {
        this.#dropped++
        continue
      }
      const known = this.get(key) !== undefined || this.#stale.has(key)
      this.#stale.delete(key)
      const replaced = this.#entries.get(key)
      this.#bytes += sizeOf(synced.record) - (replaced === undefined ? 0 : sizeOf(replaced.record))
      this.#entries.delete(key)
      this.#entries.set(key, synced)
      if (synced.entry.value.case !== 'gone') changes.push({ origin: this.origin, key, entry: synced.entry })
      else if (known) changes.push({ origin: this.origin, key })
    }
    if (delta.to < this.#version) throw new TypeError('a version must not decrease')
    this.#version = delta.to
    return changes
  }

  /** Ends the hold of stale agents when it is over. */
  tick(now: number): Change[] {
    if (this.#stale.size === 0 || now < this.#staleUntil) return []
    const changes = [...this.#stale.keys()].map((key) => ({ origin: this.origin, key }))
    this.#stale.clear()
    this.#staleBytes = 0
    return changes
  }

  #begin(epoch: bigint, staleUntil: number): Change[] {
    // Agents that are stale already do not get more time: an origin that restarts again and again must not keep them for ever.
    if (this.#stale.size === 0) this.#staleUntil = staleUntil
    const changes: Change[] = []
    for (const { entry, record } of this.#entries.values()) {
      if (entry.value.case === 'gone') continue
      // Nor may it keep more of them than it has in one epoch.
      if (resourceIdOf(entry.key) === undefined || (!this.#stale.has(entry.key) && this.#stale.size >= this.#limit))
        changes.push({ origin: this.origin, key: entry.key })
      else {
        this.#stale.set(entry.key, entry)
        this.#staleBytes += sizeOf(record)
      }
    }
    this.#epoch = epoch
    this.#version = 0n
    this.#dropped = 0
    this.#bytes = 0
    this.#entries.clear()
    return changes
  }
}
