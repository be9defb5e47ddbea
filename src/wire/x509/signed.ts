import { DerCursor, type Element, TAG } from './der.ts'
import { readBits } from './der-values.ts'

/** The three parts that a certificate, a list and a request have alike (RFC 5280 4.1.1). */
export interface Signed {
  /** What the signature covers, with its head. */
  readonly tbs: Element
  /** AlgorithmIdentifier beside the signature. */
  readonly algorithm: Element
  readonly signature: Uint8Array
}

/** Takes exactly one signed structure apart. Throws DerError, also for bytes after it. */
export function readSigned(der: Uint8Array): Signed {
  const outer = new DerCursor(der)
  const whole = outer.enter(TAG.sequence)
  outer.end()
  const tbs = whole.next(TAG.sequence)
  const algorithm = whole.next(TAG.sequence)
  const signature = readBits(whole.next(TAG.bitString))
  whole.end()
  return { tbs, algorithm, signature }
}
