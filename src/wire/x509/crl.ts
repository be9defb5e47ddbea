import { HansaError } from '../../schema/errors.ts'
import { readAlgorithm, reading, same } from './certificate.ts'
import { DerCursor, DerError, readSerial, readSmall, readTime, TAG } from './der.ts'
import { type EntryContents, writeEntries } from './crl-entries.ts'
import { bits, element, extension, oid, sequence, small, time } from './der-writer.ts'
import { readAuthorityKeyIdentifier, readCrlNumber, readExtensions } from './extensions.ts'
import { OIDS } from './oids.ts'
import { readSigned } from './signed.ts'
import { unhex } from '../../core/ids/hex.ts'

/** Reasons by which a certificate is revoked (RFC 5280 5.3.1) that make sense for an end entity and a complete list, by name. */
export const CRL_REASONS = {
  unspecified: 0,
  keyCompromise: 1,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  privilegeWithdrawn: 9
} as const

export type CrlReason = keyof typeof CRL_REASONS

export function isCrlReason(text: string): text is CrlReason {
  return Object.hasOwn(CRL_REASONS, text)
}

export interface Revocation {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Number of the reason; 0 when none is given. */
  readonly reason: number
}

/** What a revocation list says, believed by nobody yet. */
export interface Crl {
  readonly der: Uint8Array
  readonly tbs: Uint8Array
  readonly signature: Uint8Array
  readonly signatureAlgorithm: string
  /** Name as DER. */
  readonly issuer: Uint8Array
  readonly thisUpdate: number
  readonly nextUpdate: number
  readonly number: number
  readonly authorityKeyIdentifier?: string
  /** By serial, lower-case hex without leading zeros. */
  readonly revoked: ReadonlyMap<string, Revocation>
}

/** About 200,000 entries; also the bound of the method that carries it. */
export const MAX_CRL_BYTES = 8 * 1024 * 1024

const V2 = 1
const LIST_EXTENSIONS: readonly string[] = [OIDS.authorityKeyIdentifier, OIDS.crlNumber]
const ENTRY_EXTENSIONS: readonly string[] = [OIDS.crlReason]

/**
 * Reads exactly one complete v2 list with nextUpdate and number (RFC 5280 5.1); throws MALFORMED for anything else. Critical extensions that we do not
 * know (deltas, partitions, indirect lists) change what a list means, so they are refused here.
 */
export function parseCrl(der: Uint8Array): Crl {
  if (der.length > MAX_CRL_BYTES) throw new HansaError('MALFORMED', `a revocation list of ${der.length} bytes; the bound is ${MAX_CRL_BYTES}`)
  return reading('MALFORMED', 'revocation list', () => read(der))
}

function read(der: Uint8Array): Crl {
  const { tbs, algorithm: outerAlgorithm, signature } = readSigned(der)
  const cursor = new DerCursor(tbs.content)
  if (readSmall(cursor.next(TAG.integer)) !== V2) throw new DerError('a version other than 2')
  const innerAlgorithm = cursor.next(TAG.sequence)
  if (!same(outerAlgorithm.bytes, innerAlgorithm.bytes)) throw new DerError('two signature algorithms that differ')
  const issuer = cursor.next(TAG.sequence).bytes
  const thisUpdate = readTime(cursor.next())
  if (cursor.peek() !== TAG.utcTime && cursor.peek() !== TAG.generalizedTime) throw new DerError('nextUpdate is missing')
  const nextUpdate = readTime(cursor.next())
  const revoked = new Map<string, Revocation>()
  const entries = cursor.optional(TAG.sequence)
  const list = new DerCursor(entries?.content ?? new Uint8Array())
  while (!list.done) {
    const [serial, revocation] = readEntry(list.enter(TAG.sequence))
    if (revoked.has(serial)) throw new DerError(`serial ${serial} twice`)
    revoked.set(serial, revocation)
  }
  const extensions = readExtensions(cursor.next(TAG.contextConstructed(0)).content)
  cursor.end()
  refuseUnknown(extensions, LIST_EXTENSIONS)
  const number = extensions.find((each) => each.oid === OIDS.crlNumber)
  if (number === undefined) throw new DerError('the number is missing')
  const authority = extensions.find((each) => each.oid === OIDS.authorityKeyIdentifier)
  return {
    der,
    tbs: tbs.bytes,
    signature,
    signatureAlgorithm: readAlgorithm(innerAlgorithm.content),
    issuer,
    thisUpdate,
    nextUpdate,
    number: readCrlNumber(number.value),
    authorityKeyIdentifier: authority === undefined ? undefined : readAuthorityKeyIdentifier(authority.value),
    revoked
  }
}

