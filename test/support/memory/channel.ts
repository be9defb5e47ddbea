import type { Channel, Frame } from '../../../src/ports/network.ts'
import { HansaError } from '../../../src/schema/errors.ts'
import { encodeFrame, FRAME_HEAD, FrameDecoder } from '../../../src/wire/frames.ts'

/** Unread bytes above which the writer waits. */
const WAIT_ABOVE = 256 * 1024

interface Waiter<T> {
  resolve(value: T): void
  reject(error: Error): void
}

/** What carries things from one end to the other: in order, after the delay of the line. */
export type Line = (deliver: () => void) => void

/** Cuts bytes where a network might. */
export type Cut = (bytes: Uint8Array) => Uint8Array[]

/** One end of a stream of the memory network. Every frame is encoded, cut into pieces and decoded again. */
export class MemoryChannel implements Channel {
  readonly peer: string
  readonly #line: Line
  readonly #cut: Cut
  readonly #decoder = new FrameDecoder()
  readonly #frames: Frame[] = []
  readonly #onClose: ((error?: Error) => void)[] = []
  #other: MemoryChannel | undefined
  /** Bytes written by this end that the other has not read. */
  #unacknowledged = 0
  #reader: Waiter<Frame | undefined> | undefined
  #writers: Waiter<void>[] = []
  #writeEnded = false
  #readEnd: { readonly error: HansaError | undefined } | undefined
  #closed: { readonly error: Error | undefined } | undefined

  constructor(peer: string, line: Line, cut: Cut) {
    this.peer = peer
    this.#line = line
    this.#cut = cut
  }

  join(other: MemoryChannel): void {
    this.#other = other
  }

  get open(): boolean {
    return this.#closed === undefined
  }

  read(): Promise<Frame | undefined> {
    const frame = this.poll()
    if (frame !== undefined) return Promise.resolve(frame)
    if (this.#readEnd !== undefined) return this.#readEnd.error === undefined ? Promise.resolve(undefined) : Promise.reject(this.#readEnd.error)
    if (this.#reader !== undefined) return Promise.reject(new HansaError('INTERNAL', 'two reads of one channel at a time'))
    return new Promise((resolve, reject) => (this.#reader = { resolve, reject }))
  }

  poll(): Frame | undefined {
    const frame = this.#frames.shift()
    if (frame !== undefined && this.#other !== undefined) this.#other.#acknowledge(frame.payload.length + FRAME_HEAD)
    return frame
  }

  write(frame: Frame): Promise<void> {
    if (this.#closed !== undefined || this.#writeEnded) return Promise.reject(lost(this.#closed?.error))
    let bytes: Uint8Array
    try {
      bytes = encodeFrame(frame)
    } catch (error) {
      return Promise.reject(error)
    }
    return this.writeRaw(bytes)
  }

  /** Bytes as they are: what a hostile peer would send. */
  writeRaw(bytes: Uint8Array): Promise<void> {
    this.#unacknowledged += bytes.length
    const other = this.#other
    for (const piece of this.#cut(bytes)) this.#line(() => other?.receive(piece))
    if (this.#unacknowledged <= WAIT_ABOVE) return Promise.resolve()
    return new Promise((resolve, reject) => this.#writers.push({ resolve, reject }))
  }

  async close(): Promise<void> {
    if (this.#closed !== undefined || this.#writeEnded) return
    this.#writeEnded = true
    const other = this.#other
    this.#line(() => other?.receiveEnd())
    this.#settle()
  }

  abort(reason?: Error): void {
    if (this.#closed !== undefined) return
    const other = this.#other
    this.#line(() => other?.lose())
    this.lose(reason)
  }

  onClose(fn: (error?: Error) => void): void {
    if (this.#closed === undefined) this.#onClose.push(fn)
    else fn(this.#closed.error)
  }

  receive(bytes: Uint8Array): void {
    if (this.#readEnd !== undefined) return
    try {
      this.#decoder.push(bytes, (frame) => this.#take({ type: frame.type, payload: Uint8Array.from(frame.payload) }))
    } catch (error) {
      this.#endReading(error instanceof HansaError ? error : new HansaError('MALFORMED', 'bytes that are no frame', {}, error))
    }
  }

  receiveEnd(): void {
    this.#endReading(this.#decoder.buffered > 0 ? lost(undefined) : undefined)
    this.#settle()
  }

  /** The stream is gone, with what was on its way. */
  lose(reason?: Error): void {
    if (this.#closed !== undefined) return
    const error = reason ?? lost(undefined)
    this.#endReading(lost(error))
    this.#finish(error)
  }

  #take(frame: Frame): void {
    const reader = this.#reader
    if (reader === undefined) {
      this.#frames.push(frame)
      return
    }
    this.#reader = undefined
    if (this.#other !== undefined) this.#other.#acknowledge(frame.payload.length + FRAME_HEAD)
    reader.resolve(frame)
  }

  #acknowledge(length: number): void {
    this.#unacknowledged -= length
    if (this.#unacknowledged <= WAIT_ABOVE) for (const writer of this.#writers.splice(0)) writer.resolve()
  }

  #endReading(error: HansaError | undefined): void {
    if (this.#readEnd !== undefined) return
    this.#readEnd = { error }
    const reader = this.#reader
    this.#reader = undefined
    if (error === undefined) reader?.resolve(undefined)
    else reader?.reject(error)
  }

  #settle(): void {
    if (this.#writeEnded && this.#readEnd !== undefined && this.#readEnd.error === undefined) this.#finish(undefined)
  }

  #finish(error: Error | undefined): void {
    if (this.#closed !== undefined) return
    this.#closed = { error }
    for (const writer of this.#writers.splice(0)) writer.reject(lost(error))
    for (const fn of this.#onClose.splice(0)) fn(error)
  }
}

function lost(cause: Error | undefined): HansaError {
  return cause instanceof HansaError && cause.code === 'CONNECTION_LOST' ? cause : new HansaError('CONNECTION_LOST', 'the stream was cut', {}, cause)
}
