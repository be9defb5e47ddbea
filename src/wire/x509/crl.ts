import { HansaError } from '../../schema/errors.ts'
import { readAlgorithm, reading, same } from './certificate.ts'
import { DerCursor, DerError, type Element, readSerial, readSmall, readTime, TAG } from './der.ts'
import { element, extension, integer, oid, sequence, small, bits, time } from './der-writer.ts'
import { type Extension, readAuthorityKeyIdentifier, readCrlNumber, readExtensions } from './extensions.ts'
import { type CrlScope, readIssuingPoint } from './issuing-point.ts'
import { OIDS } from './oids.ts'
import { readName } from './directory-name.ts'
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
  /** What it is about, when that is not all that its issuer has certified. */
  readonly scope?: CrlScope
  /** By serial, lower-case hex without leading zeros. */
  readonly revoked: ReadonlyMap<string, Revocation>
}

/** About 200,000 entries; also the bound of the method that carries it. */
export const MAX_CRL_BYTES = 8 * 1024 * 1024

const V2 = 1
/** Extensions of a list that we know; only the last may be critical, and must be (RFC 5280 5.2). */
const CRITICAL: readonly string[] = [OIDS.issuingDistributionPoint]
/** They make another thing of a list than a list of all that one CA has revoked: of changes only, or of others' certificates. */
const FOREIGN_LIST: readonly string[] = [OIDS.deltaCrlIndicator]
const FOREIGN_ENTRY: readonly string[] = [OIDS.certificateIssuer]

/**
 * Reads exactly one complete v2 list with nextUpdate and number (RFC 5280 5.1); throws MALFORMED for anything else. Delta and indirect lists, and critical
 * extensions that we do not know, change what a list means, so they are refused here.
 */
export function parseCrl(der: Uint8Array): Crl {
  if (der.length > MAX_CRL_BYTES) throw new HansaError('MALFORMED', `a revocation list of ${der.length} bytes; the bound is ${MAX_CRL_BYTES}`)
  return reading('MALFORMED', 'revocation list', () => read(der))
}

function read(der: Uint8Array): Crl {
  const { tbs, algorithm: outerAlgorithm, signature } = readSigned(der)
  const cursor = tbs.inside()
  if (readSmall(cursor.next(TAG.integer)) !== V2) throw new DerError('a version other than 2')
  const innerAlgorithm = cursor.next(TAG.sequence)
  if (!same(outerAlgorithm.bytes, innerAlgorithm.bytes)) throw new DerError('two signature algorithms that differ')
  const issuer = cursor.next(TAG.sequence)
  if (readName(issuer.content).length === 0) throw new DerError('an issuer without a name')
  const thisUpdate = readTime(cursor.next())
  if (cursor.peek() !== TAG.utcTime && cursor.peek() !== TAG.generalizedTime) throw new DerError('nextUpdate is missing')
  const nextUpdate = readTime(cursor.next())
  const entries = cursor.optional(TAG.sequence)
  if (entries?.length === 0) throw new DerError('an empty list that is written out')
  const revoked = entries === undefined ? new Map<string, Revocation>() : readEntries(entries.inside())
  const tagged = cursor.next(TAG.contextConstructed(0))
  cursor.end()
  const extensions = readExtensions(tagged.content)
  refuseForeign(extensions, CRITICAL, FOREIGN_LIST)
  const number = extensions.find((each) => each.oid === OIDS.crlNumber)
  if (number === undefined) throw new DerError('the number is missing')
  const authority = extensions.find((each) => each.oid === OIDS.authorityKeyIdentifier)
  const point = extensions.find((each) => each.oid === OIDS.issuingDistributionPoint)
  if (point?.critical === false) throw new DerError('an issuing distribution point that is not critical')
  const scope = point === undefined ? undefined : readIssuingPoint(point.value)
  return {
    der,
    tbs: tbs.bytes,
    signature,
    signatureAlgorithm: readAlgorithm(innerAlgorithm.content),
    issuer: issuer.bytes,
    thisUpdate,
    nextUpdate,
    number: readCrlNumber(number.value),
    authorityKeyIdentifier: authority === undefined ? undefined : readAuthorityKeyIdentifier(authority.value),
    ...(scope === undefined ? {} : { scope }),
    revoked
  }
}

