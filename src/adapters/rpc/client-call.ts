import { create, toBinary } from '@bufbuild/protobuf'
import type { PeerIdentity } from '../../ports/identity.ts'
import type { Frame } from '../../ports/network.ts'
import type { CallOptions, ClientStream, Fragment } from '../../ports/rpc.ts'
import { errorOf, HansaError, toHansaError } from '../../schema/errors.ts'
import { CallOpenSchema, type CallTrailer } from '../../schema/generated/hansa/v1/call_pb.ts'
import { DATA, DATA_LAST, END, MAX_FRAGMENT, OPEN, TRAILER } from '../../wire/frames.ts'
import type { Method } from '../../wire/methods.ts'
import { checkMessageLength } from '../../wire/messages.ts'
import type { Deadline } from './deadline.ts'
import type { Pool } from './pool.ts'
import type { Session } from './session.ts'
import { readTrailer } from './trailer.ts'

const EMPTY = new Uint8Array()

/** One call on a session, from OPEN to TRAILER. In whatever way it ends, the session goes back to the pool or is reset. */
export class ClientCall implements ClientStream {
  readonly #session: Session
  readonly #pool: Pool
  readonly #method: Method
  readonly #deadline: Deadline
  readonly #onAbort = () => this.#fail(toHansaError(this.#deadline.signal.reason))
  #messageLength = 0
  #answered = false
  #refusedUnread = false
  #ended = false
  #over = false
  #failure: HansaError | undefined
  #trailer: Uint8Array | undefined

  constructor(session: Session, pool: Pool, method: Method, deadline: Deadline) {
    this.#session = session
    this.#pool = pool
    this.#method = method
    this.#deadline = deadline
    deadline.signal.addEventListener('abort', this.#onAbort)
    if (deadline.signal.aborted) this.#onAbort()
  }

  get remote(): PeerIdentity {
    return this.#session.remote.require()
  }

  /** True when the callee ended the stream in order before any answer: a server does that only between calls, so it did not take this one. */
  get refusedUnread(): boolean {
    return this.#refusedUnread
  }

  /** Throws INVALID_ARGUMENT for a header that does not fit a frame. */
  sendOpen(header: Uint8Array, traceparent: CallOptions['traceparent']): Promise<void> {
    const open = create(CallOpenSchema, { method: this.#method.id, deadlineMs: this.#deadline.leftMs, traceparent: traceparent ?? '', header })
    const payload = toBinary(CallOpenSchema, open)
    if (payload.length > MAX_FRAGMENT) {
      const error = new HansaError('INVALID_ARGUMENT', `a header of ${header.length} bytes for ${this.#method.id}`, { bound: MAX_FRAGMENT })
      this.#finish()
      this.#pool.put(this.#session)
      return Promise.reject(error)
    }
    return this.#write({ type: OPEN, payload })
  }

  write(fragment: Fragment): Promise<void> {
    return this.#write({ type: fragment.last ? DATA_LAST : DATA, payload: fragment.bytes })
  }

  async end(): Promise<void> {
    if (this.#ended || this.#over) return
    this.#ended = true
    await this.#write({ type: END, payload: EMPTY })
  }

  async read(): Promise<Fragment | undefined> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#trailer !== undefined) return undefined
    try {
      return this.#take(await this.#session.read())
    } catch (error) {
      throw this.#fail(toHansaError(error))
    }
  }

  trailer(): Uint8Array {
    if (this.#trailer === undefined) throw new HansaError('INTERNAL', 'the call has no trailer yet')
    return this.#trailer
  }

  abort(reason?: Error): void {
    this.#fail(reason instanceof HansaError ? reason : new HansaError('CANCELED', 'the call was canceled', {}, reason))
  }

  #take(frame: Frame | undefined): Fragment | undefined {
    if (this.#failure !== undefined) throw this.#failure
    if (frame === undefined) {
      this.#refusedUnread = !this.#answered
      throw new HansaError('CONNECTION_LOST', `${this.#session.remote.peer} ended the stream without an answer`)
    }
    this.#answered = true
    if (frame.type === DATA || frame.type === DATA_LAST) {
      this.#messageLength += frame.payload.length
      checkMessageLength(this.#messageLength, this.#method.maxBytes)
      if (frame.type === DATA_LAST) this.#messageLength = 0
      return { bytes: frame.payload, last: frame.type === DATA_LAST }
    }
    if (frame.type !== TRAILER) throw new HansaError('MALFORMED', `a frame of type ${frame.type} in an answer`)
    return this.#endWith(readTrailer(frame))
  }

  #endWith(trailer: CallTrailer): undefined {
    this.#finish()
    if (trailer.error !== undefined) {
      const error = errorOf(trailer.error)
      this.#failure = error.at(this.#session.remote.identity?.spiffeId ?? this.#session.remote.peer)
    } else {
      this.#trailer = trailer.trailer
    }
    // Without our END the callee waits for the rest of the request.
    if (this.#ended) this.#pool.put(this.#session)
    else this.#session.channel.abort(new HansaError('CANCELED', 'the call has ended before its request'))
    if (this.#failure !== undefined) throw this.#failure
    return undefined
  }

  async #write(frame: Frame): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#over) throw new HansaError('CANCELED', 'the other side has ended the call')
    try {
      await this.#session.channel.write(frame)
    } catch (error) {
      // The callee may have said why it ends the stream; only reading tells.
      throw this.#failure ?? error
    }
  }

  #fail(error: HansaError): HansaError {
    if (this.#failure !== undefined) return this.#failure
    if (this.#over) return error
    this.#failure = error
    this.#finish()
    this.#session.channel.abort(error)
    return error
  }

  #finish(): void {
    this.#over = true
    this.#deadline.signal.removeEventListener('abort', this.#onAbort)
    this.#deadline.clear()
  }
}
