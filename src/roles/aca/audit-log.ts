import { hex } from '../../core/ids/hex.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Store } from '../../ports/store.ts'
import type { Sha256 } from '../../core/crypto.ts'
import { HansaError } from '../../schema/errors.ts'
import { decodeRow, encodeRow } from './rows.ts'

/** One decision of the ACA, as it is written down. */
export interface AuditEntry {
  /** Counts from 1 without gaps. */
  readonly number: number
  /** Milliseconds since the epoch. */
  readonly at: number
  /** What happened: issued, renewed, revoked, released, applied, approved, rejected, voucher, ... */
  readonly event: string
  /** Who asked: operator, a SPIFFE ID, a PeerId, an approver. */
  readonly by: string
  /** Whom or what it is about: a SPIFFE ID, serial or application. */
  readonly subject: string
  readonly details: Readonly<Record<string, string>>
  /** SHA-256 of the entry before, hex; of nothing for the first. */
  readonly previous: string
}

/** The end of the log: whoever has noted it elsewhere can tell later whether what came before has been changed. */
export interface AuditHead {
  readonly entries: number
  /** SHA-256 of the last entry, hex; of nothing when there is none. */
  readonly head: string
}

/** What came of reading the whole log. `brokenAt`: the first entry that is not what was written. */
export type AuditVerdict = AuditHead & { readonly ok: boolean; readonly brokenAt?: number; readonly why?: string }

const TABLE = 'aca.audit'
const STATE = 'aca.state'
const MAX_READ = 1000

/**
 * Append-only log of every decision, each entry with the hash of the one before, and the head of it all beside it in the same commit. Nothing is ever taken
 * away. Who can write to the disk can write a whole new log; that is what a head noted elsewhere tells (it is in the node's log with each revocation list).
 */
export class AuditLog {
  readonly #deps: { readonly store: Store; readonly clock: Pick<Clock, 'now'>; readonly sha256: Sha256 }

  constructor(deps: { readonly store: Store; readonly clock: Pick<Clock, 'now'>; readonly sha256: Sha256 }) {
    this.#deps = deps
  }

  /** Adds an entry; the caller commits it together with what it tells of. */
  append(event: string, by: string, subject: string, details: Readonly<Record<string, string>> = {}): void {
    const { store, clock, sha256 } = this.#deps
    // From the store, not from memory: what a failed commit has taken back has no number.
    const { entries, head } = this.head()
    const entry: AuditEntry = { number: entries + 1, at: clock.now(), event, by, subject, details, previous: head }
    const bytes = encodeRow(entry)
    store.put(TABLE, keyOf(entry.number), bytes)
    store.put(STATE, 'audit', encodeRow({ entries: entry.number, head: hex(sha256(bytes)) } satisfies AuditHead))
  }

  head(): AuditHead {
    const bytes = this.#deps.store.get(STATE, 'audit')
    return bytes === undefined ? { entries: 0, head: this.#beginning() } : decodeRow<AuditHead>(bytes)
  }

  /** Entries from number `from`, otherwise the last ones; at most `limit` (1 to 1000). Throws INVALID_ARGUMENT, AUDIT_BROKEN for one that cannot be read. */
  read({ limit = 100, from: asked }: { readonly from?: number; readonly limit?: number }): AuditEntry[] {
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_READ)
      throw new HansaError('INVALID_ARGUMENT', `${limit} audit entries; 1 to ${MAX_READ} are wanted`)
    const from = asked ?? Math.max(1, this.head().entries - limit + 1)
    if (!Number.isSafeInteger(from) || from < 1) throw new HansaError('INVALID_ARGUMENT', `audit entries from number ${from}; 1 or more is wanted`)
    return [...this.#deps.store.entries(TABLE, { from: keyOf(from), limit })].map(([key, bytes]) => {
      const entry = parse(bytes)
      if (entry === undefined) throw new HansaError('AUDIT_BROKEN', `entry ${Number(key)} of the audit log cannot be read`)
      return entry
    })
  }

  /** Reads everything, one entry in memory at a time: order, hashes and head. `noted` is a head that was written down elsewhere: the log must still lead there. */
  verify(noted?: AuditHead): AuditVerdict {
    const { store, sha256 } = this.#deps
    let number = 0
    let head = this.#beginning()
    const broken = (brokenAt: number, why: string): AuditVerdict => ({ ok: false, entries: number, head, brokenAt, why })
    if (noted?.entries === 0 && noted.head !== head) return broken(1, 'the noted head of the empty log is another one')
    for (const [key, bytes] of store.entries(TABLE)) {
      if (key !== keyOf(number + 1)) return broken(number + 1, `entry ${number + 1} is missing`)
      const entry = parse(bytes)
      if (entry === undefined) return broken(number + 1, `entry ${number + 1} cannot be read`)
      if (entry.number !== number + 1) return broken(number + 1, `entry ${number + 1} calls itself ${entry.number}`)
      if (entry.previous !== head) return broken(Math.max(1, number), `entry ${number + 1} follows another entry than what stands before it`)
      number++
      head = hex(sha256(bytes))
      if (number === noted?.entries && head !== noted.head) return broken(number, `entry ${number} is another one than when its hash was noted`)
    }
    const kept = this.head()
    if (kept.entries > number) return broken(number + 1, `${kept.entries} entries were written; those from ${number + 1} on are missing`)
    if (kept.entries !== number || kept.head !== head) return broken(Math.max(1, number), 'the last entry is another one than was written')
    if (noted !== undefined && noted.entries > number) return broken(number + 1, `${noted.entries} entries were noted; those from ${number + 1} on are missing`)
    return { ok: true, entries: number, head }
  }

  #beginning(): string {
    return hex(this.#deps.sha256(new Uint8Array()))
  }
}

function keyOf(number: number): string {
  return String(number).padStart(12, '0')
}

function parse(bytes: Uint8Array): AuditEntry | undefined {
  try {
    const entry = decodeRow<AuditEntry | null>(bytes)
    return typeof entry?.number === 'number' && typeof entry.previous === 'string' ? entry : undefined
  } catch {
    return undefined
  }
}
