import { HansaError } from '../../schema/errors.ts'
import { readAlgorithm, reading, same } from './certificate.ts'
import { DerError, TAG } from './der.ts'
import { readSmall, readTime } from './der-values.ts'
import { type EntryContents, writeEntries } from './crl-entries.ts'
import { bits, element, extension, oid, sequence, small, time } from './der-writer.ts'
import { readAuthorityKeyIdentifier, readCrlNumber, readExtensions } from './extensions.ts'
import { type CrlScope, readIssuingPoint } from './issuing-point.ts'
import { OIDS } from './oids.ts'
import { readName } from './directory-name.ts'
import { readEntries, refuseForeign, type Revocation } from './read-entries.ts'
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
/** It makes another thing of a list than a list of all that one CA has revoked. */
const FOREIGN_LIST: readonly string[] = [OIDS.deltaCrlIndicator]

/**
 * Reads exactly one complete v2 list with nextUpdate and number (RFC 5280 5.1); throws MALFORMED for anything else. Delta and indirect lists, and critical
 * extensions that we do not know, change what a list means, so they are refused here.
 * @param written what the entries are, when they have just been written by ourselves: they are not read again, all else is
 */
export function parseCrl(der: Uint8Array, written?: ReadonlyMap<string, Revocation>): Crl {
  if (der.length > MAX_CRL_BYTES) throw new HansaError('MALFORMED', `a revocation list of ${der.length} bytes; the bound is ${MAX_CRL_BYTES}`)
  return reading('MALFORMED', 'revocation list', () => read(der, written))
}

function read(der: Uint8Array, written: ReadonlyMap<string, Revocation> | undefined): Crl {
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
  const revoked = entries === undefined ? new Map<string, Revocation>() : (written ?? readEntries(entries.content))
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