function readEntries(list: DerCursor): Map<string, Revocation> {
  const revoked = new Map<string, Revocation>()
  // Most entries have the very same extensions as some other one.
  const reasons = new Map<string, number>()
  while (!list.done) {
    const cursor = list.enter(TAG.sequence)
    const serial = readSerial(cursor.next(TAG.integer))
    const at = readTime(cursor.next())
    const reason = cursor.done ? 0 : readEntryReason(cursor.next(TAG.sequence), reasons)
    cursor.end()
    if (revoked.has(serial)) throw new DerError(`serial ${serial} twice`)
    revoked.set(serial, { at, reason })
  }
  return revoked
}

/** Extensions of one entry that may be remembered by their bytes: a reason alone has 12. */
const SHORT_EXTENSIONS = 16
const MAX_REMEMBERED = 16

function readEntryReason(element: Element, known: Map<string, number>): number {
  const { bytes } = element
  const key = bytes.length <= SHORT_EXTENSIONS ? String.fromCharCode(...bytes) : undefined
  const before = key === undefined ? undefined : known.get(key)
  if (before !== undefined) return before
  const extensions = readExtensions(bytes)
  refuseForeign(extensions, [], FOREIGN_ENTRY)
  const found = extensions.find((each) => each.oid === OIDS.crlReason)
  const reason = found === undefined ? 0 : readReason(found.value)
  if (key !== undefined && known.size < MAX_REMEMBERED) known.set(key, reason)
  return reason
}

/** Number of a reason that RFC 5280 5.3.1 knows; removeFromCRL (8) is for delta lists alone. */
function readReason(value: Uint8Array): number {
  const cursor = new DerCursor(value)
  const reason = readSmall(cursor.next(TAG.enumerated))
  cursor.end()
  if (reason > 10 || reason === 7 || reason === 8) throw new DerError(`reason ${reason} of a revocation`)
  return reason
}

function refuseForeign(extensions: readonly Extension[], critical: readonly string[], foreign: readonly string[]): void {
  for (const each of extensions) {
    if (foreign.includes(each.oid)) throw new DerError(`extension ${each.oid}, of a delta or an indirect list`)
    if (each.critical && !critical.includes(each.oid)) throw new DerError(`critical extension ${each.oid}, which is not known or must not be critical`)
  }
}

/** What is to be signed as a list. */
export interface CrlContents {
  /** Subject name (DER) and key identifier (hex) of the CA that signs. */
  readonly issuer: Uint8Array
  readonly issuerKeyIdentifier: string
  readonly number: number
  readonly thisUpdate: number
  readonly nextUpdate: number
  readonly revoked: Iterable<{ readonly serial: string; readonly at: number; readonly reason: CrlReason }>
}

/** Writes and signs a list (Ed25519). By hand because general ASN.1 writers need 20 s for 10,000 entries; this needs a tenth of one. */
export function writeCrl(contents: CrlContents, sign: (tbs: Uint8Array) => Uint8Array): Uint8Array {
  const algorithm = sequence(oid(OIDS.ed25519))
  const entries: Uint8Array[] = []
  for (const { serial, at, reason } of contents.revoked) {
    const value = element(TAG.enumerated, Uint8Array.of(CRL_REASONS[reason]))
    entries.push(sequence(integer(bytesOf(serial)), time(at), sequence(extension(OIDS.crlReason, false, value))))
  }
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
    ...(entries.length > 0 ? [sequence(...entries)] : []),
    element(TAG.contextConstructed(0), extensions)
  )
  return sequence(tbs, algorithm, bits(sign(tbs)))
}

function bytesOf(digits: string): Uint8Array {
  const bytes = unhex(digits.length % 2 === 0 ? digits : '0' + digits)
  if (bytes === undefined) throw new DerError('digits that are not hexadecimal')
  return bytes
}
