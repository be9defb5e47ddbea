import { reading } from './certificate.ts'
import { DerCursor, TAG } from './der.ts'
import { readBits } from './der-values.ts'

/** The key inside a SubjectPublicKeyInfo, without its algorithm: what OCSP and key identifiers hash (RFC 6960 4.1.1, RFC 5280 4.2.1.2). Throws MALFORMED. */
export function keyBits(spki: Uint8Array): Uint8Array {
  return reading('MALFORMED', 'public key', () => {
    const outer = new DerCursor(spki)
    const cursor = outer.enter(TAG.sequence)
    outer.end()
    cursor.next(TAG.sequence)
    const bits = readBits(cursor.next(TAG.bitString))
    cursor.end()
    return bits
  })
}
