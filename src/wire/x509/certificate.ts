import { type ErrorCode, HansaError } from '../../schema/errors.ts'
import { DerCursor, DerError, readOid, readSerial, readSmall, readTime, TAG } from './der.ts'
import {
  type BasicConstraints,
  type Extension,
  type HolderExtension,
  type KeyUsage,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readExtendedKeyUsage,
  readExtensions,
  readHolder,
  readKeyUsage,
  readSubjectKeyIdentifier
} from './extensions.ts'
import { type GeneralName, readGeneralNames, readNameConstraints } from './general-names.ts'
import { OIDS } from './oids.ts'
import { readSigned } from './signed.ts'

/** What a certificate says, believed by nobody yet (core/pki decides). Byte fields are views into the input. */
export interface Certificate {
  readonly der: Uint8Array
  /** The bytes that the signature covers. */
  readonly tbs: Uint8Array
  readonly signature: Uint8Array
  readonly signatureAlgorithm: string
  /** 1 to 3. */
  readonly version: number
  /** Lower-case hex without leading zeros. */
  readonly serial: string
  /** Names as DER; they are compared, never shown. */
  readonly issuer: Uint8Array
  readonly subject: Uint8Array
  /** Milliseconds since the epoch, both inclusive. */
  readonly notBefore: number
  readonly notAfter: number
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
  readonly extensions: readonly Extension[]
  readonly basicConstraints?: BasicConstraints
  readonly keyUsage?: readonly KeyUsage[]
  readonly extendedKeyUsage?: readonly string[]
  readonly subjectAltNames?: readonly GeneralName[]
  readonly nameConstraints?: { readonly permitted: readonly GeneralName[]; readonly excluded: readonly GeneralName[] }
  readonly subjectKeyIdentifier?: string
  readonly authorityKeyIdentifier?: string
  readonly holder?: HolderExtension
}

/** Ours have about 700 bytes. */
export const MAX_CERTIFICATE_BYTES = 16 * 1024

/** Reads exactly one certificate (RFC 5280 4.1); throws CERTIFICATE_INVALID for anything else, trailing bytes included. */
export function parseCertificate(der: Uint8Array): Certificate {
  if (der.length > MAX_CERTIFICATE_BYTES)
    throw new HansaError('CERTIFICATE_INVALID', `a certificate of ${der.length} bytes; the bound is ${MAX_CERTIFICATE_BYTES}`)
  return reading('CERTIFICATE_INVALID', 'certificate', () => read(der))
}

/** Runs a parser; its DerError becomes a HansaError that says what was being read. */
export function reading<T>(code: ErrorCode, what: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (error instanceof DerError) throw new HansaError(code, `not a ${what}: ${error.message}`)
    throw error
  }
}

function read(der: Uint8Array): Certificate {
  const { tbs, algorithm: outerAlgorithm, signature } = readSigned(der)
  const cursor = new DerCursor(tbs.content)
  const versionTag = cursor.optional(TAG.contextConstructed(0))
  const version = versionTag === undefined ? 1 : readSmall(new DerCursor(versionTag.content).next(TAG.integer)) + 1
  if (version > 3 || (versionTag !== undefined && version === 1)) throw new DerError('a version that does not exist')
  const serial = readSerial(cursor.next(TAG.integer))
  const innerAlgorithm = cursor.next(TAG.sequence)
  if (!same(outerAlgorithm.bytes, innerAlgorithm.bytes)) throw new DerError('two signature algorithms that differ')
  const issuer = cursor.next(TAG.sequence).bytes
  const validity = cursor.enter(TAG.sequence)
  const notBefore = readTime(validity.next())
  const notAfter = readTime(validity.next())
  validity.end()
  const subject = cursor.next(TAG.sequence).bytes
  const spki = cursor.next(TAG.sequence).bytes
  // Unique identifiers (v2) say nothing to anybody; they are passed over.
  cursor.optional(TAG.context(1))
  cursor.optional(TAG.context(2))
  const list = cursor.optional(TAG.contextConstructed(3))
  cursor.end()
  if (list !== undefined && version !== 3) throw new DerError('extensions in a certificate that is not v3')
  const extensions = list === undefined ? [] : readExtensions(list.content)
  return {
    der,
    tbs: tbs.bytes,
    signature,
    signatureAlgorithm: readAlgorithm(innerAlgorithm.content),
    version,
    serial,
    issuer,
    subject,
    notBefore,
    notAfter,
    spki,
    extensions,
    basicConstraints: value(extensions, OIDS.basicConstraints, readBasicConstraints),
    keyUsage: value(extensions, OIDS.keyUsage, readKeyUsage),
    extendedKeyUsage: value(extensions, OIDS.extendedKeyUsage, readExtendedKeyUsage),
    subjectAltNames: value(extensions, OIDS.subjectAltName, readSubjectAltNames),
    nameConstraints: value(extensions, OIDS.nameConstraints, readNameConstraints),
    subjectKeyIdentifier: value(extensions, OIDS.subjectKeyIdentifier, readSubjectKeyIdentifier),
    authorityKeyIdentifier: value(extensions, OIDS.authorityKeyIdentifier, readAuthorityKeyIdentifier),
    holder: value(extensions, OIDS.holder, readHolder)
  }
}

/** OID of an AlgorithmIdentifier; Ed25519 must have no parameters (RFC 8410 3). */
export function readAlgorithm(content: Uint8Array): string {
  const cursor = new DerCursor(content)
  const oid = readOid(cursor.next(TAG.oid))
  if (oid === OIDS.ed25519) cursor.end()
  return oid
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

function readSubjectAltNames(der: Uint8Array): GeneralName[] {
  const cursor = new DerCursor(der)
  const { content } = cursor.next(TAG.sequence)
  cursor.end()
  return readGeneralNames(content)
}

function value<T>(extensions: readonly Extension[], oid: string, read: (value: Uint8Array) => T): T | undefined {
  const found = extensions.find((extension) => extension.oid === oid)
  return found === undefined ? undefined : read(found.value)
}
