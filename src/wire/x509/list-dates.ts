import { DerCursor, DerError, type Element, TAG } from './der.ts'
import { readAscii, readTime } from './der-values.ts'
import { readSigned } from './signed.ts'

/** When a list or an answer was made and when the next one is due, milliseconds since the epoch. */
export interface Dates {
  readonly thisUpdate: number
  readonly nextUpdate: number
}

/** The dates of a revocation list (RFC 5280 5.1.2), without reading its entries: there may be 100,000. Throws DerError. */
export function readListDates(der: Uint8Array): Dates {
  const cursor = new DerCursor(readSigned(der).tbs.content)
  cursor.next(TAG.integer)
  cursor.next(TAG.sequence)
  cursor.next(TAG.sequence)
  return { thisUpdate: readTime(cursor.next()), nextUpdate: readTime(cursor.next()) }
}

/**
 * The dates of a successful OCSP answer (RFC 6960 4.2.1), of several the shortest; undefined for an answer that nobody may keep: one of an error, one that names no next update, or
 * one that repeats a nonce. Throws DerError.
 */
export function readAnswerDates(der: Uint8Array): Dates | undefined {
  const outer = new DerCursor(der).enter(TAG.sequence)
  const status = outer.next(TAG.enumerated)
  const wrapped = outer.optional(TAG.contextConstructed(0))
  if (status.content[0] !== 0 || wrapped === undefined) return undefined
  const bytes = new DerCursor(wrapped.content).enter(TAG.sequence)
  bytes.next(TAG.oid)
  const data = new DerCursor(new DerCursor(bytes.next(TAG.octetString).content).enter(TAG.sequence).next(TAG.sequence).content)
  data.optional(TAG.contextConstructed(0))
  // The responder by name or by key, then the time of signing.
  data.next()
  data.next(TAG.generalizedTime)
  const dates: Dates[] = []
  for (const each = new DerCursor(data.next(TAG.sequence).content); !each.done;) {
    const single = each.enter(TAG.sequence)
    single.next(TAG.sequence)
    // The status of the certificate.
    single.next()
    const thisUpdate = readGeneralizedTime(single.next(TAG.generalizedTime))
    const next = single.optional(TAG.contextConstructed(0))
    if (next === undefined) return undefined
    dates.push({ thisUpdate, nextUpdate: readGeneralizedTime(new DerCursor(next.content).next(TAG.generalizedTime)) })
  }
  if (dates.length === 0) throw new DerError('an answer about nothing')
  if (!data.done) return undefined
  return {
    thisUpdate: Math.max(...dates.map(({ thisUpdate }) => thisUpdate)),
    nextUpdate: Math.min(...dates.map(({ nextUpdate }) => nextUpdate))
  }
}

/** OCSP has GeneralizedTime for every year (RFC 6960 4.2.2.1), certificates only from 2050. */
function readGeneralizedTime(element: Element): number {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(readAscii(element))
  if (match === null) throw new DerError('a time in another form')
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number)
  return Date.UTC(year, month - 1, day, hour, minute, second)
}
