import { cheapest } from './cheapest.ts'
import type { RuleSet } from './rules.ts'
import { search } from './search.ts'
import { thinOut } from './thin-out.ts'

/** Visits that a search for a cheaper plan may make: small worlds get the cheapest one, large ones a good one in no time. */
const TO_IMPROVE = 1_000_000

/** Visits that a search for a plan within the budget may make: it decides whether there is a plan at all. */
const TO_DECIDE = 10_000_000

export type PlanResult =
  | { readonly kind: 'plan'; readonly rules: readonly number[] }
  /** What is wanted is out of reach, whatever it costs. */
  | { readonly kind: 'unreachable' }
  /** The shortest plan that was found is longer than the budget; `proved`: there is none within it. */
  | { readonly kind: 'dear'; readonly steps: number; readonly proved: boolean }

/** Rules that lead from what is there to all that is wanted, at most `budget` of them, none of which can be left out. */
export function findPlan(set: RuleSet, there: readonly number[], wants: readonly number[], budget = Infinity): PlanResult {
  const some = cheapest(set, there, wants)
  if (some === undefined) return { kind: 'unreachable' }
  const first = thinOut(set, there, wants, some)
  const dear = first.length > budget
  const below = dear ? Infinity : first.reduce((sum, index) => sum + (set.rules[index]?.cost ?? 0), 0)
  const { plan, proved } = search(set, there, wants, { steps: budget, below, work: dear ? TO_DECIDE : TO_IMPROVE })
  if (plan !== undefined) return { kind: 'plan', rules: thinOut(set, there, wants, plan) }
  return dear ? { kind: 'dear', steps: first.length, proved } : { kind: 'plan', rules: first }
}
