import { HansaError } from '../../schema/errors.ts'

/** Bytes of requests that are held while they come in and while their handlers run: of one peer, and of all together. */
const MAX_OF_PEER = 64 * 1024 * 1024
const MAX_OF_ALL = 256 * 1024 * 1024

/** Counts the bytes of whole requests that this node holds: a bound on each message and one on calls would still let a few peers fill its memory. */
export class RequestMemory {
  readonly #ofPeer = new Map<string, number>()
  #all = 0

  /** One call's account; `release` gives everything back and must follow. */
  open(peer: string): { take(bytes: number): void; release(): void } {
    let held = 0
    return {
      /** Throws OVERLOADED. */
      take: (bytes) => {
        const ofPeer = (this.#ofPeer.get(peer) ?? 0) + bytes
        if (ofPeer > MAX_OF_PEER) throw new HansaError('OVERLOADED', `${MAX_OF_PEER} bytes of requests of ${peer} are held already`, { bound: MAX_OF_PEER })
        if (this.#all + bytes > MAX_OF_ALL) throw new HansaError('OVERLOADED', 'as many bytes of requests are held as this node takes', { bound: MAX_OF_ALL })
        this.#ofPeer.set(peer, ofPeer)
        this.#all += bytes
        held += bytes
      },
      release: () => {
        const left = (this.#ofPeer.get(peer) ?? 0) - held
        if (left > 0) this.#ofPeer.set(peer, left)
        else this.#ofPeer.delete(peer)
        this.#all -= held
        held = 0
      }
    }
  }
}
