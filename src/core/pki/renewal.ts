/** Part of its life after which a certificate is renewed: leaves a third of it for an ACA that is away. */
const RENEW_AT = 2 / 3
/** Nodes made together must not renew together: up to a tenth of the life earlier. */
const SPREAD = 1 / 10
const FIRST_RETRY_MS = 5_000
/** A third of an agent's day holds many such pauses. */
const LONGEST_RETRY_MS = 300_000

/**
 * When to renew, milliseconds since the epoch. `jitter` from 0 to 1, chosen by the caller once per certificate. After a failure the caller comes back;
 * the moment then lies in the past.
 */
export function renewalTime(notBefore: number, notAfter: number, jitter: number): number {
  const life = Math.max(0, notAfter - notBefore)
  return Math.floor(notBefore + life * (RENEW_AT - SPREAD * Math.min(1, Math.max(0, jitter))))
}

/**
 * Pause before the next try after `failures` ones in a row (1 or more), in milliseconds: doubled each time up to five minutes, and half of it by `jitter` (0 to 1), so
 * that a whole domain does not come at once to an ACA that is back. Never longer than a quarter of what is left (`leftMs`): a short life is not slept away.
 */
export function renewalPause(failures: number, jitter: number, leftMs: number): number {
  const pause = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 16))
  const spread = pause * (0.5 + 0.5 * Math.min(1, Math.max(0, jitter)))
  return Math.floor(leftMs > 0 ? Math.max(1000, Math.min(spread, leftMs / 4)) : spread)
}
