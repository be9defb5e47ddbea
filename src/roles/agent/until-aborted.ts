/** The items of `source` until `signal` aborts; then throws its reason at once, even when the source does not listen to it, and closes the source. */
export async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void, undefined> {
  const iterator = source[Symbol.asyncIterator]()
  let finished = false
  let cut: (reason: unknown) => void = () => undefined
  const aborted = new Promise<never>((_, reject) => (cut = reject))
  // Between two items nobody waits for it; that is no unhandled rejection.
  aborted.catch(() => undefined)
  const onAbort = () => cut(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted])
      if (next.done) {
        finished = true
        return
      }
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    // Not awaited: a source that hangs must not hold its reader.
    if (!finished) void iterator.return?.()?.catch(() => undefined)
  }
}
