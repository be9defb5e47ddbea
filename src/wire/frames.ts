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
 * Frames out of chunks as they come. Holds at most one unfinished frame, so at most 64 KiB. After it has thrown it takes nothing more: where the next frame
 * begins cannot be known.
 */
export class FrameDecoder {
  readonly #head = new Uint8Array(FRAME_HEAD)
  #headLength = 0
  #payload: Uint8Array | undefined
  #payloadLength = 0
  #failed: HansaError | undefined

  /** True in the middle of a frame: an end here cuts it off. */
  get partial(): boolean {
    return this.#headLength > 0
  }

  /**
   * Hands each frame that `chunk` completes to `take`; payloads may be views of `chunk`. Throws FRAME_TOO_LARGE (metadata: bound) and MALFORMED (unknown
   * type) after handing over the frames before.
   */
  push(chunk: Uint8Array, take: (frame: Frame) => void): void {
    if (this.#failed !== undefined) throw this.#failed
    let offset = 0
    while (offset < chunk.length || this.#headLength === FRAME_HEAD) {
      if (this.#headLength < FRAME_HEAD) {
        offset = this.#readHead(chunk, offset)
        if (this.#headLength < FRAME_HEAD) return
      }
      const length = this.#checkedLength()
      const missing = length - this.#payloadLength
      const available = chunk.length - offset
      if (this.#payload === undefined && available >= length) {
        this.#finish(chunk.subarray(offset, offset + length), take)
        offset += length
        continue
      }
      this.#payload ??= new Uint8Array(length)
      const part = chunk.subarray(offset, offset + missing)
      this.#payload.set(part, this.#payloadLength)
      this.#payloadLength += part.length
      offset += part.length
      if (this.#payloadLength < length) return
      this.#finish(this.#payload, take)
    }
  }

  #readHead(chunk: Uint8Array, offset: number): number {
    const part = chunk.subarray(offset, offset + FRAME_HEAD - this.#headLength)
    this.#head.set(part, this.#headLength)
    this.#headLength += part.length
    return offset + part.length
  }

  #checkedLength(): number {
    const [type = 0, high = 0, middle = 0, low = 0] = this.#head
    const length = (high << 16) | (middle << 8) | low
    if (type < HELLO || type > TRAILER) this.#failed = new HansaError('MALFORMED', `a frame of unknown type ${type}`)
    else if (length > MAX_FRAGMENT)
      this.#failed = new HansaError('FRAME_TOO_LARGE', `a frame of ${length + FRAME_HEAD} bytes; the bound is ${MAX_FRAME}`, { bound: MAX_FRAME })
    if (this.#failed !== undefined) throw this.#failed
    return length
  }

  #finish(payload: Uint8Array, take: (frame: Frame) => void): void {
    const [type = 0] = this.#head
    this.#headLength = 0
    this.#payload = undefined
    this.#payloadLength = 0
    take({ type, payload })
  }
}
