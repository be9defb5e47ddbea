/** How often something has been published, and how that went. */
export interface Published {
  /** Times it was taken by at least one other node. */
  readonly rounds: number
  /** Failures since the last success. */
  readonly failures: number
}

/**
 * Pauses after the first successes. A value goes to the closest peers that are known then; while a swarm or a node starts, these are few and soon the wrong ones.
 */
const EARLY_MS = [5_000, 15_000, 60_000, 600_000] as const
const RETRY_MIN_MS = 1_000
const RETRY_MAX_MS = 60_000

/** Milliseconds until it is to be published again; `interval` is the pause once it is established. */
export function republishAfter({ rounds, failures }: Published, interval: number): number {
  if (failures > 0) return Math.min(interval, RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(failures - 1, 16))
  return Math.min(interval, EARLY_MS[rounds - 1] ?? interval)
}
