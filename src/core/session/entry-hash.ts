import type { Sha256 } from '../crypto.ts'

/** What stands for the hash of the entry before the first one. */
export const FIRST_HASH: Uint8Array = new Uint8Array(32)

/** Hash of an entry: over the hash of the entry before and the entry's own bytes without its hash. A chain: no entry can be changed, taken out or put in unseen. */
export function entryHash(previous: Uint8Array, body: Uint8Array, sha256: Sha256): Uint8Array {
  const both = new Uint8Array(previous.length + body.length)
  both.set(previous)
  both.set(body, previous.length)
  return sha256(both)
}
