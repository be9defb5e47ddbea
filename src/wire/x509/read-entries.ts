import { DerCursor, DerError, type Element, TAG } from './der.ts'
import { readSerial, readSmall, readTime } from './der-values.ts'
import { type Extension, readExtensions } from './extensions.ts'
import { OIDS } from './oids.ts'

export interface Revocation {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Number of the reason; 0 when none is given. */
  readonly reason: number
}

/** Length of a UTCTime with its head. */
const UTC_TIME_BYTES = 15
/** The extensions of an entry that has a reason and nothing else, but for its last byte, the reason. */
const REASON_HEAD = Uint8Array.of(0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01)
/** Digits made to text at a time. */
const DIGITS = 64 * 1024
const MAX_SERIAL_BYTES = 20
const HEX = new TextEncoder().encode('0123456789abcdef')
const ASCII = new TextDecoder()

/**
 * revokedCertificates (RFC 5280 5.1.2.6) by serial; `content`: inside the SEQUENCE. Throws DerError. There may be 100,000, nearly all of one form: those are read where they stand, without
 * an object for each of their parts, and whatever is not just so goes to the reader that knows every form.
 */
export function readEntries(content: Uint8Array): Map<string, Revocation> {
  const revoked = new Map<string, Revocation>()
  const add = (serial: string, revocation: Revocation): void => {
    const before = revoked.size
    revoked.set(serial, revocation)
    if (revoked.size === before) throw new DerError(`serial ${serial} twice`)
  }
  const digits = new Uint8Array(DIGITS)
  let filled = 0
  let waiting: { readonly end: number; readonly revocation: Revocation }[] = []
  /** One text for many serials, cut into pieces, costs a third of a text for each. */
  const settle = (): void => {
    const text = ASCII.decode(digits.subarray(0, filled))
    let from = 0
    for (const { end, revocation } of waiting) {
      add(text.slice(from, end), revocation)
      from = end
    }
    waiting = []
    filled = 0
  }
  const timeOf = createTimeReader()
  for (let at = 0; at < content.length;) {
    const end = at + 2 + (content[at + 1] ?? 0)
    const serialBytes = content[at + 3] ?? 0
    // The first bit is the sign: a number that begins with it has a zero before it, and no other has (X.690 8.3.2).
    const head = content[at + 4] ?? 0
    const digitsFrom = head === 0 ? at + 5 : at + 4
    const first = content[digitsFrom] ?? 0
    const time = at + 4 + serialBytes
    const afterTime = time + UTC_TIME_BYTES
    const plain =
      content[at] === TAG.sequence &&
      end - at < 0x82 &&
      end <= content.length &&
      afterTime <= end &&
      content[at + 2] === TAG.integer &&
      serialBytes > 0 &&
      serialBytes <= MAX_SERIAL_BYTES &&
      (head === 0 ? serialBytes > 1 && first >= 0x80 : first < 0x80)
    const when = plain ? timeOf(content, time) : undefined
    const reason = when === undefined ? undefined : reasonAt(content, afterTime, end)
    if (when === undefined || reason === undefined) {
      const element = new DerCursor(content, at).next(TAG.sequence)
      const { serial, revocation } = readEntry(element)
      settle()
      add(serial, revocation)
      at += element.bytes.length
      continue
    }
    if (filled + 2 * MAX_SERIAL_BYTES > DIGITS) settle()
    for (let i = digitsFrom; i < time; i++) {
      const byte = content[i] ?? 0
      // No zero at the head.
      if (i > digitsFrom || byte >= 0x10) digits[filled++] = HEX[byte >> 4] ?? 0
      digits[filled++] = HEX[byte & 15] ?? 0
    }
    waiting.push({ end: filled, revocation: { at: when, reason } })
    at = end
  }
  settle()
  return revoked
}

/** A UTCTime at `at`, of a day that was met before or is read now; undefined for anything else. */
function createTimeReader(): (bytes: Uint8Array, at: number) => number | undefined {
  const days = new Map<number, number>()
  return (bytes, at) => {
    if (bytes[at] !== TAG.utcTime || bytes[at + 1] !== UTC_TIME_BYTES - 2 || bytes[at + 14] !== 0x5a) return undefined
    for (let i = at + 2; i < at + 14; i++) if ((bytes[i] ?? 0) < 0x30 || (bytes[i] ?? 0) > 0x39) return undefined
    const pair = (from: number): number => (bytes[from] ?? 0) * 10 + (bytes[from + 1] ?? 0) - 0x30 * 11
    const [hour, minute, second] = [pair(at + 8), pair(at + 10), pair(at + 12)]
    if (hour > 23 || minute > 59 || second > 59) return undefined
    const time = (hour * 3600 + minute * 60 + second) * 1000
    const day = pair(at + 2) * 10_000 + pair(at + 4) * 100 + pair(at + 6)
    let midnight = days.get(day)
    if (midnight === undefined) {
      midnight = readTime(new DerCursor(bytes, at).next()) - time
      days.set(day, midnight)
    }
    return midnight + time
  }
}

/** The reason between `from` and `end`, 0 when there is nothing; undefined for anything but a reason that exists. */
function reasonAt(bytes: Uint8Array, from: number, end: number): number | undefined {
  if (from === end) return 0
  if (end - from !== REASON_HEAD.length + 1) return undefined
  for (let i = 0; i < REASON_HEAD.length; i++) if (bytes[from + i] !== REASON_HEAD[i]) return undefined
  const reason = bytes[end - 1] ?? 0
  return exists(reason) ? reason : undefined
}

function readEntry(entry: Element): { serial: string; revocation: Revocation } {
  const cursor = entry.inside()
  const serial = readSerial(cursor.next(TAG.integer))
  const at = readTime(cursor.next())
  const reason = cursor.done ? 0 : readEntryReason(cursor.next(TAG.sequence))
  cursor.end()
  return { serial, revocation: { at, reason } }
}

function readEntryReason({ bytes }: Element): number {
  const extensions = readExtensions(bytes)
  refuseForeign(extensions, [], FOREIGN_ENTRY)
  const found = extensions.find((each) => each.oid === OIDS.crlReason)
  return found === undefined ? 0 : readReason(found.value)
}

/** It makes another thing of an entry than one of the list's own issuer. */
const FOREIGN_ENTRY: readonly string[] = [OIDS.certificateIssuer]

/** Number of a reason. */
function readReason(value: Uint8Array): number {
  const cursor = new DerCursor(value)
  const reason = readSmall(cursor.next(TAG.enumerated))
  cursor.end()
  if (!exists(reason)) throw new DerError(`reason ${reason} of a revocation`)
  return reason
}

/** Does RFC 5280 5.3.1 know this reason? removeFromCRL (8) is for delta lists alone. */
function exists(reason: number): boolean {
  return reason <= 10 && reason !== 7 && reason !== 8
}

/** Refuses extensions that would change what a list or an entry means, and critical ones that are not known. */
export function refuseForeign(extensions: readonly Extension[], critical: readonly string[], foreign: readonly string[]): void {
  for (const each of extensions) {
    if (foreign.includes(each.oid)) throw new DerError(`extension ${each.oid}, of a delta or an indirect list`)
    if (each.critical && !critical.includes(each.oid)) throw new DerError(`critical extension ${each.oid}, which is not known or must not be critical`)
  }
}
