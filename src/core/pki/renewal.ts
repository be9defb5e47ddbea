/** Part of its life after which a certificate is renewed: leaves a third of it for an ACA that is away. */
const RENEW_AT = 2 / 3
/** Nodes made together must not renew together: up to a tenth of the life earlier. */
const SPREAD = 1 / 10

/**
 * When to renew, milliseconds since the epoch. `jitter` from 0 to 1, chosen by the caller once per certificate. After a failure the caller comes back;
 * the moment then lies in the past.
 */
export function renewalTime(notBefore: number, notAfter: number, jitter: number): number {
  const life = Math.max(0, notAfter - notBefore)
  return Math.floor(notBefore + life * (RENEW_AT - SPREAD * Math.min(1, Math.max(0, jitter))))
}
