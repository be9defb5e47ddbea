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
