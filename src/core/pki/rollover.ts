/** How far the rollover of a root is (RFC 4210 4.4 in short): first everybody hears of the new root, then it is used, then the old one goes. */
export interface Rollover {
  readonly phase: 'announced' | 'activated'
  /** When the phase began; milliseconds since the epoch. */
  readonly at: number
  /** When a node of the ACA first told of the new root; absent before that. */
  readonly servedSince?: number
}

/** Members ask for the roots of their domain far more often; a day covers those that were off for a night. */
export const ANNOUNCE_MS = 24 * 3_600_000

/** From when on the new root may be used: everybody has had a day to hear of it. Undefined when nobody could hear of it yet. */
export function activatableAt({ servedSince }: Rollover): number | undefined {
  return servedSince === undefined ? undefined : servedSince + ANNOUNCE_MS
}

/** Receivers whose clock is behind still look at the list of a CA for a day after the last of its certificates has ended. */
const GRACE_MS = 24 * 3_600_000

/** Until when a CA that issues no longer must sign lists: `ends` are the ends of what it has issued, milliseconds since the epoch. */
export function retiredUntil(ends: readonly number[], now: number, issuerNotAfter: number): number {
  return Math.min(ends.reduce((latest, end) => Math.max(latest, end), now) + GRACE_MS, issuerNotAfter)
}
