import { hex } from '../../core/ids/hex.ts'

/** Universal and context tags that X.509 uses (X.690 8.1.2). */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  /** [n] of a primitive type. */
  context: (n: number) => 0x80 + n,
  /** [n] of a constructed type. */
  contextConstructed: (n: number) => 0xa0 + n
} as const

/** These bytes are not the DER that is wanted. The parsers of whole structures turn it into a HansaError. */
export class DerError extends Error {
  override readonly name = 'DerError'
}

export interface Element {
  readonly tag: number
  /** Head and content: what a signature covers, and what is compared. */
  readonly bytes: Uint8Array
  readonly content: Uint8Array
}

/**
 * Walks the elements of one level, strictly: one-byte tags, definite lengths in their shortest form. It never descends by itself, so input cannot
 * make it recurse; every view is into the input, nothing is copied.
 */
export class DerCursor {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at === this.#bytes.length
  }

  /** Tag of the next element, undefined at the end. */
  peek(): number | undefined {
    return this.#bytes[this.#at]
  }

  /** The next element; throws when there is none, or none with this tag. */
  next(tag?: number): Element {
    const start = this.#at
    const found = this.#bytes[start]
    if (found === undefined) throw new DerError('an element is missing')
    if ((found & 0x1f) === 0x1f) throw new DerError('a tag of several bytes')
    if (tag !== undefined && found !== tag) throw new DerError(`tag 0x${found.toString(16)} where 0x${tag.toString(16)} is wanted`)
    let length = this.#bytes[start + 1]
    let head = 2
    if (length === undefined) throw new DerError('a length is missing')
    if (length >= 0x80) {
      const size = length & 0x7f
      if (size === 0 || size > 4) throw new DerError('a length that is indefinite or too long')
      length = 0
      for (let i = 0; i < size; i++) length = length * 256 + (this.#bytes[start + 2 + i] ?? 0)
      if (length < 0x80 || length < 2 ** (8 * (size - 1))) throw new DerError('a length that is not in its shortest form')
      head += size
    }
    const end = start + head + length
    if (end > this.#bytes.length) throw new DerError('a length that goes beyond the end')
    this.#at = end
    return { tag: found, bytes: this.#bytes.subarray(start, end), content: this.#bytes.subarray(start + head, end) }
  }

  /** The next element when it has this tag. */
  optional(tag: number): Element | undefined {
    return this.peek() === tag ? this.next(tag) : undefined
  }

  /** A cursor inside the next element. */
  enter(tag: number): DerCursor {
    return new DerCursor(this.next(tag).content)
  }

  /** Throws when anything is left. */
  end(): void {
    if (!this.done) throw new DerError('bytes after the end')
  }
}

/** The elements of a sequence, at most `limit`. */
export function elements(content: Uint8Array, limit: number): Element[] {
  const cursor = new DerCursor(content)
  const list: Element[] = []
  while (!cursor.done) {
    if (list.length === limit) throw new DerError(`more than ${limit} elements`)
    list.push(cursor.next())
  }
  return list
}

export function readBoolean(element: Element): boolean {
  if (element.content.length !== 1 || (element.content[0] !== 0 && element.content[0] !== 0xff)) throw new DerError('a BOOLEAN that is not DER')
  return element.content[0] === 0xff
}

/** Content of a non-negative INTEGER in its shortest form, without the sign byte, at most `limit` bytes. */
export function readUnsigned(element: Element, limit: number): Uint8Array {
  const [first, second] = element.content
  if (first === undefined || first >= 0x80) throw new DerError('an INTEGER that is empty or negative')
  if (first === 0 && second !== undefined && second < 0x80) throw new DerError('an INTEGER that is not in its shortest form')
  const digits = first === 0 && second !== undefined ? element.content.subarray(1) : element.content
  if (element.content.length > limit) throw new DerError(`an INTEGER of more than ${limit} bytes`)
  return digits
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

/** Dotted form of an OBJECT IDENTIFIER of at most 40 bytes. */
export function readOid(element: Element): string {
  const { content } = element
  if (content.length === 0 || content.length > 40 || (content.at(-1) ?? 0) >= 0x80) throw new DerError('an OBJECT IDENTIFIER that is empty, cut or too long')
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

/** Content of a BIT STRING of whole bytes. */
export function readBits(element: Element): Uint8Array {
  if (element.content[0] !== 0) throw new DerError('a BIT STRING that is not of whole bytes')
  return element.content.subarray(1)
}

export function readUtf8(element: Element): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(element.content)
  } catch {
    throw new DerError('text that is not UTF-8')
  }
}

export function readAscii(element: Element): string {
  if (element.content.some((byte) => byte > 0x7e || byte < 0x20)) throw new DerError('text that is not printable ASCII')
  return String.fromCharCode(...element.content.subarray(0, 4096))
}

/** Milliseconds since the epoch. UTCTime up to 2049, GeneralizedTime from 2050, both with seconds and Z (RFC 5280 4.1.2.5). */
export function readTime(element: Element): number {
  if (element.tag !== TAG.utcTime && element.tag !== TAG.generalizedTime) throw new DerError('a time that is neither UTCTime nor GeneralizedTime')
  const text = readAscii(element)
  const match = (element.tag === TAG.utcTime ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/).exec(text)
  if (match === null) throw new DerError('a time in another form')
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number)
  const full = element.tag === TAG.utcTime ? year + (year < 50 ? 2000 : 1900) : year
  if (element.tag === TAG.generalizedTime && full < 2050) throw new DerError('a GeneralizedTime where UTCTime is wanted')
  const time = Date.UTC(full, month - 1, day, hour, minute, second)
  // Date.UTC rolls 31 February over; a date that comes back changed does not exist.
  const back = new Date(time)
  if (back.getUTCMonth() !== month - 1 || back.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59) throw new DerError('a time that does not exist')
  return time
}
