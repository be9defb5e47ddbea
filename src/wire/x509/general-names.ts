import { hex } from '../../core/ids/hex.ts'
import { DerCursor, type Element, elements, readAscii, readSmall, TAG } from './der.ts'

/** One GeneralName (RFC 5280 4.2.1.6). Forms that we do not read keep their context tag as `other`, so that rules can fail closed on them. */
export interface GeneralName {
  readonly form: 'uri' | 'dns' | 'ip' | 'other'
  /** The URI or DNS name as written; for `ip` the bytes in hex (in a constraint: address, then mask); for `other` the tag. */
  readonly value: string
}

/** Names in one extension: more are never needed, and each costs a comparison with each constraint. */
const MAX_NAMES = 64

export function readGeneralNames(content: Uint8Array): GeneralName[] {
  return elements(content, MAX_NAMES).map(readGeneralName)
}

/** NameConstraints (RFC 5280 4.2.1.10): subtrees with minimum 0 and no maximum, as the profile demands. */
export function readNameConstraints(value: Uint8Array): { permitted: GeneralName[]; excluded: GeneralName[] } {
  const outer = new DerCursor(value)
  const cursor = outer.enter(TAG.sequence)
  outer.end()
  const permitted = cursor.optional(TAG.contextConstructed(0))
  const excluded = cursor.optional(TAG.contextConstructed(1))
  cursor.end()
  return { permitted: permitted === undefined ? [] : readSubtrees(permitted.content), excluded: excluded === undefined ? [] : readSubtrees(excluded.content) }
}

function readSubtrees(content: Uint8Array): GeneralName[] {
  return elements(content, MAX_NAMES).map((subtree) => {
    const cursor = new DerCursor(subtree.content)
    const base = readGeneralName(cursor.next())
    const minimum = cursor.optional(TAG.context(0))
    // A minimum or maximum that means something makes the form one that we do not read.
    if (cursor.done && (minimum === undefined || readSmall(minimum) === 0)) return base
    return { form: 'other', value: 'distance' }
  })
}

function readGeneralName(element: Element): GeneralName {
  switch (element.tag) {
    case TAG.context(6):
      return { form: 'uri', value: readAscii(element) }
    case TAG.context(2):
      return { form: 'dns', value: readAscii(element) }
    case TAG.context(7):
      return { form: 'ip', value: hex(element.content) }
    default:
      return { form: 'other', value: `0x${element.tag.toString(16)}` }
  }
}
