/**
 * How old the news of a CA is. `current`: its list has not reached its nextUpdate. `overdue`: it has; the list still does, and the operator is told.
 * `stale`: the grace is over, too; whether that CA's certificates are still believed is a matter of policy.
 */
export type Freshness = 'current' | 'overdue' | 'stale'

/** `due`: nextUpdate of the list held, or, where none was ever held, when that was first noticed. Milliseconds; the bounds belong to the better word. */
export function freshness(due: number, graceMs: number, now: number): Freshness {
  if (now <= due) return 'current'
  return now <= due + graceMs ? 'overdue' : 'stale'
}
