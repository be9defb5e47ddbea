import type { ClientStream } from '../../../ports/rpc.ts'
import { toHansaError } from '../../../schema/errors.ts'
import type { Incoming } from './incoming.ts'

/**
 * Passes fragments on both ways until the callee has ended; returns its trailer. Each direction holds one fragment at a time and reads the next only when
 * that one has been taken: a slow reader slows the writer, through any number of gateways. A failure of either side cuts the other.
 */
export async function pipe(incoming: Incoming, out: ClientStream): Promise<Uint8Array> {
  let callerFailed: unknown
  // Not awaited: a callee may answer without having read everything, and its answer is what counts.
  void passRequest(incoming, out).catch((thrown: unknown) => {
    callerFailed = thrown
    out.abort(toHansaError(thrown))
  })
  try {
    for (;;) {
      const fragment = await out.read()
      if (fragment === undefined) return out.trailer()
      await incoming.write(fragment)
    }
  } catch (thrown) {
    out.abort(toHansaError(thrown))
    if (incoming.signal.aborted) throw toHansaError(incoming.signal.reason)
    throw callerFailed ?? thrown
  }
}

/** Fails only when the caller fails: why a callee takes no more, its own trailer says better. */
async function passRequest(incoming: Incoming, out: ClientStream): Promise<void> {
  for (;;) {
    const fragment = await incoming.read()
    try {
      if (fragment === undefined) return await out.end()
      await out.write(fragment)
    } catch {
      return
    }
  }
}
