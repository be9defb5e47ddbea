import type { Fragment } from '../../../ports/rpc.ts'
import { toHansaError } from '../../../schema/errors.ts'
import { fragmentsOf } from '../../../wire/messages.ts'
import type { Incoming } from './incoming.ts'

/** A call that begins in this process: looks to the pipeline like a stream from a peer, to the door like an iterator of fragments. */
export interface DoorCall {
  readonly incoming: Incoming
  /** Next fragment of the answer, undefined at its end. Throws what the call failed with. */
  read(): Promise<Fragment | undefined>
  /** The pipeline is done. */
  finish(error?: unknown): void
  trailer(): Uint8Array
}

/** The answer is handed over one fragment at a time, so a door that does not read holds everything behind it back. */
export function createDoorCall(request: Uint8Array, context: Pick<Incoming, 'signal' | 'timeoutMs' | 'traceparent'>): DoorCall {
  const fragments = fragmentsOf(request)
  let trailer: Uint8Array = new Uint8Array()
  let offered: { readonly fragment: Fragment; readonly taken: () => void; readonly refused: (reason: unknown) => void } | undefined
  let reader: (() => void) | undefined
  let ended: { readonly error?: unknown } | undefined

  function wake(): void {
    reader?.()
    reader = undefined
  }
  context.signal.addEventListener('abort', () => offered?.refused(toHansaError(context.signal.reason)), { once: true })

  const incoming: Incoming = {
    ...context,
    read: () => {
      const next = fragments.next()
      return Promise.resolve(next.done ? undefined : next.value)
    },
    write: (fragment) =>
      new Promise((taken, refused) => {
        if (context.signal.aborted) return refused(toHansaError(context.signal.reason))
        offered = { fragment, taken, refused }
        wake()
      }),
    setTrailer: (bytes) => {
      trailer = bytes
    }
  }

  async function read(): Promise<Fragment | undefined> {
    while (offered === undefined && ended === undefined) await new Promise<void>((resolve) => (reader = resolve))
    if (offered !== undefined) {
      const { fragment, taken } = offered
      offered = undefined
      taken()
      return fragment
    }
    if (ended !== undefined && 'error' in ended) throw ended.error
    return undefined
  }

  return {
    incoming,
    read,
    finish(...error: [unknown?]) {
      ended ??= error.length > 0 ? { error: error[0] } : {}
      wake()
    },
    trailer: () => trailer
  }
}