function readEntry(cursor: DerCursor): [string, Revocation] {
  const serial = readSerial(cursor.next(TAG.integer))
  const at = readTime(cursor.next())
  if (cursor.done) return [serial, { at, reason: 0 }]
  const extensions = readExtensions(cursor.next(TAG.sequence).bytes)
  cursor.end()
  refuseUnknown(extensions, ENTRY_EXTENSIONS)
  const reason = extensions.find((each) => each.oid === OIDS.crlReason)
  return [serial, { at, reason: reason === undefined ? 0 : readReason(reason.value) }]
}

function readReason(value: Uint8Array): number {
  const cursor = new DerCursor(value)
  const reason = readSmall(cursor.next(TAG.enumerated))
  cursor.end()
  return reason
}

function refuseUnknown(extensions: readonly { readonly oid: string; readonly critical: boolean }[], known: readonly string[]): void {
  const unknown = extensions.find((each) => each.critical && !known.includes(each.oid))
  if (unknown !== undefined) throw new DerError(`unknown critical extension ${unknown.oid}`)
}

/** What is to be signed as a list. */
export interface CrlContents {
  /** Subject name (DER) and key identifier (hex) of the CA that signs. */
  readonly issuer: Uint8Array
  readonly issuerKeyIdentifier: string
  readonly number: number
  readonly thisUpdate: number
  readonly nextUpdate: number
  readonly revoked: Iterable<RevokedCertificate>
}

/** An entry: serial in hex, milliseconds since the epoch. */
export interface RevokedCertificate {
  readonly serial: string
  readonly at: number
  readonly reason: CrlReason
}

/** Writes and signs a list (Ed25519). By hand because general ASN.1 writers need 20 s for 10,000 entries. */
export function writeCrl(contents: CrlContents, sign: (tbs: Uint8Array) => Uint8Array): Uint8Array {
  const algorithm = sequence(oid(OIDS.ed25519))
  const entries = writeEntries(numbered(contents.revoked))
  const extensions = sequence(
    extension(OIDS.authorityKeyIdentifier, false, sequence(element(TAG.context(0), bytesOf(contents.issuerKeyIdentifier)))),
    extension(OIDS.crlNumber, false, small(contents.number))
  )
  const tbs = sequence(
    small(V2),
    algorithm,
    contents.issuer,
    time(contents.thisUpdate),
    time(contents.nextUpdate),
    // An empty list must be absent (RFC 5280 5.1.2.6).
    ...(entries.length > 0 ? [sequence(entries)] : []),
    element(TAG.contextConstructed(0), extensions)
  )
  return sequence(tbs, algorithm, bits(sign(tbs)))
}

function* numbered(revoked: Iterable<RevokedCertificate>): Iterable<EntryContents> {
  for (const { serial, at, reason } of revoked) yield { serial, at, reason: CRL_REASONS[reason] }
}

function bytesOf(digits: string): Uint8Array {
  const bytes = unhex(digits.length % 2 === 0 ? digits : '0' + digits)
  if (bytes === undefined) throw new DerError('digits that are not hexadecimal')
  return bytes
}
