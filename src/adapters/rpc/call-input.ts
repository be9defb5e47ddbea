import type { Clock } from '../../ports/clock.ts'
import type { Channel, Frame } from '../../ports/network.ts'
import type { Fragment } from '../../ports/rpc.ts'
import { HansaError } from '../../schema/errors.ts'
import { DATA, DATA_LAST, END } from '../../wire/frames.ts'
import { checkMessageLength } from '../../wire/messages.ts'
import { DRAIN_BYTES, DRAIN_MS } from './bounds.ts'

/** What comes in during one served call, up to END. */
export class CallInput {
  readonly #channel: Channel
  readonly #take: ((bytes: number) => void) | undefined
  #bound: number
  #messageLength = 0
  #ended = false
  #dropping = false
  /** A handler may leave a read behind when its call ends early; what it gets then is dropped like the rest. */
  #pending: Promise<Frame | undefined> | undefined

  /** `take` is told of the bytes of each fragment; what it throws ends the call. */
  constructor(channel: Channel, bound: number, take?: (bytes: number) => void) {
    this.#channel = channel
    this.#take = take
    this.#bound = bound
  }

  /** Next fragment; undefined after END. Throws FRAME_TOO_LARGE, MALFORMED, CONNECTION_LOST. */
  async next(): Promise<Fragment | undefined> {
    if (this.#ended) return undefined
    const frame = await this.#frame()
    if (frame === undefined) throw new HansaError('CONNECTION_LOST', `${this.#channel.peer} ended the stream inside a call`)
    if (frame.type === END) {
      this.#ended = true
      return undefined
    }
    if (frame.type !== DATA && frame.type !== DATA_LAST) throw new HansaError('MALFORMED', `a frame of type ${frame.type} inside a request`)
    this.#messageLength += frame.payload.length
    checkMessageLength(this.#messageLength, this.#bound)
    if (frame.type === DATA_LAST) this.#messageLength = 0
    if (!this.#dropping) this.#take?.(frame.payload.length)
    return { bytes: frame.payload, last: frame.type === DATA_LAST }
  }

  /** Reads and drops the rest of the request. False when that takes too much or too long, or the stream has failed: then it cannot be used again. */
  async drain(clock: Clock): Promise<boolean> {
    if (this.#ended) return true
    let late = false
    const cancel = clock.after(DRAIN_MS, () => {
      late = true
      this.#channel.abort()
    })
    this.#dropping = true
    this.#bound = DRAIN_BYTES
    this.#messageLength = 0
    let dropped = 0
    try {
      for (let fragment = await this.next(); fragment !== undefined; fragment = await this.next()) {
        dropped += fragment.bytes.length
        if (dropped > DRAIN_BYTES) return false
      }
      return !late
    } catch {
      return false
    } finally {
      cancel()
    }
  }

  #frame(): Promise<Frame | undefined> {
    this.#pending ??= this.#channel.read().finally(() => (this.#pending = undefined))
    return this.#pending
  }
}
