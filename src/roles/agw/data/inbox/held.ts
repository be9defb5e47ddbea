import type { Fragment } from '../../../../ports/rpc.ts'
import { fragmentsOf } from '../../../../wire/messages.ts'
import type { Incoming } from '../incoming.ts'

/** What a gateway's inbox has to do with a call. */
export type Held =
  /** A question about a receipt that is here. */
  | { readonly kind: 'receipt'; readonly id: string; readonly caller: Incoming }
  /** A message that may wait here. `first`: it is tried now, and kept when the agent cannot be reached; otherwise it is kept at once. */
  | { readonly kind: 'message'; readonly request: Uint8Array; readonly first: boolean; readonly caller: Reread }

/** The caller's side of a call whose request has been read as a whole: it can be read again, and tells whether anything was answered. */
export interface Reread extends Incoming {
  readonly answered: boolean
}

export function reread(incoming: Incoming, request: Uint8Array): Reread {
  const again = fragmentsOf(request)
  let answered = false
  return {
    read(): Promise<Fragment | undefined> {
      const next = again.next()
      return next.done ? incoming.read() : Promise.resolve(next.value)
    },
    write(fragment) {
      answered = true
      return incoming.write(fragment)
    },
    get answered() {
      return answered
    },
    setTrailer: (bytes) => incoming.setTrailer(bytes),
    finish: () => incoming.finish?.() ?? Promise.resolve(),
    signal: incoming.signal,
    timeoutMs: incoming.timeoutMs,
    traceparent: incoming.traceparent
  }
}
