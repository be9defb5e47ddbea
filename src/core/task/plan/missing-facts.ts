import { cheapest } from './cheapest.ts'
import { reach, reaches } from './reach.ts'
import { type Rule, type RuleSet, ruleSet } from './rules.ts'
import { thinOut } from './thin-out.ts'

/**
 * What it costs to be given a fact: one that nobody makes is asked for first; then one that only waits for itself in a circle; what is wanted comes last, or the
 * answer to every question would be that somebody else should know it. Each is dearer than all of the kind before it together; 10,000 facts keep sums exact.
 */
const COSTS = { unmade: 1e5, made: 1e9, wanted: 1e13 } as const

export interface Missing {
  /** Facts that would make a plan, and none of which can be left out. */
  readonly facts: readonly number[]
  /** Rules of the plan that there would be. */
  readonly rules: readonly number[]
}

/** Why what is wanted is out of reach: the facts without which there is no way. They have a plan, whatever the rules are: at worst they are what is wanted. */
export function missingFacts(set: RuleSet, there: readonly number[], wants: readonly number[]): Missing {
  const candidates = outOfReach(set, there, wants)
  const wanted = new Set(wants)
  const gift = (fact: number): Rule => {
    const cost = (set.makers[fact] ?? []).length === 0 ? COSTS.unmade : wanted.has(fact) ? COSTS.wanted : COSTS.made
    return { inputs: [], outputs: [fact], cost }
  }
  const all = candidates.map(gift)
  const unmade = all.filter(({ cost }) => cost === COSTS.unmade)
  const gifts = reaches(reach(set, [...there, ...unmade.flatMap(({ outputs }) => outputs)]), wants) ? unmade : all
  const extended = ruleSet([...set.rules, ...gifts], set.facts)
  const plan = thinOut(extended, there, wants, cheapest(extended, there, wants) ?? [])
  const cost = (fact: number): number => gift(fact).cost
  const found = plan.flatMap((index) => (index < set.rules.length ? [] : (extended.rules[index]?.outputs ?? [])))
  // None can be left out beside the rules of this plan; beside all rules perhaps one can.
  let facts = [...found]
  for (const fact of found.sort((a, b) => cost(b) - cost(a) || b - a)) {
    const rest = facts.filter((other) => other !== fact)
    if (reaches(reach(set, [...there, ...rest]), wants)) facts = rest
  }
  const rules = facts.length === found.length ? plan.filter((index) => index < set.rules.length) : (cheapest(set, [...there, ...facts], wants) ?? [])
  return { facts, rules }
}

/** Facts that some way to what is wanted needs, and that nothing leads to. */
function outOfReach({ rules, makers, ...set }: RuleSet, there: readonly number[], wants: readonly number[]): number[] {
  const { maker } = reach({ rules, makers, ...set }, there)
  const found = new Set<number>()
  const open = [...wants]
  for (let fact = open.pop(); fact !== undefined; fact = open.pop()) {
    if (maker[fact] !== undefined || found.has(fact)) continue
    found.add(fact)
    for (const index of makers[fact] ?? []) open.push(...(rules[index]?.inputs ?? []))
  }
  return [...found].sort((a, b) => a - b)
}
