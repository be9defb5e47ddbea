/** Asks until `read` gives something, and gives that. For tests of real nodes, whose news takes a moment; throws when none has come in time. */
export async function until<T>(what: string, read: () => T | undefined | false | Promise<T | undefined | false>, withinMs = 8_000): Promise<T> {
  const end = performance.now() + withinMs
  for (;;) {
    const value = await read()
    if (value !== undefined && value !== false) return value
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 15))
  }
}
