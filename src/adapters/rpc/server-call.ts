import { create, type MessageInitShape, type MessageShape, type DescMessage, toBinary } from '@bufbuild/protobuf'
import type { Channel } from '../../ports/network.ts'
import type { CallContext, Caller, Fragment, ServerStream, StreamHandler } from '../../ports/rpc.ts'
import { HansaError } from '../../schema/errors.ts'
import { DATA, DATA_LAST, MAX_FRAGMENT } from '../../wire/frames.ts'
import type { UnaryMethod } from '../../wire/methods.ts'
import { decode } from '../../wire/decode.ts'
import { checkMessageLength, readMessage, writeMessage } from '../../wire/messages.ts'
import type { CallInput } from './call-input.ts'

/** A handler with its types forgotten: the table of methods has given it the request that it takes. */
export type AnyUnaryHandler = (
  request: MessageShape<DescMessage>,
  context: CallContext
) => Promise<MessageInitShape<DescMessage>> | MessageInitShape<DescMessage>
export type AnyHandler = { readonly kind: 'unary'; readonly run: AnyUnaryHandler } | { readonly kind: 'stream'; readonly run: StreamHandler }

/** One served call: what its handler reads and writes. After `finish` the handler reaches the stream no more. */
export class ServerCall implements ServerStream {
  readonly caller: Caller
  readonly signal: AbortSignal
  readonly timeoutMs: number
  readonly traceparent: string | undefined
  readonly header: Uint8Array
  readonly #channel: Channel
  readonly #input: CallInput
  readonly #maxBytes: number
  #messageLength = 0
  #over = false
  trailer: Uint8Array = new Uint8Array()

  constructor(channel: Channel, input: CallInput, maxBytes: number, context: CallContext & { readonly header: Uint8Array }) {
    this.#channel = channel
    this.#input = input
    this.#maxBytes = maxBytes
    this.caller = context.caller
    this.signal = context.signal
    this.timeoutMs = context.timeoutMs
    this.traceparent = context.traceparent
    this.header = context.header
  }

  async read(): Promise<Fragment | undefined> {
    this.#check()
    const fragment = await this.#input.next()
    this.#check()
    return fragment
  }

  async write(fragment: Fragment): Promise<void> {
    this.#check()
    this.#messageLength += fragment.bytes.length
    checkMessageLength(this.#messageLength, this.#maxBytes)
    if (fragment.last) this.#messageLength = 0
    await this.#channel.write({ type: fragment.last ? DATA_LAST : DATA, payload: fragment.bytes })
  }

  setTrailer(bytes: Uint8Array): void {
    // Room for an error beside it.
    if (bytes.length > MAX_FRAGMENT / 2) throw new HansaError('INVALID_ARGUMENT', `a trailer of ${bytes.length} bytes`, { bound: MAX_FRAGMENT / 2 })
    this.trailer = bytes
  }

  finish(): void {
    this.#over = true
  }

  /** Reads the request, runs the handler, writes its response. */
  async runUnary(method: UnaryMethod, handler: AnyUnaryHandler): Promise<void> {
    const message = await readMessage(this, method.maxRequestBytes)
    if (message === undefined) throw new HansaError('MALFORMED', `no message in a request to ${method.id}`)
    if ((await this.read()) !== undefined) throw new HansaError('MALFORMED', `two messages in a request to ${method.id}`)
    const response = await handler(decode(method.request, message), this)
    const bytes = toBinary(method.response, create(method.response, response))
    checkMessageLength(bytes.length, method.maxBytes)
    await writeMessage(this, bytes)
  }

  #check(): void {
    this.signal.throwIfAborted()
    if (this.#over) throw new HansaError('CANCELED', 'the call is over')
  }
}
