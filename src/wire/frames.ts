import { HansaError } from '../schema/errors.ts'

/** First frame of each side on a stream: Hello. */
export const HELLO = 1
/** Client: CallOpen, begins a call. */
export const OPEN = 2
/** A fragment of a message, not the last one. */
export const DATA = 3
/** The last fragment of a message. */
export const DATA_LAST = 4
/** Client: no more messages in this call. Empty. */
export const END = 5
/** Server: CallTrailer, ends the call. In place of a HELLO: why there is none. */
export const TRAILER = 6

/** u8 type, u24 length (big endian). */
export const FRAME_HEAD = 4

/** Largest frame with its head: what yamux passes on in one piece, so that a relay forwards without waiting. A network constant. */
export const MAX_FRAME = 64 * 1024

/** Largest payload of a frame, so the largest fragment of a message. */
export const MAX_FRAGMENT = MAX_FRAME - FRAME_HEAD

/** Chunks that are always kept as they came; more are when their mean length is this much. */
const MAX_PIECES = 256
const SMALL_PIECE = 1024

const EMPTY = new Uint8Array()

interface Frame {
  readonly type: number
  readonly payload: Uint8Array
}

/** Head and payload in one piece. Throws FRAME_TOO_LARGE above MAX_FRAGMENT. */
export function encodeFrame(frame: Frame): Uint8Array {
  const { type, payload } = frame
  checkLength(payload.length)
  const bytes = new Uint8Array(FRAME_HEAD + payload.length)
  writeHead(bytes, type, payload.length)
  bytes.set(payload, FRAME_HEAD)
  return bytes
}

/** The head alone, for a writer that does not want to copy the payload. Throws FRAME_TOO_LARGE. */
export function encodeHead(frame: Frame): Uint8Array {
  checkLength(frame.payload.length)
  const bytes = new Uint8Array(FRAME_HEAD)
  writeHead(bytes, frame.type, frame.payload.length)
  return bytes
}

function writeHead(bytes: Uint8Array, type: number, length: number): void {
  bytes[0] = type
  bytes[1] = length >>> 16
  bytes[2] = (length >>> 8) & 0xff
  bytes[3] = length & 0xff
}

function checkLength(length: number): void {
  if (length > MAX_FRAGMENT) throw new HansaError('FRAME_TOO_LARGE', `a frame of ${length + FRAME_HEAD} bytes; the bound is ${MAX_FRAME}`, { bound: MAX_FRAME })
}

/**
 * Frames out of chunks as they come. `add` only keeps the bytes and `next` decodes one frame, so that a reader that is slow holds bytes, which are bounded by
 * back-pressure, and not a hundred objects for each of them. After it has thrown it gives nothing more: where the next frame begins cannot be known.
 */
export class FrameDecoder {
  #chunks: Uint8Array[] = []
  /** First chunk that is not used up, and how much of it is. */
  #first = 0
  #offset = 0
  #buffered = 0
  #failed: HansaError | undefined

  /** Bytes added and not yet given out. */
  get buffered(): number {
    return this.#buffered
  }

  /** Chunks that these bytes are kept in. */
  get pieces(): number {
    return this.#chunks.length - this.#first
  }

  add(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    if (this.pieces >= MAX_PIECES && this.#buffered < this.pieces * SMALL_PIECE) this.#gather()
    this.#chunks.push(chunk)
    this.#buffered += chunk.length
  }

  /** Next whole frame, if it is there; its payload may be a view of a chunk. Throws FRAME_TOO_LARGE (metadata: bound) and MALFORMED (unknown type). */
  next(): Frame | undefined {
    if (this.#failed !== undefined) throw this.#failed
    if (this.#buffered === 0) return undefined
    const type = this.#at(0)
    if (type < HELLO || type > TRAILER) throw this.#fail(new HansaError('MALFORMED', `a frame of unknown type ${type}`))
    if (this.#buffered < FRAME_HEAD) return undefined
    const length = (this.#at(1) << 16) | (this.#at(2) << 8) | this.#at(3)
    if (length > MAX_FRAGMENT)
      throw this.#fail(new HansaError('FRAME_TOO_LARGE', `a frame of ${length + FRAME_HEAD} bytes; the bound is ${MAX_FRAME}`, { bound: MAX_FRAME }))
    if (this.#buffered < FRAME_HEAD + length) return undefined
    this.#take(FRAME_HEAD)
    return { type, payload: this.#take(length) }
  }

  /** Adds a chunk and hands out each frame that is whole now. Throws as `next`, after handing over the frames before. */
  push(chunk: Uint8Array, take: (frame: Frame) => void): void {
    this.add(chunk)
    for (let frame = this.next(); frame !== undefined; frame = this.next()) take(frame)
  }

  /** Makes one chunk of many: a sender of single bytes would else have us keep a hundred for each. */
  #gather(): void {
    const bytes = new Uint8Array(this.#buffered)
    let at = 0
    for (let i = this.#first; i < this.#chunks.length; i++) {
      const piece = i === this.#first ? this.#chunks[i]?.subarray(this.#offset) : this.#chunks[i]
      bytes.set(piece ?? EMPTY, at)
      at += piece?.length ?? 0
    }
    this.#chunks = [bytes]
    this.#first = 0
    this.#offset = 0
  }

  /** The byte at `index`, which is there. */
  #at(index: number): number {
    let at = this.#offset + index
    for (let i = this.#first; ; i++) {
      const chunk = this.#chunks[i]
      if (chunk === undefined) throw new RangeError('beyond the buffered bytes')
      if (at < chunk.length) return chunk[at] ?? 0
      at -= chunk.length
    }
  }

  /** The next `length` bytes, which are there: a view when they lie in one chunk. */
  #take(length: number): Uint8Array {
    this.#buffered -= length
    const chunk = this.#chunks[this.#first] ?? EMPTY
    if (chunk.length - this.#offset >= length) return this.#cut(chunk, length)
    const bytes = new Uint8Array(length)
    for (let filled = 0; filled < length;) {
      const part = this.#chunks[this.#first] ?? EMPTY
      const piece = this.#cut(part, Math.min(length - filled, part.length - this.#offset))
      bytes.set(piece, filled)
      filled += piece.length
    }
    return bytes
  }

  #cut(chunk: Uint8Array, length: number): Uint8Array {
    const piece = chunk.subarray(this.#offset, this.#offset + length)
    this.#offset += length
    if (this.#offset < chunk.length) return piece
    this.#offset = 0
    this.#first++
    // Used chunks go when they are most of the list: shifting each off alone would cost the square of their number.
    if (this.#first > 32 && this.#first * 2 > this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#first)
      this.#first = 0
    } else if (this.#first === this.#chunks.length) {
      this.#chunks = []
      this.#first = 0
    } else {
      this.#chunks[this.#first - 1] = EMPTY
    }
    return piece
  }

  #fail(error: HansaError): HansaError {
    this.#failed = error
    this.#chunks = []
    this.#buffered = 0
    return error
  }
}
