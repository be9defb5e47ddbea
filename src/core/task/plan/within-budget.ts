import { reach, reaches } from './reach.ts'
import type { RuleSet } from './rules.ts'
import { necessary } from './thin-out.ts'

/**
 * Visits to rules before the search gives up. The fewest steps are hard to find (set cover is a special case); this much takes about a second, and proves the
 * budgets that people write by hand.
 */
const MAX_WORK = 30_000_000

/** What a look costs beside the visits. */
const OVERHEAD = 500

export type BudgetResult =
  | { readonly kind: 'plan'; readonly rules: readonly number[] }
  /** Proved: there is no plan of so few rules. */
  | { readonly kind: 'none' }
  /** Nobody knows. */
  | { readonly kind: 'undecided' }

/** Looks for at most `budget` rules that lead from what is there to all that is wanted: depth first, from the wants backwards. */
export function withinBudget(set: RuleSet, there: readonly number[], wants: readonly number[], budget: number): BudgetResult {
  const all = reach(set, there)
  if (!reaches(all, wants)) return { kind: 'none' }
  const usable = new Set(all.order)
  const must = necessary(set, there, wants, usable)
  if (must.size > budget) return { kind: 'none' }
  const given = new Set(there)
  const seen = new Set<string>()
  const stack: (readonly number[])[] = [[...must].sort((a, b) => a - b)]
  let work = 0
  for (let chosen = stack.pop(); chosen !== undefined; chosen = stack.pop()) {
    const key = chosen.join(' ')
    if (seen.has(key)) continue
    seen.add(key)
    work += set.rules.length + set.facts + OVERHEAD
    if (work > MAX_WORK) return { kind: 'undecided' }
    const needs = [...new Set([...wants, ...chosen.flatMap((index) => set.rules[index]?.inputs ?? [])])]
    const { maker } = reach(set, there, chosen)
    const out = needs.filter((fact) => maker[fact] === undefined)
    if (out.length === 0) return { kind: 'plan', rules: chosen }
    if (chosen.length >= budget) continue
    for (const index of branches(set, chosen, out, given, usable).reverse()) stack.push([...chosen, index].sort((a, b) => a - b))
  }
  return { kind: 'none' }
}

/**
 * Rules of which every plan that has all of `chosen` must have one more. A needed fact that no chosen rule makes must be made: the one with the fewest makers is
 * taken. When the chosen rules only wait for each other, the first of the facts they lack must come from another rule, whichever fact that is.
 */
function branches(set: RuleSet, chosen: readonly number[], out: readonly number[], given: ReadonlySet<number>, usable: ReadonlySet<number>): number[] {
  const taken = new Set(chosen)
  const made = new Set(chosen.flatMap((index) => set.rules[index]?.outputs ?? []))
  const makers = (fact: number): number[] => (set.makers[fact] ?? []).filter((index) => usable.has(index) && !taken.has(index))
  const unmade = out.filter((fact) => !made.has(fact) && !given.has(fact)).map(makers)
  if (unmade.length > 0) return unmade.reduce((few, next) => (next.length < few.length ? next : few))
  return [...new Set(out.flatMap(makers))]
}
