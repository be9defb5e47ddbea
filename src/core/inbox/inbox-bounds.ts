/** How much waits at most. Bytes are those of encoded requests. */
export interface InboxBounds {
  /** Messages that wait for one agent, and their bytes. */
  readonly perAgent: number
  readonly bytesPerAgent: number
  /** Of these, those of one sender; of the bytes the same part, though one message always may wait. */
  readonly perPrincipal: number
  /** The part of everything that waits, for one agent and in all, that the senders of one domain may have; the agent's own domain may have all. */
  readonly perDomain: number
  /** Messages that wait in all, and their bytes. */
  readonly total: number
  readonly bytes: number
  /** Receipts of what is over, in all and of one agent; the oldest give way. */
  readonly ended: number
  readonly endedPerAgent: number
  /** Bytes of the answers kept with them. */
  readonly endedBytes: number
}

const MIB = 1024 * 1024

export const INBOX_BOUNDS: InboxBounds = {
  // A day of a busy agent; what is more is a queue for a message broker.
  perAgent: 1_000,
  bytesPerAgent: 64 * MIB,
  // Five senders can fill an inbox only together.
  perPrincipal: 200,
  // A domain names its senders itself, as many as it likes: only together with another can it keep others out.
  perDomain: 0.5,
  // About 500 bytes of memory each beside what is on disk.
  total: 100_000,
  bytes: 1024 * MIB,
  ended: 100_000,
  endedPerAgent: 2_000,
  endedBytes: 1024 * MIB
}

/** The longest a message may wait, in milliseconds: after a week its sender has gone other ways. A network constant (gateway.proto). */
export const MAX_TTL_MS = 7 * 86_400_000

/** How long a receipt can be read after its message is over, in milliseconds: a sender that sleeps over night reads it in the morning. */
export const RETENTION_MS = 86_400_000

/** Answers kept with a receipt are no longer than this, in bytes. */
export const MAX_ANSWER = MIB

/** When a message that came at `now` expires: what its sender asked for (0: nothing) within what the gateway allows. */
export function expiryOf(askedMs: number, allowedMs: number, now: number): number {
  const longest = Math.min(allowedMs, MAX_TTL_MS)
  return now + (askedMs > 0 ? Math.min(askedMs, longest) : longest)
}
