import type { Sha256 } from '../crypto.ts'
import { entryHash } from './entry-hash.ts'

export interface ChainLink {
  readonly sequence: number
  /** The entry without its hash, encoded. */
  readonly body: Uint8Array
  readonly hash: Uint8Array
}

/** What a log says of itself. */
export interface ChainEnds {
  /** Hash of the last entry that retention has taken away; FIRST_HASH where none was. */
  readonly anchor: Uint8Array
  /** How many were taken away: sequences begin behind them. */
  readonly dropped: number
  readonly entries: number
  /** Hash of the newest entry. */
  readonly head: Uint8Array
}

/** Goes over a log entry by entry; what it was begun with may be more than fits into memory at once. */
export class ChainCheck {
  readonly #ends: ChainEnds
  readonly #sha256: Sha256
  #previous: Uint8Array
  #sequence: number
  #broken: number | undefined

  constructor(ends: ChainEnds, sha256: Sha256) {
    this.#ends = ends
    this.#sha256 = sha256
    this.#previous = ends.anchor
    this.#sequence = ends.dropped
  }

  /** The next entry. */
  add({ sequence, body, hash }: ChainLink): void {
    this.#sequence++
    if (this.#broken !== undefined) return
    if (sequence !== this.#sequence || !same(hash, entryHash(this.#previous, body, this.#sha256))) this.#broken = this.#sequence
    this.#previous = hash
  }

  /** After the last: the sequence of the first entry that is not as it was recorded (or is missing); undefined when the whole log is. */
  broken(): number | undefined {
    if (this.#broken !== undefined) return this.#broken
    const { dropped, entries, head } = this.#ends
    const last = dropped + entries
    if (this.#sequence !== last) return Math.min(this.#sequence, last) + 1
    return same(this.#previous, head) ? undefined : Math.max(1, last)
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}
