import { hex } from '../../core/ids/hex.ts'
import { DerCursor, DerError, type Element, elements, TAG } from './der.ts'
import { readAscii, readSmall } from './der-values.ts'
import { readComparableName } from './directory-name.ts'

/** One GeneralName (RFC 5280 4.2.1.6). Forms that we do not read keep their context tag as `other`, so that rules can fail closed on them. */
export interface GeneralName {
  readonly form: 'uri' | 'dns' | 'ip' | 'email' | 'directory' | 'other'
  /**
   * The URI, DNS name or mailbox as written; for `ip` the bytes in hex (in a constraint: address, then mask); for `directory` its comparable form
   * (directory-name.ts); for `other` the tag.
   */
  readonly value: string
}

/** Names in one extension: more are never needed, and each costs a comparison with each constraint. */
const MAX_NAMES = 64

export function readGeneralNames(content: Uint8Array): GeneralName[] {
  return elements(content, MAX_NAMES).map(readGeneralName)
}

/** SubjectAltName: one name or more. */
export function readSubjectAltNames(der: Uint8Array): GeneralName[] {
  const cursor = new DerCursor(der)
  const { content } = cursor.next(TAG.sequence)
  cursor.end()
  if (content.length === 0) throw new DerError('an empty list of names')
  return readGeneralNames(content)
}

/** NameConstraints (RFC 5280 4.2.1.10): subtrees with minimum 0 and no maximum, as the profile demands; something must be constrained. */
export function readNameConstraints(value: Uint8Array): { permitted: GeneralName[]; excluded: GeneralName[] } {
  const outer = new DerCursor(value)
  const cursor = outer.enter(TAG.sequence)
  outer.end()
  const permitted = cursor.optional(TAG.contextConstructed(0))
  const excluded = cursor.optional(TAG.contextConstructed(1))
  cursor.end()
  if ((permitted ?? excluded) === undefined || permitted?.length === 0 || excluded?.length === 0) throw new DerError('name constraints that constrain nothing')
  return { permitted: permitted === undefined ? [] : readSubtrees(permitted.content), excluded: excluded === undefined ? [] : readSubtrees(excluded.content) }
}

function readSubtrees(content: Uint8Array): GeneralName[] {
  return elements(content, MAX_NAMES).map((subtree) => {
    if (subtree.tag !== TAG.sequence) throw new DerError('a subtree that is no SEQUENCE')
    const cursor = subtree.inside()
    const base = readGeneralName(cursor.next())
    const minimum = cursor.optional(TAG.context(0))
    // The default is never written; another minimum, or a maximum, must not be there (RFC 5280 4.2.1.10).
    if (minimum !== undefined && readSmall(minimum) === 0) throw new DerError('a default that is written out')
    if (minimum !== undefined) throw new DerError('a subtree with a minimum')
    cursor.end()
    return base
  })
}

export function readGeneralName(element: Element): GeneralName {
  switch (element.tag) {
    case TAG.context(6):
      return { form: 'uri', value: readAscii(element) }
    case TAG.context(2):
      return { form: 'dns', value: readAscii(element) }
    case TAG.context(1):
      return { form: 'email', value: readAscii(element) }
    case TAG.context(7):
      return { form: 'ip', value: hex(element.content) }
    case TAG.contextConstructed(4):
      return { form: 'directory', value: readComparableName(element.content) }
    // otherName, x400Address, ediPartyName, registeredID.
    case TAG.contextConstructed(0):
    case TAG.contextConstructed(3):
    case TAG.contextConstructed(5):
    case TAG.context(8):
      return { form: 'other', value: `0x${element.tag.toString(16)}` }
    default:
      throw new DerError('a name of a form that does not exist')
  }
}
