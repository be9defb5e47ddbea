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

/** One element; its views are made when they are asked for, since most are not. */
export class Element {
  readonly tag: number
  readonly #source: Uint8Array
  readonly #start: number
  readonly #from: number
  readonly #end: number

  /** `start`: of the head; `from`: of the content; `end`: of both. */
  constructor(tag: number, source: Uint8Array, start: number, from: number, end: number) {
    this.tag = tag
    this.#source = source
    this.#start = start
    this.#from = from
    this.#end = end
  }

  /** Head and content: what a signature covers, and what is compared. */
  get bytes(): Uint8Array {
    return this.#source.subarray(this.#start, this.#end)
  }

  get content(): Uint8Array {
    return this.#source.subarray(this.#from, this.#end)
  }

  get length(): number {
    return this.#end - this.#from
  }

  /** A cursor over the content. */
  inside(): DerCursor {
    return new DerCursor(this.#source, this.#from, this.#end)
  }
}

/**
 * Walks the elements of one level, strictly: one-byte tags, definite lengths in their shortest form. It never descends by itself, so input cannot
 * make it recurse; every view is into the input, nothing is copied.
 */
export class DerCursor {
  readonly #bytes: Uint8Array
  readonly #end: number
  #at: number

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
  }

  get done(): boolean {
    return this.#at === this.#end
  }

  /** Tag of the next element, undefined at the end. */
  peek(): number | undefined {
    return this.#at < this.#end ? this.#bytes[this.#at] : undefined
  }

  /** The next element; throws when there is none, or none with this tag. */
  next(tag?: number): Element {
    const start = this.#at
    const end = this.#end
    const found = this.#bytes[start]
    if (found === undefined || start >= end) throw new DerError('an element is missing')
    if ((found & 0x1f) === 0x1f) throw new DerError('a tag of several bytes')
    if (tag !== undefined && found !== tag) throw new DerError(`tag 0x${found.toString(16)} where 0x${tag.toString(16)} is wanted`)
    let length = this.#bytes[start + 1]
    let from = start + 2
    if (length === undefined || from > end) throw new DerError('a length is missing')
    if (length >= 0x80) {
      const size = length & 0x7f
      if (size === 0 || size > 4) throw new DerError('a length that is indefinite or too long')
      length = 0
      for (let i = 0; i < size; i++) length = length * 256 + (this.#bytes[from + i] ?? 0)
      if (length < 0x80 || length < 2 ** (8 * (size - 1))) throw new DerError('a length that is not in its shortest form')
      from += size
    }
    if (from + length > end) throw new DerError('a length that goes beyond the end')
    this.#at = from + length
    return new Element(found, this.#bytes, start, from, from + length)
  }

  /** The next element when it has this tag. */
  optional(tag: number): Element | undefined {
    return this.peek() === tag ? this.next(tag) : undefined
  }

  /** A cursor inside the next element. */
  enter(tag: number): DerCursor {
    return this.next(tag).inside()
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
