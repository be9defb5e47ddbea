import { HansaError } from '../../schema/errors.ts'
import { readAlgorithm, reading } from './certificate.ts'
import { DerCursor, DerError, type Element, elements, TAG } from './der.ts'
import { readAscii, readOid, readSmall, readUtf8 } from './der-values.ts'
import { bits, element, oid, sequence, small } from './der-writer.ts'
import { readExtensions } from './extensions.ts'
import { type GeneralName, readGeneralNames } from './general-names.ts'
import { OIDS } from './oids.ts'
import { readSigned } from './signed.ts'

/** What a certification request (RFC 2986) says that matters here: a key, a signature that proves it is held, and names, which are compared with those that are granted. */
export interface Csr {
  /** The bytes that the signature covers. */
  readonly info: Uint8Array
  readonly spki: Uint8Array
  readonly signature: Uint8Array
  readonly signatureAlgorithm: string
  readonly subject: readonly { readonly oid: string; readonly value: string }[]
  readonly alternativeNames: readonly GeneralName[]
}

const MAX_CSR_BYTES = 8 * 1024
/** Attributes of a subject, values of each, and attributes of a request: more than anybody writes. */
const MAX_ATTRIBUTES = 16
const PRINTABLE_STRING = 0x13
const IA5_STRING = 0x16
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14'

/** Reads exactly one request; throws CSR_INVALID. Of the attributes only the alternative names are read: what a certificate is for is not the applicant's to say. */
export function parseCsr(der: Uint8Array): Csr {
  if (der.length > MAX_CSR_BYTES) throw new HansaError('CSR_INVALID', `a certification request of ${der.length} bytes; the bound is ${MAX_CSR_BYTES}`)
  return reading('CSR_INVALID', 'certification request', () => {
    const { tbs: info, algorithm, signature } = readSigned(der)
    const signatureAlgorithm = readAlgorithm(algorithm.content)
    const cursor = new DerCursor(info.content)
    const version = readSmall(cursor.next(TAG.integer))
    const subject = readSubject(cursor.next(TAG.sequence).content)
    const spki = cursor.next(TAG.sequence).bytes
    const attributes = cursor.optional(TAG.contextConstructed(0))
    cursor.end()
    const alternativeNames = attributes === undefined ? [] : readAlternativeNames(attributes.content)
    if (version !== 0) throw new HansaError('CSR_INVALID', `a certification request of version ${version + 1}`)
    return { info: info.bytes, spki, signature, signatureAlgorithm, subject, alternativeNames }
  })
}

function readSubject(content: Uint8Array): { oid: string; value: string }[] {
  return elements(content, MAX_ATTRIBUTES).flatMap((set) => {
    if (set.tag !== TAG.set) throw new DerError('a relative name that is no SET')
    return elements(set.content, MAX_ATTRIBUTES).map((each) => {
      if (each.tag !== TAG.sequence) throw new DerError('an attribute of a name that is no SEQUENCE')
      const cursor = new DerCursor(each.content)
      const oid = readOid(cursor.next(TAG.oid))
      const value = readText(cursor.next())
      cursor.end()
      return { oid, value }
    })
  })
}

/** Other kinds of strings, which nobody writes any more, become a text that no name is equal to. */
function readText(element: Element): string {
  if (element.tag === TAG.utf8String) return readUtf8(element)
  return element.tag === PRINTABLE_STRING || element.tag === IA5_STRING ? readAscii(element) : `0x${element.tag.toString(16)}:`
}

function readAlternativeNames(content: Uint8Array): GeneralName[] {
  return elements(content, MAX_ATTRIBUTES).flatMap((attribute) => {
    if (attribute.tag !== TAG.sequence) throw new DerError('an attribute that is no SEQUENCE')
    const cursor = new DerCursor(attribute.content)
    const oid = readOid(cursor.next(TAG.oid))
    const values = cursor.next(TAG.set).content
    cursor.end()
    if (oid !== EXTENSION_REQUEST) return []
    const [list, more] = elements(values, 2)
    if (list === undefined || more !== undefined) throw new DerError('an extension request without one value')
    if (list.content.length === 0) return []
    const found = readExtensions(values).find((extension) => extension.oid === OIDS.subjectAltName)
    if (found === undefined) return []
    const names = new DerCursor(found.value)
    const { content: inside } = names.next(TAG.sequence)
    names.end()
    return readGeneralNames(inside)
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
