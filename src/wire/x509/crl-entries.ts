import { element, extension, sequence, time } from './der-writer.ts'
import { DerError, TAG } from './der.ts'
import { OIDS } from './oids.ts'

/** An entry of a list: serial in hex, milliseconds since the epoch, number of the reason. */
export interface EntryContents {
  readonly serial: string
  readonly at: number
  readonly reason: number
}

/** Serial of 20 bytes and a zero before it, a time of 15, a reason of 12, each with its head; all below 128, so that every length has one byte. */
const MAX_ENTRY_BYTES = 2 + 23 + 17 + 14
const MAX_SERIAL_DIGITS = 40
const FIRST_ROOM = 64 * 1024
const ZERO = 0x30
const DAY_MS = 86_400_000

/**
 * revokedCertificates (RFC 5280 5.1.2.6) without its head: into one buffer, since a list may have 100,000 entries and what is made for each of them and thrown away
 * costs more than the writing. Empty for no entries.
 */
export function writeEntries(revoked: Iterable<EntryContents>): Uint8Array {
  let room = new Uint8Array(FIRST_ROOM)
  let end = 0
  const days = new Map<number, Uint8Array>()
  const reasons = new Map<number, Uint8Array>()
  for (const { serial, at, reason } of revoked) {
    if (end + MAX_ENTRY_BYTES > room.length) {
      const larger = new Uint8Array(room.length * 2)
      larger.set(room)
      room = larger
    }
    const start = end
    end = writeSerial(serial, room, start + 2)
    // All times of one day are alike but for their end.
    const day = Math.floor(at / DAY_MS)
    const when = days.get(day) ?? time(at)
    days.set(day, when)
    writeTimeOfDay(Math.floor((at - day * DAY_MS) / 1000), when)
    room.set(when, end)
    end += when.length
    // What is unspecified is said by saying nothing (RFC 5280 5.3.1).
    if (reason !== 0) {
      const why = reasons.get(reason) ?? writeReason(reason)
      reasons.set(reason, why)
      room.set(why, end)
      end += why.length
    }
    room[start] = TAG.sequence
    room[start + 1] = end - start - 2
  }
  return room.subarray(0, end)
}

/** Puts hours, minutes and seconds, given as seconds since midnight, before the last byte of a time, the Z. */
function writeTimeOfDay(seconds: number, when: Uint8Array): void {
  let rest = seconds
  let at = when.length - 2
  for (const base of [60, 60, 24]) {
    const value = rest % base
    rest = (rest - value) / base
    when[at--] = ZERO + (value % 10)
    when[at--] = ZERO + (value - (value % 10)) / 10
  }
}

function writeReason(reason: number): Uint8Array {
  return sequence(extension(OIDS.crlReason, false, element(TAG.enumerated, Uint8Array.of(reason))))
}

/** A positive INTEGER of hexadecimal digits at `at`; returns where it ends. */
function writeSerial(text: string, into: Uint8Array, at: number): number {
  let from = 0
  while (text.charCodeAt(from) === ZERO) from++
  const count = text.length - from
  if (count === 0 || count > MAX_SERIAL_DIGITS) throw new DerError(`a serial number of ${count} digits`)
  let end = at + 2
  if (count % 2 === 1) into[end++] = nibble(text, from++)
  // The first bit is the sign: a number that begins with it needs a zero before it.
  else if (nibble(text, from) >= 8) into[end++] = 0
  for (; from < text.length; from += 2) into[end++] = nibble(text, from) * 16 + nibble(text, from + 1)
  into[at] = TAG.integer
  into[at + 1] = end - at - 2
  return end
}

function nibble(digits: string, index: number): number {
  const code = digits.charCodeAt(index)
  if (code >= ZERO && code <= 0x39) return code - ZERO
  if (code >= 0x61 && code <= 0x66) return code - 0x57
  throw new DerError('digits that are not hexadecimal')
}
