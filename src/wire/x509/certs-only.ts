import { element, oid, sequence, small } from './der-writer.ts'
import { TAG } from './der.ts'

const SIGNED_DATA = '1.2.840.113549.1.7.2'
const DATA = '1.2.840.113549.1.7.1'

/** PKCS#7 SignedData that carries certificates and signs nothing (RFC 5652 5.1, RFC 7030 4.1.3: certs-only). */
export function writeCertsOnly(certificates: readonly Uint8Array[]): Uint8Array {
  const signedData = sequence(
    small(1),
    element(TAG.set),
    sequence(oid(DATA)),
    // A SET in DER has its members in order of their bytes (X.690 11.6).
    element(TAG.contextConstructed(0), ...[...certificates].sort((a, b) => Buffer.compare(a, b))),
    element(TAG.set)
  )
  return sequence(oid(SIGNED_DATA), element(TAG.contextConstructed(0), signedData))
}
