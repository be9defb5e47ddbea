import type { HashName } from '../../core/crypto.ts'
import { HansaError } from '../../schema/errors.ts'
import { reading } from './certificate.ts'
import { DerCursor, DerError, type Element, elements, TAG } from './der.ts'
import { readOid, readSerial, readSmall } from './der-values.ts'
import { readExtensions } from './extensions.ts'
import { OIDS } from './oids.ts'

/** One certificate that is asked about, named by the hashes of its issuer's name and key (RFC 6960 4.1.1). */
export interface CertId {
  /** As it came, head included: the answer repeats it. */
  readonly der: Uint8Array
  /** Undefined for an algorithm that we do not compute: such an issuer is not ours. */
  readonly hash?: HashName
  readonly issuerNameHash: Uint8Array
  readonly issuerKeyHash: Uint8Array
  /** Lower-case hex without leading zeros. */
  readonly serial: string
}

export interface OcspRequest {
  /** 1 to 16. */
  readonly certificates: readonly CertId[]
  /** 1 to 32 bytes; the answer repeats them. */
  readonly nonce?: Uint8Array
}

/** A question about 16 certificates with SHA-512 has 3 KiB, with a signature and its chain a little more. */
export const MAX_OCSP_REQUEST_BYTES = 16 * 1024
/** Each costs a look into the ledger and a place in the answer. */
const MAX_CERTIFICATES = 16
/** RFC 8954 2.1 */
const MAX_NONCE_BYTES = 32
const MAX_HASH_BYTES = 64

const HASHES: ReadonlyMap<string, HashName> = new Map([
  ['1.3.14.3.2.26', 'sha1'],
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512']
])

/**
 * Reads exactly one OCSPRequest (RFC 6960 4.1.1). A signature is passed over: everybody may ask, so who asks proves nothing. Throws MALFORMED, also for
 * critical extensions, none of which we know.
 */
export function parseOcspRequest(der: Uint8Array): OcspRequest {
  if (der.length > MAX_OCSP_REQUEST_BYTES) throw new HansaError('MALFORMED', `an OCSP request of ${der.length} bytes; the bound is ${MAX_OCSP_REQUEST_BYTES}`)
  return reading('MALFORMED', 'OCSP request', () => {
    const outer = new DerCursor(der)
    const whole = outer.enter(TAG.sequence)
    outer.end()
    const cursor = whole.enter(TAG.sequence)
    whole.optional(TAG.contextConstructed(0))
    whole.end()
    const version = cursor.optional(TAG.contextConstructed(0))
    // Version 1 is the default, which DER does not write; some clients do.
    if (version !== undefined && readSmall(only(version.content, TAG.integer)) !== 0) throw new DerError('a version other than 1')
    cursor.optional(TAG.contextConstructed(1))
    const certificates = elements(cursor.next(TAG.sequence).content, MAX_CERTIFICATES).map(readRequest)
    const extensions = cursor.optional(TAG.contextConstructed(2))
    cursor.end()
    if (certificates.length === 0) throw new DerError('no certificate is asked about')
    const nonce = extensions === undefined ? undefined : readNonce(extensions.content)
    return nonce === undefined ? { certificates } : { certificates, nonce }
  })
}

function readRequest(request: Element): CertId {
  if (request.tag !== TAG.sequence) throw new DerError('a request that is no SEQUENCE')
  const cursor = new DerCursor(request.content)
  const id = cursor.next(TAG.sequence)
  const extensions = cursor.optional(TAG.contextConstructed(0))
  cursor.end()
  if (extensions !== undefined) refuseCritical(readExtensions(extensions.content), [])
  const inner = new DerCursor(id.content)
  const algorithm = inner.enter(TAG.sequence)
  const hash = HASHES.get(readOid(algorithm.next(TAG.oid)))
  const parameters = algorithm.optional(TAG.null)
  algorithm.end()
  if (parameters !== undefined && parameters.content.length > 0) throw new DerError('a NULL with content')
  const issuerNameHash = readHash(inner.next(TAG.octetString))
  const issuerKeyHash = readHash(inner.next(TAG.octetString))
  const serial = readSerial(inner.next(TAG.integer))
  inner.end()
  return { der: id.bytes, ...(hash === undefined ? {} : { hash }), issuerNameHash, issuerKeyHash, serial }
}

function readHash({ content }: Element): Uint8Array {
  if (content.length > MAX_HASH_BYTES) throw new DerError(`a hash of ${content.length} bytes`)
  return content
}

function readNonce(content: Uint8Array): Uint8Array | undefined {
  const extensions = readExtensions(content)
  refuseCritical(extensions, [OIDS.ocspNonce])
  const found = extensions.find(({ oid }) => oid === OIDS.ocspNonce)
  if (found === undefined) return undefined
  const nonce = only(found.value, TAG.octetString).content
  if (nonce.length === 0 || nonce.length > MAX_NONCE_BYTES) throw new DerError(`a nonce of ${nonce.length} bytes; 1 to ${MAX_NONCE_BYTES} are wanted`)
  return nonce
}

function refuseCritical(extensions: readonly { readonly oid: string; readonly critical: boolean }[], known: readonly string[]): void {
  const unknown = extensions.find(({ oid, critical }) => critical && !known.includes(oid))
  if (unknown !== undefined) throw new DerError(`unknown critical extension ${unknown.oid}`)
}

function only(content: Uint8Array, tag: number): Element {
  const cursor = new DerCursor(content)
  const element = cursor.next(tag)
  cursor.end()
  return element
}
