/** Cost of a link whose round trip is not known yet: that of a good wide-area link. */
const UNMEASURED = 10

/** Whole milliseconds, at least 1: on one machine all links are equal and the number of links decides. */
export function linkCost(rttMs: number): number {
  return rttMs <= 0 ? UNMEASURED : Math.max(1, Math.min(60_000, Math.round(rttMs)))
}

/**
 * The cost to advertise, given the one advertised now. A round trip wavers all the time and each advertisement goes to every gateway, so a cost changes
 * only when it has doubled or halved, and by more than 5 ms.
 */
export function steadyCost(advertised: number | undefined, measured: number): number {
  if (advertised === undefined) return measured
  const ratio = measured / advertised
  return Math.abs(measured - advertised) > 5 && (ratio >= 2 || ratio <= 0.5) ? measured : advertised
}
