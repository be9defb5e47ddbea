import type { Channel, Frame } from '../../ports/network.ts'
import { HansaError } from '../../schema/errors.ts'
import { FRAME_HEAD } from '../../wire/frames.ts'

/** Unread bytes above which the writer waits. */
const WAIT_ABOVE = 256 * 1024

/** Two ends of a stream inside one process: what a node writes to itself. Back-pressure as on any stream. */
export function channelPair(peer: string): [Channel, Channel] {
  const a = new LoopbackChannel(peer)
  const b = new LoopbackChannel(peer)
  a.join(b)
  b.join(a)
  return [a, b]
}

interface Waiter<T> {
  resolve(value: T): void
  reject(error: Error): void
}

class LoopbackChannel implements Channel {
  readonly peer: string
  readonly #frames: Frame[] = []
  readonly #onClose: ((error?: Error) => void)[] = []
  #other: LoopbackChannel | undefined
  #unread = 0
  #reader: Waiter<Frame | undefined> | undefined
  /** The other end waits for us to read. */
  #writers: Waiter<void>[] = []
  #writeEnded = false
  #readEnded = false
  #closed: { readonly error: Error | undefined } | undefined

  constructor(peer: string) {
    this.peer = peer
  }

  join(other: LoopbackChannel): void {
    this.#other = other
  }

  read(): Promise<Frame | undefined> {
    const frame = this.poll()
    if (frame !== undefined) return Promise.resolve(frame)
    if (this.#closed?.error !== undefined) return Promise.reject(lost(this.#closed.error))
    if (this.#readEnded) return Promise.resolve(undefined)
    if (this.#closed !== undefined) return Promise.reject(lost(undefined))
    return new Promise((resolve, reject) => (this.#reader = { resolve, reject }))
  }

  poll(): Frame | undefined {
    const frame = this.#frames.shift()
    if (frame === undefined) return undefined
    this.#unread -= frame.payload.length + FRAME_HEAD
    if (this.#unread <= WAIT_ABOVE) for (const writer of this.#writers.splice(0)) writer.resolve()
    return frame
  }

  write(frame: Frame): Promise<void> {
    if (this.#closed !== undefined || this.#writeEnded || this.#other === undefined) return Promise.reject(lost(this.#closed?.error))
    return this.#other.#take(frame)
  }

  async close(): Promise<void> {
    if (this.#closed !== undefined || this.#writeEnded) return
    this.#writeEnded = true
    if (this.#other !== undefined) this.#other.#endReading()
    this.#settle()
  }

  abort(reason?: Error): void {
    const error = reason ?? new HansaError('CANCELED', 'aborted')
    const other = this.#other
    this.#finish(error)
    if (other !== undefined) other.#finish(error)
  }

  onClose(fn: (error?: Error) => void): void {
    if (this.#closed === undefined) this.#onClose.push(fn)
    else fn(this.#closed.error)
  }

  #take(frame: Frame): Promise<void> {
    const reader = this.#reader
    if (reader !== undefined) {
      this.#reader = undefined
      reader.resolve(frame)
      return Promise.resolve()
    }
    this.#frames.push(frame)
    this.#unread += frame.payload.length + FRAME_HEAD
    if (this.#unread <= WAIT_ABOVE) return Promise.resolve()
    return new Promise((resolve, reject) => this.#writers.push({ resolve, reject }))
  }

  #endReading(): void {
    this.#readEnded = true
    const reader = this.#reader
    this.#reader = undefined
    reader?.resolve(undefined)
    this.#settle()
  }

  #settle(): void {
    if (this.#readEnded && this.#writeEnded) this.#finish(undefined)
  }

  #finish(error: Error | undefined): void {
    if (this.#closed !== undefined) return
    this.#closed = { error }
    const reader = this.#reader
    this.#reader = undefined
    if (error === undefined) reader?.resolve(undefined)
    else reader?.reject(lost(error))
    for (const writer of this.#writers.splice(0)) writer.reject(lost(error))
    for (const fn of this.#onClose.splice(0)) fn(error)
  }
}

function lost(cause: Error | undefined): HansaError {
  return new HansaError('CONNECTION_LOST', 'the stream is closed', {}, cause)
}
