/** The replies to one call, from the connection to whoever reads them. Holds at most what it was let hold: see `full`. */
export interface ReplyQueue {
  push(payload: Uint8Array): void
  /** Ends it with an error; what has come before is still given out. */
  fail(error: Error): void
  /** True when nothing more should come before something is taken. */
  readonly full: boolean
  /** Resolves when it is not full any more, or has ended. */
  drained(): Promise<void>
  /** The next reply; undefined when none came within `ms`. Throws the error that ended it. */
  next(ms: number): Promise<Uint8Array | undefined>
}

/** Replies and bytes that wait. One reply may be as large as a body; that is taken, and the next waits. */
const MAX_REPLIES = 256
const MAX_BYTES = 1024 * 1024

export function createReplyQueue(after: (ms: number, fn: () => void) => () => void): ReplyQueue {
  const waiting: Uint8Array[] = []
  let bytes = 0
  let failure: Error | undefined
  let wake: () => void = () => undefined
  let unblock: (() => void)[] = []

  function release(): void {
    for (const resolve of unblock) resolve()
    unblock = []
  }

  const isFull = (): boolean => failure === undefined && (waiting.length >= MAX_REPLIES || bytes >= MAX_BYTES)

  return {
    push(payload) {
      if (failure !== undefined) return
      waiting.push(payload)
      bytes += payload.length
      wake()
    },
    fail(error) {
      failure ??= error
      wake()
      release()
    },
    get full() {
      return isFull()
    },
    async drained() {
      if (isFull()) await new Promise<void>((resolve) => unblock.push(resolve))
    },
    async next(ms) {
      if (waiting.length === 0 && failure === undefined)
        await new Promise<void>((resolve) => {
          const cancel = after(ms, resolve)
          wake = () => {
            cancel()
            resolve()
          }
        })
      const payload = waiting.shift()
      if (payload === undefined) {
        if (failure !== undefined) throw failure
        return undefined
      }
      bytes -= payload.length
      if (!isFull()) release()
      return payload
    }
  }
}
