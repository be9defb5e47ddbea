import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import type { Channel, Frame } from '../../ports/network.ts'
import { HansaError } from '../../schema/errors.ts'
import { encodeHead, FRAME_HEAD, FrameDecoder } from '../../wire/frames.ts'

/** Unread bytes above which the stream is paused, and at which it goes on. Memory of a slow reader: this much plus one yamux window. */
const PAUSE_ABOVE = 256 * 1024
const RESUME_AT = 64 * 1024
/** Unsent bytes above which `write` waits. */
const WAIT_ABOVE = 256 * 1024
/** Unsent bytes at which a writer that does not wait is cut off. */
const ABORT_ABOVE = 4 * 1024 * 1024
/** How long `close` waits for the other side to take what is unsent. */
const CLOSE_MS = 5_000

interface Waiter<T> {
  resolve(value: T): void
  reject(error: Error): void
}

/**
 * All handling of libp2p streams is in this file, because each of these is a trap (measured on libp2p 3.3, utils 7.4):
 * `onDrain()` works once (so: the `drain` event); async iteration has no back-pressure and can hang after an early FIN (so: events); `pause()` inside a
 * `message` listener is undone by `resume()` (so: pause in a microtask); the death of a connection looks like an orderly end (so: only
 * `remoteCloseWrite` proves one, and an end inside a frame is a loss); a listener that throws ends the process (so: `guard`).
 */
export class StreamChannel implements Channel {
  readonly peer: string
  readonly #stream: Stream
  readonly #decoder = new FrameDecoder()
  readonly #frames: Frame[] = []
  #unread = 0
  #pausing = false
  #reader: Waiter<Frame | undefined> | undefined
  /** Why reading is over; undefined inside means in order. */
  #readEnd: { readonly error: HansaError | undefined } | undefined
  #fin: boolean
  readonly #out = new Uint8ArrayList()
  #flushing = false
  #blocked = false
  #writers: Waiter<void>[] = []
  #closing: Promise<void> | undefined
  #closed: { readonly error: Error | undefined } | undefined
  readonly #onClose: ((error?: Error) => void)[] = []

