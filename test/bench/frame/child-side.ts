/** What a child says to the bench. */
export type FromChild = { readonly kind: 'ready'; readonly value: string } | { readonly kind: 'cpu'; readonly microseconds: number }

/** Called by a child when it can be used: tells the bench `value`, and then, when asked, the CPU time used. The child ends with the bench. */
export function childReady(value: string): void {
  const send = (message: FromChild): boolean | undefined => process.send?.(message)
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    send({ kind: 'cpu', microseconds: user + system })
  })
  process.on('disconnect', () => process.exit(0))
  send({ kind: 'ready', value })
}
