import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../../../ports/clock.ts'
import { rateLimited } from './problem.ts'

/** How long a nonce is good, in milliseconds: a client fetches one and signs at once, or keeps the one of the last answer for a while. */
const GOOD_MS = 900_000
/** Those that were used and are not over yet; with more, nobody gets in, so it is far above what requests there can be. */
const MAX_USED = 100_000

export interface Nonces {
  make(): string
  /** True once for each of ours. Throws rateLimited. */
  spend(nonce: string): boolean
}

/**
 * Nonces against replay (RFC 8555 6.5). One that is not used costs no memory: it carries its own time and our mark, so that strangers who fetch many drive nobody else's out. After
 * a restart none is good any more, and clients fetch another (badNonce).
 */
export function createNonces(clock: Clock): Nonces {
  const secret = randomBytes(32)
  /** Each with the time at which it is over, in order of use. */
  const used = new Map<string, number>()
  const mark = (head: Uint8Array): Buffer => createHmac('sha256', secret).update(head).digest().subarray(0, 16)

  /** In order of use, which is nearly that of age: one that is over waits behind one that is not, for a while. */
  function forget(now: number): void {
    for (const [nonce, until] of used) {
      if (until >= now) break
      used.delete(nonce)
    }
    // To forget one that is still good would be to take it twice.
    if (used.size >= MAX_USED) throw rateLimited('too many requests', 60_000)
  }

  return {
    make() {
      const head = Buffer.alloc(18)
      head.writeUIntBE(clock.now(), 0, 6)
      randomBytes(12).copy(head, 6)
      return Buffer.concat([head, mark(head)]).toString('base64url')
    },
    spend(nonce) {
      if (!/^[A-Za-z0-9_-]{46}$/.test(nonce)) return false
      const bytes = Buffer.from(nonce, 'base64url')
      // Another writing of the same bytes would be good a second time.
      if (bytes.length !== 34 || bytes.toString('base64url') !== nonce) return false
      const head = bytes.subarray(0, 18)
      if (!timingSafeEqual(mark(head), bytes.subarray(18))) return false
      const now = clock.now()
      const until = head.readUIntBE(0, 6) + GOOD_MS
      if (until < now || used.has(nonce)) return false
      forget(now)
      used.set(nonce, until)
      return true
    }
  }
}
