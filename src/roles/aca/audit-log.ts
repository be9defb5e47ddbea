import { hex } from '../../core/ids/hex.ts'
import type { AcaDeps } from './deps.ts'

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

const TABLE = 'aca.audit'

/** Append-only log of every decision, each entry with the hash of the one before. */
export class AuditLog {
  readonly #deps: AcaDeps

  constructor(deps: AcaDeps) {
    this.#deps = deps
  }

  /** Adds an entry; the caller commits it together with what it tells of. */
  append(event: string, by: string, subject: string, details: Readonly<Record<string, string>> = {}): void {
    const { store, clock, sha256 } = this.#deps
    const number = store.count(TABLE) + 1
    const last = store.get(TABLE, keyOf(number - 1))
    const entry: AuditEntry = { number, at: clock.now(), event, by, subject, details, previous: hex(sha256(last ?? new Uint8Array())) }
    store.put(TABLE, keyOf(number), new TextEncoder().encode(JSON.stringify(entry)))
  }
}

function keyOf(number: number): string {
  return String(number).padStart(12, '0')
}
