import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import type { Channel, Frame } from '../../ports/network.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { encodeHead, FrameDecoder } from '../../wire/frames.ts'

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

  async read(): Promise<Frame | undefined> {
    const frame = this.poll()
    if (frame !== undefined) return frame
    if (this.#readEnd !== undefined) return this.#atEnd(this.#readEnd.error)
    if (this.#reader !== undefined) throw new HansaError('INTERNAL', 'two reads of one channel at a time')
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject }
    })
  }

  poll(): Frame | undefined {
    const frame = this.#decoder.next()
    if (this.#decoder.buffered <= RESUME_AT && this.#stream.readStatus === 'paused') this.#stream.resume()
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
    if (event.data instanceof Uint8Array) this.#decoder.add(event.data)
    else for (const part of event.data) this.#decoder.add(part)
    this.#serveReader()
    if (this.#decoder.buffered <= PAUSE_ABOVE || this.#pausing) return
    this.#pausing = true
    queueMicrotask(() =>
      this.#guard(() => {
        this.#pausing = false
        if (this.#decoder.buffered > PAUSE_ABOVE && this.#stream.readStatus === 'readable') this.#stream.pause()
      })
    )
  }

  #serveReader(): void {
    const reader = this.#reader
    if (reader === undefined) return
    try {
      const frame = this.#decoder.next()
      if (frame === undefined) return
      this.#reader = undefined
      reader.resolve(frame)
    } catch (error) {
      this.#reader = undefined
      reader.reject(toHansaError(error))
    }
  }

  /** After the last whole frame: an orderly end inside a frame is none. */
  #atEnd(error: HansaError | undefined): undefined {
    if (error !== undefined) throw error
    if (this.#decoder.buffered > 0) throw new HansaError('CONNECTION_LOST', 'the stream ended inside a frame')
    return undefined
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
    this.#endReading(undefined)
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
    if (reader === undefined) return
    try {
      reader.resolve(this.#atEnd(error))
    } catch (cause) {
      reader.reject(toHansaError(cause))
    }
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
