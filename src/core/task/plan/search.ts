import { reach, reaches } from './reach.ts'
import type { RuleSet } from './rules.ts'
import { necessary } from './thin-out.ts'

/** What a look at a set of rules costs beside the rules and facts that it visits, in visits. */
const OVERHEAD = 500

export interface SearchBounds {
  /** The most rules that a plan may have. */
  readonly steps: number
  /** What it costs must be less. */
  readonly below: number
  /** Visits to rules and facts before the search gives up; ten millions take some tenths of a second. */
  readonly work: number
}

export interface SearchResult {
  /** The cheapest plan that was found. */
  readonly plan: readonly number[] | undefined
  /** True: proved; there is none, or none that is cheaper. */
  readonly proved: boolean
}

/** Looks for the cheapest plan within the bounds: depth first, from the wants backwards. Takes exponential time on hard worlds (set cover is one), hence `work`. */
export function search(set: RuleSet, there: readonly number[], wants: readonly number[], bounds: SearchBounds): SearchResult {
  const { rules } = set
  const all = reach(set, there)
  if (!reaches(all, wants)) return { plan: undefined, proved: true }
  const usable = new Set(all.order)
  const given = new Set(there)
  const least = Math.min(...rules.map(({ cost }) => cost))
  const cost = (chosen: readonly number[]): number => chosen.reduce((sum, index) => sum + (rules[index]?.cost ?? 0), 0)
  const seen = new Set<string>()
  const stack: (readonly number[])[] = [[...necessary(set, there, wants, usable)].sort((a, b) => a - b)]
  let plan: readonly number[] | undefined
  let { below } = bounds
  let work = 0
  for (let chosen = stack.pop(); chosen !== undefined; chosen = stack.pop()) {
    if (chosen.length > bounds.steps || cost(chosen) >= below) continue
    const key = chosen.join(' ')
    if (seen.has(key)) continue
    seen.add(key)
    work += rules.length + set.facts + OVERHEAD
    if (work > bounds.work) return { plan, proved: false }
    const needs = [...new Set([...wants, ...chosen.flatMap((index) => rules[index]?.inputs ?? [])])]
    const { maker } = reach(set, there, chosen)
    const out = needs.filter((fact) => maker[fact] === undefined)
    if (out.length === 0) {
      plan = chosen
      below = cost(chosen)
    } else if (chosen.length < bounds.steps && cost(chosen) + least < below)
      for (const index of branches(set, chosen, out, given, usable).reverse()) stack.push([...chosen, index].sort((a, b) => a - b))
  }
  return { plan, proved: true }
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
