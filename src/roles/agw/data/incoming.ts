import type { CallContext, FragmentStream } from '../../../ports/rpc.ts'

/** The side that called: a stream from a peer, or a foreign door in this process. */
export interface Incoming extends FragmentStream, Pick<CallContext, 'signal' | 'timeoutMs' | 'traceparent'> {
  setTrailer(bytes: Uint8Array): void
  /** The call has ended in order: what an adapter holds back goes out before the trailer does. */
  finish?(): Promise<void>
}
