/** Time as a role sees it. The fake clock of the tests moves only when told. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Milliseconds that never go back; for durations. */
  monotonic(): number
  /** Calls `fn` once after `ms`; returns what cancels it. Does not keep the process alive. */
  after(ms: number, fn: () => void): () => void
  /** Calls `fn` every `ms`; returns what stops it. Does not keep the process alive. */
  every(ms: number, fn: () => void): () => void
}
