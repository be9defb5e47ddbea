import { HansaError } from '../../schema/errors.ts'
import { readAlgorithm, reading } from './certificate.ts'
import { DerCursor, readSmall, TAG } from './der.ts'
import { bits, element, oid, sequence, small } from './der-writer.ts'
import { OIDS } from './oids.ts'
import { readSigned } from './signed.ts'

/** What a certification request (RFC 2986) says that matters here: a key, and a signature that proves it is held. Names come from the voucher. */
export interface Csr {
  /** The bytes that the signature covers. */
  readonly info: Uint8Array
  readonly spki: Uint8Array
  readonly signature: Uint8Array
  readonly signatureAlgorithm: string
}

const MAX_CSR_BYTES = 8 * 1024

/** Reads exactly one request; throws CSR_INVALID. The subject and the attributes are skipped: nothing in them is ever used. */
export function parseCsr(der: Uint8Array): Csr {
  if (der.length > MAX_CSR_BYTES) throw new HansaError('CSR_INVALID', `a certification request of ${der.length} bytes; the bound is ${MAX_CSR_BYTES}`)
  return reading('CSR_INVALID', 'certification request', () => {
    const { tbs: info, algorithm, signature } = readSigned(der)
    const signatureAlgorithm = readAlgorithm(algorithm.content)
    const cursor = new DerCursor(info.content)
    const version = readSmall(cursor.next(TAG.integer))
    cursor.next(TAG.sequence)
    const spki = cursor.next(TAG.sequence).bytes
    cursor.optional(TAG.contextConstructed(0))
    cursor.end()
    if (version !== 0) throw new HansaError('CSR_INVALID', `a certification request of version ${version + 1}`)
    return { info: info.bytes, spki, signature, signatureAlgorithm }
  })
}

/** A request with an empty subject, signed by its key: Ed25519, or P-256 with SHA-256 (`algorithm`, which has no parameters in either case). */
export function makeCsr(
  signer: { readonly publicKey: Uint8Array; sign(data: Uint8Array): Uint8Array },
  algorithm: typeof OIDS.ed25519 | typeof OIDS.ecdsaWithSha256 = OIDS.ed25519
): Uint8Array {
  const info = sequence(small(0), sequence(), signer.publicKey, element(TAG.contextConstructed(0)))
  return sequence(info, sequence(oid(algorithm)), bits(signer.sign(info)))
}
