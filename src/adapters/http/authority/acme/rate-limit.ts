import type { Clock } from '../../../../ports/clock.ts'
import { rateLimited } from './problem.ts'

/** Whose requests are counted at the same time; who was counted first is forgotten first. */
const MAX_COUNTED = 10_000

/** Counts what somebody does within a time (milliseconds); throws rateLimited beyond `most`. */
export function createRateLimit(clock: Clock, what: string, { most, withinMs }: { readonly most: number; readonly withinMs: number }): (who: string) => void {
  const counts = new Map<string, { count: number; readonly until: number }>()
  return (who) => {
    const now = clock.now()
    const known = counts.get(who)
    const current = known !== undefined && known.until > now ? known : { count: 0, until: now + withinMs }
    if (current !== known) counts.delete(who)
    counts.set(who, current)
    if (counts.size > MAX_COUNTED) counts.delete(counts.keys().next().value ?? who)
    current.count += 1
    if (current.count > most) throw rateLimited(`too many ${what}; ${most} within ${withinMs / 1000} s are allowed`, current.until - now)
  }
}
