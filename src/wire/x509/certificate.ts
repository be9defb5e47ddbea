import { type ErrorCode, HansaError } from '../../schema/errors.ts'
import { DerCursor, DerError, TAG } from './der.ts'
import { readOid, readSerial, readSmall, readTime } from './der-values.ts'
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
import { comparableName, emailsOf, readName } from './directory-name.ts'
import { type GeneralName, readNameConstraints, readSubjectAltNames } from './general-names.ts'
import { OIDS } from './oids.ts'
import { checkInfoAccess, readDistributionPoints } from './pointers.ts'
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
  /** The subject as a name that can be constrained, and the e-mail addresses in it; made when asked for. Empty for an empty subject. */
  readonly subjectNames: readonly GeneralName[]
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
  /** URIs of the lists on which it would stand. */
  readonly crlDistributionPoints?: readonly string[]
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
  const cursor = tbs.inside()
  const version = readVersion(cursor)
  const serial = readSerial(cursor.next(TAG.integer))
  const innerAlgorithm = cursor.next(TAG.sequence)
  if (!same(outerAlgorithm.bytes, innerAlgorithm.bytes)) throw new DerError('two signature algorithms that differ')
  const issuer = cursor.next(TAG.sequence)
  readName(issuer.content)
  const validity = cursor.enter(TAG.sequence)
  const notBefore = readTime(validity.next())
  const notAfter = readTime(validity.next())
  validity.end()
  const subject = cursor.next(TAG.sequence)
  const subjectName = readName(subject.content)
  const spki = cursor.next(TAG.sequence).bytes
  // Unique identifiers (v2) must not be made (RFC 5280 4.1.2.8): whatever has them ends here with an unexpected tag.
  const list = cursor.optional(TAG.contextConstructed(3))
  cursor.end()
  if (list !== undefined && version !== 3) throw new DerError('extensions in a certificate that is not v3')
  const extensions = list === undefined ? [] : readExtensions(list.content)
  value(extensions, OIDS.authorityInfoAccess, checkInfoAccess)
  return {
    der,
    tbs: tbs.bytes,
    signature,
    signatureAlgorithm: readAlgorithm(innerAlgorithm.content),
    version,
    serial,
    issuer: issuer.bytes,
    subject: subject.bytes,
    get subjectNames() {
      const emails = emailsOf(subjectName).map((email) => ({ form: 'email' as const, value: email }))
      return subjectName.length === 0 ? [] : [{ form: 'directory' as const, value: comparableName(subjectName) }, ...emails]
    },
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
    crlDistributionPoints: value(extensions, OIDS.crlDistributionPoints, readDistributionPoints),
    holder: value(extensions, OIDS.holder, readHolder)
  }
}

function readVersion(cursor: DerCursor): number {
  const tagged = cursor.optional(TAG.contextConstructed(0))
  if (tagged === undefined) return 1
  const inner = tagged.inside()
  const version = readSmall(inner.next(TAG.integer)) + 1
  inner.end()
  // The default, version 1, is never written.
  if (version > 3 || version === 1) throw new DerError('a version that does not exist')
  return version
}

/** Those that have no parameters (RFC 8410 3, RFC 5758 3.2). */
const WITHOUT_PARAMETERS: readonly string[] = [OIDS.ed25519, OIDS.ecdsaWithSha256, OIDS.ecdsaWithSha384]

/** OID of an AlgorithmIdentifier; those that we use must have no parameters. */
export function readAlgorithm(content: Uint8Array): string {
  const cursor = new DerCursor(content)
  const oid = readOid(cursor.next(TAG.oid))
  if (WITHOUT_PARAMETERS.includes(oid)) cursor.end()
  return oid
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

function value<T>(extensions: readonly Extension[], oid: string, read: (value: Uint8Array) => T): T | undefined {
  const found = extensions.find((extension) => extension.oid === oid)
  return found === undefined ? undefined : read(found.value)
}
