import { DerCursor, DerError, type Element, elements, TAG } from './der.ts'
import { readAscii, readOid, readUtf8 } from './der-values.ts'

/** One attribute of a name, such as commonName. */
interface Attribute {
  readonly oid: string
  readonly value: Element
}

/** Longer names are nobody's. */
const MAX_RDNS = 32
const MAX_ATTRIBUTES = 8
/** Comparable form of a name that holds text which we cannot compare: rules fail closed on it. */
export const INCOMPARABLE = '?'

const PRINTABLE_STRING = 0x13
const IA5_STRING = 0x16
/** Read by nobody here: names with them cannot be compared. */
const TELETEX_STRING = 0x14
const BMP_STRING = 0x1e
/** PKCS #9; RFC 5280 4.1.2.6 knows it as the old place of an address. */
const EMAIL_ADDRESS = '1.2.840.113549.1.9.1'

/** The attributes of a Name (RFC 5280 4.1.2.4), set by set; throws DerError when it is none. `content`: inside the SEQUENCE. */
export function readName(content: Uint8Array): Attribute[][] {
  return elements(content, MAX_RDNS).map((rdn) => {
    if (rdn.tag !== TAG.set || rdn.length === 0) throw new DerError('a name with a part that is no set of attributes')
    return elements(rdn.content, MAX_ATTRIBUTES).map((attribute) => {
      if (attribute.tag !== TAG.sequence) throw new DerError('an attribute of a name that is no SEQUENCE')
      const cursor = attribute.inside()
      const oid = readOid(cursor.next(TAG.oid))
      const value = cursor.next()
      cursor.end()
      // Here, so that nothing throws when the name is compared later.
      readText(value)
      return { oid, value }
    })
  })
}

/**
 * A form in which equal names (RFC 5280 7.1) are equal texts, and a name that another one begins with is a prefix of it. Text counts without case and with
 * single spaces; text in an encoding that cannot be compared so makes the whole name INCOMPARABLE.
 */
export function comparableName(name: readonly (readonly Attribute[])[]): string {
  let text = ''
  for (const rdn of name) {
    const parts: string[] = []
    for (const { oid, value } of rdn) {
      const said = comparableText(value)
      if (said === undefined) return INCOMPARABLE
      parts.push(`${oid}=${said}`)
    }
    text += `${parts.sort().join('\u0000')}\u0001`
  }
  return text
}

/** E-mail addresses that stand in a name. */
export function emailsOf(name: readonly (readonly Attribute[])[]): string[] {
  return name.flat().flatMap(({ oid, value }) => (oid === EMAIL_ADDRESS ? [readText(value) ?? ''] : []))
}

function comparableText(value: Element): string | undefined {
  const text = readText(value)
  if (text === undefined || /[\u0000-\u001f\u007f]/.test(text)) return undefined
  return text.normalize('NFKC').toLowerCase().trim().replace(/\s+/g, ' ')
}

function readText(value: Element): string | undefined {
  switch (value.tag) {
    case TAG.utf8String:
      return readUtf8(value)
    case PRINTABLE_STRING:
    case IA5_STRING:
      return readAscii(value)
    case TELETEX_STRING:
      return undefined
    case BMP_STRING:
      if (value.length % 2 !== 0) throw new DerError('half a character in a name')
      return undefined
    default:
      throw new DerError('an attribute of a name that is no text')
  }
}

/** The same for a Name that stands alone, as in a GeneralName. Throws DerError. */
export function readComparableName(der: Uint8Array): string {
  const outer = new DerCursor(der)
  const { content } = outer.next(TAG.sequence)
  outer.end()
  return comparableName(readName(content))
}
