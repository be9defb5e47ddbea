import type { MessageInitShape } from '@bufbuild/protobuf'
import type { SyncEntry, SyncEntrySchema } from '../../schema/generated/hansa/v1/gateway_pb.ts'

/** An entry that the origin has yet to sign. */
export type Unsigned = MessageInitShape<typeof SyncEntrySchema> & { readonly version: bigint }

export type AuthoredValue = Exclude<SyncEntry['value'], { case: undefined }>

/** Below this many tombstones a new epoch would not be worth its bytes. */
const TOMBSTONES_TOLERATED = 256

/**
 * The origin's side of the map: what it wants to be known of itself, and the changes that say so. Changes are gathered until `flush`, so that versions of
 * one epoch are given out without holes.
 */
export class Author {
  readonly origin: string
  #epoch: bigint
  #version = 0n
  readonly #live = new Map<string, AuthoredValue>()
  readonly #tombstones = new Set<string>()
  readonly #dirty = new Set<string>()

  /** `epoch`: later than any this origin has used. */
  constructor(origin: string, epoch: bigint) {
    this.origin = origin
    this.#epoch = epoch
  }

  get epoch(): bigint {
    return this.#epoch
  }

  set(key: string, value: AuthoredValue): void {
    this.#live.set(key, value)
    this.#dirty.add(key)
  }

  delete(key: string): void {
    if (this.#live.delete(key)) this.#dirty.add(key)
  }

  value(key: string): AuthoredValue | undefined {
    return this.#live.get(key)
  }

  keys(): string[] {
    return [...this.#live.keys()]
  }

  /** True when there is something to flush. */
  get changed(): boolean {
    return this.#dirty.size > 0
  }

  /** True when the next flush must begin a new epoch, because tombstones outnumber what is alive. */
  get exhausted(): boolean {
    const ended = [...this.#dirty].filter((key) => !this.#live.has(key) && !this.#tombstones.has(key)).length
    return this.#tombstones.size + ended > Math.max(TOMBSTONES_TOLERATED, this.#live.size)
  }

  /** Begins a later epoch: everything alive is to be said again, deletions end. */
  restart(epoch: bigint): void {
    if (epoch <= this.#epoch) throw new TypeError('an epoch must be later than the one before')
    this.#epoch = epoch
    this.#version = 0n
    this.#tombstones.clear()
    this.#dirty.clear()
    for (const key of this.#live.keys()) this.#dirty.add(key)
  }

  /** The changes since the last flush, in order of version. `now` in milliseconds since the epoch. */
  flush(now: number): Unsigned[] {
    const entries: Unsigned[] = []
    for (const key of this.#dirty) {
      const value = this.#live.get(key)
      if (value === undefined) this.#tombstones.add(key)
      else this.#tombstones.delete(key)
      this.#version += 1n
      entries.push({
        origin: this.origin,
        epoch: this.#epoch,
        version: this.#version,
        key,
        value: value ?? { case: 'gone', value: { at: BigInt(Math.trunc(now)) } }
      })
    }
    this.#dirty.clear()
    return entries
  }
}
