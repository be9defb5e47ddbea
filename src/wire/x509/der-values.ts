import { hex } from '../../core/ids/hex.ts'
import { DerError, type Element, TAG } from './der.ts'

export function readBoolean(element: Element): boolean {
  const { content } = element
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw new DerError('a BOOLEAN that is not DER')
  return content[0] === 0xff
}

/** Content of a non-negative INTEGER in its shortest form, without the sign byte, at most `limit` bytes. */
export function readUnsigned(element: Element, limit: number): Uint8Array {
  const { content } = element
  const [first, second] = [content[0], content[1]]
  if (first === undefined || first >= 0x80) throw new DerError('an INTEGER that is empty or negative')
  if (first === 0 && second !== undefined && second < 0x80) throw new DerError('an INTEGER that is not in its shortest form')
  if (content.length > limit) throw new DerError(`an INTEGER of more than ${limit} bytes`)
  return first === 0 && second !== undefined ? content.subarray(1) : content
}

/** A non-negative INTEGER up to 2^48. */
export function readSmall(element: Element): number {
  let value = 0
  for (const byte of readUnsigned(element, 6)) value = value * 256 + byte
  return value
}

/** Serial number: positive, at most 20 bytes (RFC 5280 4.1.2.2); lower-case hex without leading zeros. */
export function readSerial(element: Element): string {
  const serial = hex(readUnsigned(element, 20)).replace(/^0+/, '')
  if (serial === '') throw new DerError('a serial number of zero')
  return serial
}

/** Dotted forms by their bytes, as binary text: certificates say the same few over and over. Full, it takes no more; strangers invent what they like. */
const DOTTED = new Map<string, string>()
const MAX_DOTTED = 256

/** Dotted form of an OBJECT IDENTIFIER of at most 40 bytes. */
export function readOid(element: Element): string {
  if (element.tag !== TAG.oid) throw new DerError('no OBJECT IDENTIFIER where one is wanted')
  const { content } = element
  if (content.length === 0 || content.length > 40 || (content[content.length - 1] ?? 0) >= 0x80)
    throw new DerError('an OBJECT IDENTIFIER that is empty, cut or too long')
  const key = binaryText(content)
  const known = DOTTED.get(key)
  if (known !== undefined) return known
  const dotted = dottedForm(content)
  if (DOTTED.size < MAX_DOTTED) DOTTED.set(key, dotted)
  return dotted
}

function dottedForm(content: Uint8Array): string {
  const arcs: bigint[] = []
  let arc = 0n
  let fresh = true
  for (const byte of content) {
    if (fresh && byte === 0x80) throw new DerError('an OBJECT IDENTIFIER that is not in its shortest form')
    arc = (arc << 7n) | BigInt(byte & 0x7f)
    fresh = byte < 0x80
    if (!fresh) continue
    if (arcs.length === 0) {
      const root = arc < 40n ? 0n : arc < 80n ? 1n : 2n
      arcs.push(root, arc - 40n * root)
    } else arcs.push(arc)
    arc = 0n
  }
  return arcs.join('.')
}

function binaryText(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i] ?? 0)
  return text
}

/** Content of a BIT STRING of whole bytes. */
export function readBits(element: Element): Uint8Array {
  const { content } = element
  if (content[0] !== 0) throw new DerError('a BIT STRING that is not of whole bytes')
  return content.subarray(1)
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function readUtf8(element: Element): string {
  const { content } = element
  // Nearly all is ASCII, and short.
  if (content.length <= 64 && content.every((byte) => byte < 0x80)) return binaryText(content)
  try {
    return UTF8.decode(content)
  } catch {
    throw new DerError('text that is not UTF-8')
  }
}

/** Printable ASCII of at most 4096 characters. */
export function readAscii(element: Element): string {
  const { content } = element
  if (content.length > 4096) throw new DerError('text of more than 4096 characters')
  for (let i = 0; i < content.length; i++) {
    const byte = content[i] ?? 0
    if (byte > 0x7e || byte < 0x20) throw new DerError('text that is not printable ASCII')
  }
  return binaryText(content)
}

/** Milliseconds since the epoch. UTCTime up to 2049, GeneralizedTime from 2050, both with seconds and Z (RFC 5280 4.1.2.5). */
export function readTime(element: Element): number {
  if (element.tag !== TAG.utcTime && element.tag !== TAG.generalizedTime) throw new DerError('a time that is neither UTCTime nor GeneralizedTime')
  const { content } = element
  const digits = element.tag === TAG.utcTime ? 12 : 14
  if (content.length !== digits + 1 || content[digits] !== 0x5a) throw new DerError('a time in another form')
  const pair = (at: number): number => {
    const [tens, ones] = [(content[at] ?? 0) - 0x30, (content[at + 1] ?? 0) - 0x30]
    if (tens < 0 || tens > 9 || ones < 0 || ones > 9) throw new DerError('a time in another form')
    return tens * 10 + ones
  }
  const start = digits - 10
  const short = pair(0)
  const year = digits === 12 ? short + (short < 50 ? 2000 : 1900) : short * 100 + pair(2)
  if (digits === 14 && year < 2050) throw new DerError('a GeneralizedTime where UTCTime is wanted')
  const [month, day, hour, minute, second] = [pair(start), pair(start + 2), pair(start + 4), pair(start + 6), pair(start + 8)]
  const time = Date.UTC(year, month - 1, day, hour, minute, second)
  // Date.UTC rolls 31 February over; a date that comes back changed does not exist.
  const back = new Date(time)
  if (back.getUTCMonth() !== month - 1 || back.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59) throw new DerError('a time that does not exist')
  return time
}
