import { HansaError } from '../../schema/errors.ts'

/** Bounds in bytes, for one key (a peer, a principal) and for all together. */
export interface ByteBounds {
  readonly perKey: number
  readonly total: number
}

/** What whole requests and answers may take while they come in and are worked on. 1/64 and less of what a small machine has, and many calls of usual size. */
export const MESSAGE_BOUNDS: ByteBounds = { perKey: 64 * 1024 * 1024, total: 256 * 1024 * 1024 }

/** One call's account. */
export interface ByteAccount {
  /** Throws OVERLOADED. */
  take(bytes: number): void
  /** Gives everything back. */
  release(): void
}

/** Counts the bytes of whole messages that a node holds: a bound on each message and one on calls would still let a few callers fill its memory. */
export class ByteBudget {
  readonly #bounds: ByteBounds
  readonly #ofKey = new Map<string, number>()
  #all = 0

  constructor(bounds: ByteBounds = MESSAGE_BOUNDS) {
    this.#bounds = bounds
  }

  /** Opens an account; `release` must follow. */
  open(key: string): ByteAccount {
    const { perKey, total } = this.#bounds
    let held = 0
    return {
      take: (bytes) => {
        const ofKey = (this.#ofKey.get(key) ?? 0) + bytes
        if (ofKey > perKey) throw new HansaError('OVERLOADED', `${perKey} bytes of messages of ${key} are held already`, { bound: perKey })
        if (this.#all + bytes > total) throw new HansaError('OVERLOADED', 'as many bytes of messages are held as this node takes', { bound: total })
        this.#ofKey.set(key, ofKey)
        this.#all += bytes
        held += bytes
      },
      release: () => {
        const left = (this.#ofKey.get(key) ?? 0) - held
        if (left > 0) this.#ofKey.set(key, left)
        else this.#ofKey.delete(key)
        this.#all -= held
        held = 0
      }
    }
  }
}