  constructor(stream: Stream, peer: string) {
    this.#stream = stream
    this.peer = peer
    this.#fin = stream.remoteWriteStatus === 'closed' && stream.status === 'open'
    stream.addEventListener('message', (event: StreamMessageEvent) => this.#guard(() => this.#onMessage(event)))
    stream.addEventListener('drain', () => this.#guard(() => this.#onDrain()))
    stream.addEventListener('remoteCloseWrite', () => (this.#fin = true))
    stream.addEventListener('end', () => this.#guard(() => this.#onEnd()))
    stream.addEventListener('close', (event: StreamCloseEvent) => this.#guard(() => this.#onStreamClose(event.error)))
    // What happened before the listeners were there is not told again.
    if (stream.status === 'aborted' || stream.status === 'reset') this.#lose(undefined)
    else if (stream.readableEnded && stream.readBufferLength === 0) this.#onEnd()
    else if (stream.status === 'closed' && !this.#fin) this.#lose(undefined)
  }

  read(): Promise<Frame | undefined> {
    const frame = this.poll()
    if (frame !== undefined) return Promise.resolve(frame)
    if (this.#readEnd !== undefined) return this.#readEnd.error === undefined ? Promise.resolve(undefined) : Promise.reject(this.#readEnd.error)
    if (this.#reader !== undefined) return Promise.reject(new HansaError('INTERNAL', 'two reads of one channel at a time'))
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject }
    })
  }

  poll(): Frame | undefined {
    const frame = this.#frames.shift()
    if (frame === undefined) return undefined
    this.#unread -= frame.payload.length + FRAME_HEAD
    if (this.#unread <= RESUME_AT && this.#stream.readStatus === 'paused') this.#stream.resume()
    return frame
  }

  write(frame: Frame): Promise<void> {
    if (this.#closed !== undefined || this.#closing !== undefined || this.#stream.writeStatus !== 'writable') return Promise.reject(this.#lost())
    try {
      this.#out.append(encodeHead(frame))
    } catch (error) {
      return Promise.reject(error)
    }
    if (frame.payload.length > 0) this.#out.append(frame.payload)
    if (this.#out.byteLength > ABORT_ABOVE) {
      this.abort(new HansaError('INTERNAL', 'a writer does not wait for the other side'))
      return Promise.reject(this.#lost())
    }
    this.#scheduleFlush()
    if (!this.#blocked && this.#out.byteLength < WAIT_ABOVE) return Promise.resolve()
    if (!this.#blocked) {
      // Enough for one turn: hand it over now, so that the writer learns whether the other side keeps up.
      this.#flush()
      if (!this.#blocked) return Promise.resolve()
    }
    return new Promise((resolve, reject) => this.#writers.push({ resolve, reject }))
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  abort(reason?: Error): void {
    if (this.#closed !== undefined) return
    this.#stream.abort(reason ?? new HansaError('CANCELED', 'aborted'))
    // Normally the stream's own close event has done this already.
    this.#lose(reason)
  }

  onClose(fn: (error?: Error) => void): void {
    if (this.#closed === undefined) this.#onClose.push(fn)
    else fn(this.#closed.error)
  }

  async #close(): Promise<void> {
    try {
      const signal = AbortSignal.timeout(CLOSE_MS)
      while (this.#out.byteLength > 0 && this.#closed === undefined) {
        this.#flush()
        if (this.#blocked) await this.#unblocked(signal)
      }
      if (this.#stream.writeStatus === 'writable') await this.#stream.close({ signal })
    } catch (error) {
      this.abort(error instanceof Error ? error : undefined)
    }
  }

  #unblocked(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(this.#lost()), { once: true })
      this.#writers.push({ resolve, reject })
    })
  }

  #onMessage(event: StreamMessageEvent): void {
    if (this.#readEnd !== undefined) return
    try {
      const take = (frame: Frame) => this.#take(frame)
      if (event.data instanceof Uint8Array) this.#decoder.push(event.data, take)
      else for (const part of event.data) this.#decoder.push(part, take)
    } catch (error) {
      this.#endReading(error instanceof HansaError ? error : new HansaError('MALFORMED', 'bytes that are no frame', {}, error))
      return
    }
    if (this.#unread <= PAUSE_ABOVE || this.#pausing) return
    this.#pausing = true
    queueMicrotask(() =>
      this.#guard(() => {
        this.#pausing = false
        if (this.#unread > PAUSE_ABOVE && this.#stream.readStatus === 'readable') this.#stream.pause()
      })
    )
  }

  #take(frame: Frame): void {
    const reader = this.#reader
    if (reader !== undefined) {
      this.#reader = undefined
      reader.resolve(frame)
      return
    }
    this.#frames.push(frame)
    this.#unread += frame.payload.length + FRAME_HEAD
  }

  #scheduleFlush(): void {
    if (this.#flushing || this.#blocked) return
    this.#flushing = true
    // After all microtasks of this turn: what a caller writes with `await` between, and an answer given at once, still go out together.
    queueMicrotask(() =>
      process.nextTick(() => {
        this.#flushing = false
        this.#guard(() => this.#flush())
      })
    )
  }

  #flush(): void {
    if (this.#blocked || this.#out.byteLength === 0 || this.#closed !== undefined) return
    const bytes = this.#out.sublist()
    this.#out.consume(bytes.byteLength)
    if (!this.#stream.send(bytes)) this.#blocked = this.#stream.writableNeedsDrain
  }

  #onDrain(): void {
    // The stream goes on with its own buffer in a microtask that it queued before this one: look after that whether there is room.
    queueMicrotask(() =>
      this.#guard(() => {
        if (this.#stream.writableNeedsDrain) return
        this.#blocked = false
        this.#flush()
        if (this.#blocked) return
        for (const writer of this.#writers.splice(0)) writer.resolve()
      })
    )
  }

  #onEnd(): void {
    if (!this.#fin) return // A lost connection: the close event says so.
    this.#endReading(this.#decoder.partial ? new HansaError('CONNECTION_LOST', 'the stream ended inside a frame') : undefined)
    if (this.#stream.status !== 'open' && this.#stream.status !== 'closing') this.#finish(this.#readEnd?.error)
  }

  #onStreamClose(error: Error | undefined): void {
    if (error !== undefined || !this.#fin) this.#lose(error)
    else if (this.#stream.readableEnded) this.#finish(this.#readEnd?.error)
  }

  /** The stream is gone before its orderly end. What had arrived can still be read. */
  #lose(reason: Error | undefined): void {
    const error = reason instanceof HansaError ? reason : new HansaError('CONNECTION_LOST', 'the stream was cut', {}, reason)
    this.#endReading(error.code === 'CONNECTION_LOST' ? error : new HansaError('CONNECTION_LOST', error.message, {}, error))
    this.#finish(error)
  }

  #endReading(error: HansaError | undefined): void {
    if (this.#readEnd !== undefined) return
    this.#readEnd = { error }
    const reader = this.#reader
    this.#reader = undefined
    if (error === undefined) reader?.resolve(undefined)
    else reader?.reject(error)
  }

  #finish(error: Error | undefined): void {
    if (this.#closed !== undefined) return
    this.#closed = { error }
    this.#out.consume(this.#out.byteLength)
    for (const writer of this.#writers.splice(0)) writer.reject(this.#lost())
    for (const fn of this.#onClose.splice(0)) fn(error)
  }

  #lost(): HansaError {
    const cause = this.#closed?.error
    return cause instanceof HansaError && cause.code === 'CONNECTION_LOST' ? cause : new HansaError('CONNECTION_LOST', 'the stream is closed', {}, cause)
  }

  #guard(fn: () => void): void {
    try {
      fn()
    } catch (error) {
      this.abort(error instanceof Error ? error : undefined)
    }
  }
}
