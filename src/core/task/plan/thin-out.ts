import { reach, reaches, THERE } from './reach.ts'
import type { RuleSet } from './rules.ts'

/**
 * Leaves rules out of `chosen`, which lead from what is there to all that is wanted, until none more can be left out. The dearest go first. Rules that are the only
 * one to make something necessary are not even tried, so that long chains cost linear time.
 */
export function thinOut(set: RuleSet, there: readonly number[], wants: readonly number[], chosen: readonly number[]): number[] {
  const { rules } = set
  let kept = used(set, there, wants, chosen)
  let fixed = necessary(set, there, wants, kept)
  const cost = (index: number): number => rules[index]?.cost ?? 0
  // What could not be left out of a set cannot be left out of a part of it: one pass is enough.
  for (const candidate of [...kept].sort((a, b) => cost(b) - cost(a) || b - a)) {
    if (!kept.has(candidate) || fixed.has(candidate)) continue
    const rest = [...kept].filter((index) => index !== candidate)
    if (!reaches(reach(set, there, rest), wants)) continue
    kept = used(set, there, wants, rest)
    fixed = necessary(set, there, wants, kept)
  }
  return [...kept].sort((a, b) => a - b)
}

/** Those of `chosen` that are on the way to what is wanted, when each fact is had from the first that makes it. */
function used(set: RuleSet, there: readonly number[], wants: readonly number[], chosen: readonly number[]): Set<number> {
  const { maker } = reach(set, there, chosen)
  const found = new Set<number>()
  const open = [...wants]
  for (let fact = open.pop(); fact !== undefined; fact = open.pop()) {
    const by = maker[fact] ?? THERE
    if (by === THERE || found.has(by)) continue
    found.add(by)
    open.push(...(set.rules[by]?.inputs ?? []))
  }
  return found
}

/** Those of `among` without which some fact, that is wanted or that such a rule needs, has no maker. Every other set of rules out of `among` has them, too. */
export function necessary({ rules, makers }: RuleSet, there: readonly number[], wants: readonly number[], among: ReadonlySet<number>): Set<number> {
  const given = new Set(there)
  const seen = new Set<number>()
  const found = new Set<number>()
  const open = [...wants]
  for (let fact = open.pop(); fact !== undefined; fact = open.pop()) {
    if (given.has(fact) || seen.has(fact)) continue
    seen.add(fact)
    const by = (makers[fact] ?? []).filter((index) => among.has(index))
    const [only] = by
    if (by.length !== 1 || only === undefined || found.has(only)) continue
    found.add(only)
    open.push(...(rules[only]?.inputs ?? []))
  }
  return found
}
