import type { ServerWritableStream } from '@grpc/grpc-js'
import type { Clock } from '../../ports/clock.ts'

/** Answers to one client, no faster than it reads. */
export interface ResponseWriter {
  /** Resolves when there is room for more. Throws the reason of the signal when the call ends meanwhile. */
  send(bytes: Uint8Array): Promise<void>
  /** Resolves when the client has been sent everything. Throws as `send`. */
  flushed(): Promise<void>
}

/** Bytes on their way to the client while the next answer is pulled. The library's own bound counts answers, whatever their size. */
const MAX_UNSENT = 64 * 1024

/** How long a client may leave unread what was sent, in milliseconds. It holds a call, and its deadline may be far. */
const MAX_UNREAD_MS = 60_000

export interface ResponseWriterDeps {
  readonly call: ServerWritableStream<Buffer, Buffer>
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Called when the client has read nothing for a minute. */
  readonly cut: () => void
}

export function createResponseWriter({ call, clock, signal, cut }: ResponseWriterDeps): ResponseWriter {
  let unsent = 0
  let wake: () => void = () => undefined

  async function until(bound: number): Promise<void> {
    while (unsent > bound) {
      signal.throwIfAborted()
      const before = unsent
      const unread = clock.after(MAX_UNREAD_MS, cut)
      const aborted = (): void => wake()
      signal.addEventListener('abort', aborted, { once: true })
      await new Promise<void>((resolve) => {
        wake = resolve
        if (unsent < before || signal.aborted) resolve()
      })
      signal.removeEventListener('abort', aborted)
      unread()
    }
    signal.throwIfAborted()
  }

  return {
    async send(bytes) {
      signal.throwIfAborted()
      unsent += bytes.length
      call.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), () => {
        unsent -= bytes.length
        wake()
      })
      await until(MAX_UNSENT)
    },
    flushed: () => until(0)
  }
}
