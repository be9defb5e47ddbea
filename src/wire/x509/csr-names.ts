import { reading } from './certificate.ts'
import { DerCursor, elements, readOid, TAG } from './der.ts'
import { readExtensions } from './extensions.ts'
import { type GeneralName, readGeneralNames } from './general-names.ts'
import { OIDS } from './oids.ts'
import { readSigned } from './signed.ts'

/** Names that a certification request asks for. They are compared with what the applicant may have, never taken over. */
export interface CsrNames {
  /** Name as DER; an empty one has two bytes. */
  readonly subject: Uint8Array
  /** Absent when no SubjectAltName is asked for. */
  readonly subjectAltNames?: readonly GeneralName[]
}

/** PKCS#9 extensionRequest (RFC 2985 5.4.2). */
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14'
const MAX_ATTRIBUTES = 16

/** Reads the names in a request (RFC 2986). Throws CSR_INVALID. */
export function parseCsrNames(der: Uint8Array): CsrNames {
  return reading('CSR_INVALID', 'certification request', () => {
    const cursor = new DerCursor(readSigned(der).tbs.content)
    cursor.next(TAG.integer)
    const subject = cursor.next(TAG.sequence).bytes
    cursor.next(TAG.sequence)
    const attributes = cursor.optional(TAG.contextConstructed(0))
    const subjectAltNames = attributes === undefined ? undefined : namesIn(attributes.content)
    return subjectAltNames === undefined ? { subject } : { subject, subjectAltNames }
  })
}

function namesIn(attributes: Uint8Array): GeneralName[] | undefined {
  for (const { content } of elements(attributes, MAX_ATTRIBUTES)) {
    const attribute = new DerCursor(content)
    if (readOid(attribute.next(TAG.oid)) !== EXTENSION_REQUEST) continue
    const request = new DerCursor(attribute.next(TAG.set).content).next(TAG.sequence)
    const asked = readExtensions(request.bytes).find((each) => each.oid === OIDS.subjectAltName)
    if (asked === undefined) continue
    return readGeneralNames(new DerCursor(asked.value).next(TAG.sequence).content)
  }
  return undefined
}
