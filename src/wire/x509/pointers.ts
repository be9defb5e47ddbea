import { DerCursor, DerError, elements, TAG } from './der.ts'
import { readOid } from './der-values.ts'
import { readGeneralName, readGeneralNames } from './general-names.ts'

/** More places than these are not looked at. */
const MAX_POINTERS = 16

/** URIs at which the list of a certificate is (CRLDistributionPoints, RFC 5280 4.2.1.13); points that name their list in another way have none. */
export function readDistributionPoints(value: Uint8Array): string[] {
  const outer = new DerCursor(value)
  const { content } = outer.next(TAG.sequence)
  outer.end()
  if (content.length === 0) throw new DerError('an empty list of distribution points')
  return elements(content, MAX_POINTERS).flatMap((point) => {
    if (point.tag !== TAG.sequence) throw new DerError('a distribution point that is no SEQUENCE')
    const cursor = point.inside()
    const name = cursor.optional(TAG.contextConstructed(0))
    const reasons = cursor.optional(TAG.context(1))
    const issuer = cursor.optional(TAG.contextConstructed(2))
    cursor.end()
    // A point for some reasons only, or with a list of somebody else, is none for us.
    return name === undefined || reasons !== undefined || issuer !== undefined ? [] : readPointName(name.content)
  })
}

/** URIs of a DistributionPointName; a name relative to the issuer's gives none. */
export function readPointName(value: Uint8Array): string[] {
  const cursor = new DerCursor(value)
  const full = cursor.optional(TAG.contextConstructed(0))
  if (full === undefined) cursor.next(TAG.contextConstructed(1))
  cursor.end()
  return full === undefined ? [] : readGeneralNames(full.content).flatMap(({ form, value: uri }) => (form === 'uri' ? [uri] : []))
}

/** Checks an AuthorityInfoAccess (RFC 5280 4.2.2.1); what it points to is nothing that validation follows. */
export function checkInfoAccess(value: Uint8Array): void {
  const outer = new DerCursor(value)
  const { content } = outer.next(TAG.sequence)
  outer.end()
  if (content.length === 0) throw new DerError('an empty list of access descriptions')
  for (const description of elements(content, MAX_POINTERS)) {
    if (description.tag !== TAG.sequence) throw new DerError('an access description that is no SEQUENCE')
    const cursor = description.inside()
    readOid(cursor.next(TAG.oid))
    readGeneralName(cursor.next())
    cursor.end()
  }
}
