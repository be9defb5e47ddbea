import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Method, RequestOf, ResponseOf, StreamMethod, UnaryMethod } from '../wire/methods.ts'
import type { PeerIdentity } from './identity.ts'

/** Whom to call. The identity shown in the hello must fit `expect`, else PERMISSION_DENIED: a PeerId alone proves no name. */
export interface Target {
  readonly peer: string
  readonly addresses?: readonly string[]
  readonly expect?: { readonly spiffeId?: string; readonly domain?: string; readonly role?: string }
}

export interface CallOptions {
  readonly signal?: AbortSignal
  /** Milliseconds; the method's default otherwise. */
  readonly timeoutMs?: number
  readonly traceparent?: string
}

/** Who calls. `identity` is absent only for methods that anyone may call. */
export interface Caller {
  readonly peer: string
  readonly identity?: PeerIdentity
}

export interface CallContext {
  readonly caller: Caller
  /** Aborts when the caller goes away, cancels, or the deadline passes. */
  readonly signal: AbortSignal
  /** Monotonic-clock milliseconds left when the call arrived. */
  readonly timeoutMs: number
  readonly traceparent?: string
}

/** Part of a message: at most 64 KiB less the frame head; `last` ends the message. */
export interface Fragment {
  readonly bytes: Uint8Array
  readonly last: boolean
}

/** Fragments both ways; the same on both sides. */
export interface FragmentStream {
  /** Next fragment, undefined when the other side has ended. Throws what the other side failed with. */
  read(): Promise<Fragment | undefined>
  /** Resolves when more may be written. */
  write(fragment: Fragment): Promise<void>
}

export interface ClientStream extends FragmentStream {
  /** Identity of the callee, as shown in its hello. */
  readonly remote: PeerIdentity
  /** No more messages from this side. */
  end(): Promise<void>
  /** After read() gave undefined: the callee's trailer. */
  trailer(): Uint8Array
  /** Cancels on every hop. */
  abort(reason?: Error): void
}

export interface ServerStream extends FragmentStream, CallContext {
  readonly header: Uint8Array
  setTrailer(bytes: Uint8Array): void
}

export type UnaryHandler<M extends UnaryMethod> = (
  request: RequestOf<M>,
  context: CallContext & { readonly caller: Caller }
) => Promise<MessageInitShape<M['response']>> | MessageInitShape<M['response']>
export type StreamHandler = (stream: ServerStream) => Promise<void>

/** Calls between nodes. A call to one's own PeerId is a direct call. */
export interface Rpc {
  /** Throws HansaError: the callee's own, or PEER_UNREACHABLE, CONNECTION_LOST, DEADLINE_EXCEEDED, CANCELED, METHOD_NOT_FOUND. */
  call<M extends UnaryMethod>(target: Target, method: M, request: MessageInitShape<M['request']>, options?: CallOptions): Promise<ResponseOf<M>>
  open(target: Target, method: StreamMethod, header: Uint8Array, options?: CallOptions): Promise<ClientStream>
  handle<M extends UnaryMethod>(method: M, handler: UnaryHandler<M>): void
  handleStream(method: StreamMethod, handler: StreamHandler): void
  /** The identity a peer shows: opens a stream if none is open, and exchanges hellos. */
  hello(target: Target, options?: CallOptions): Promise<PeerIdentity>
  /** Identities seen on streams that are open now. */
  identities(): PeerIdentity[]
}

/** Asked before a request is decoded: may this caller use this method now? Throws RATE_LIMITED, TOO_MANY_CALLS, OVERLOADED. */
export interface Admission {
  /** Returns what is called when the call has ended. */
  admit(method: Method, caller: Caller): () => void
}
