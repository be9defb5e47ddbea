import { DerCursor, DerError, type Element, TAG } from './der.ts'
import { readBoolean } from './der-values.ts'
import { readPointName } from './pointers.ts'

/** What a revocation list is about, when it is not about all certificates of its issuer. */
export interface CrlScope {
  /** The list is for certificates that point to one of these URIs; undefined: for all. */
  readonly uris?: readonly string[]
  readonly only?: 'users' | 'cas'
}

/**
 * IssuingDistributionPoint (RFC 5280 5.2.5). Throws DerError for lists of some reasons only, of attribute certificates and of other issuers' certificates:
 * what they leave out nobody could know.
 */
export function readIssuingPoint(value: Uint8Array): CrlScope {
  const outer = new DerCursor(value)
  const cursor = outer.enter(TAG.sequence)
  outer.end()
  const point = cursor.optional(TAG.contextConstructed(0))
  const users = flag(cursor.optional(TAG.context(1)))
  const cas = flag(cursor.optional(TAG.context(2)))
  if (cursor.optional(TAG.context(3)) !== undefined) throw new DerError('a list of some reasons only')
  if (flag(cursor.optional(TAG.context(4)))) throw new DerError('an indirect list')
  if (flag(cursor.optional(TAG.context(5)))) throw new DerError('a list of attribute certificates')
  cursor.end()
  if (users && cas) throw new DerError('a list of neither users nor CAs')
  if (point === undefined && !users && !cas) throw new DerError('an issuing distribution point that says nothing')
  const only = users ? ({ only: 'users' } as const) : cas ? ({ only: 'cas' } as const) : {}
  return point === undefined ? only : { ...only, uris: readPointName(point.content) }
}

/** A default, false, is never written. */
function flag(element: Element | undefined): boolean {
  if (element === undefined) return false
  if (!readBoolean(element)) throw new DerError('a default that is written out')
  return true
}
