import { Heap } from '../../structures/heap.ts'
import type { RuleSet } from './rules.ts'
import { RuleBits } from './rule-bits.ts'

/**
 * Rules that lead from what is there to all that is wanted, few and cheap, though not always the fewest (to find those takes exponential time); undefined when there are none.
 * Each fact is got by the rule whose whole way to it is the cheapest, a rule that is used twice on a way counted once: the set-additive heuristic (Keyder and
 * Geffner, "Heuristics for planning with action costs revisited", 2008). Sums along the way would double at each level, and overflow on long ones. Of equals the
 * rule with the smaller index is taken.
 */
export function cheapest({ rules, facts, takers }: RuleSet, there: Iterable<number>, wants: readonly number[]): number[] | undefined {
  const bits = new RuleBits(rules)
  const nothing = bits.union([])
  /** By fact: the rules on its way; absent while no way is known. */
  const ways: (Uint32Array | undefined)[] = Array.from({ length: facts }, () => undefined)
  const open = rules.map(({ inputs }) => inputs.length)
  const heap = new Heap<{ readonly index: number; readonly cost: number; readonly way: Uint32Array }>(
    (a, b) => a.cost < b.cost || (a.cost === b.cost && a.index < b.index)
  )
  const way = (needs: readonly number[]): Uint32Array => bits.union(needs.map((fact) => ways[fact] ?? nothing))
  const ready = (index: number): void => {
    const whole = way(rules[index]?.inputs ?? [])
    bits.add(whole, index)
    heap.push({ index, cost: bits.cost(whole), way: whole })
  }
  const settle = (fact: number, found: Uint32Array): void => {
    if (ways[fact] !== undefined) return
    ways[fact] = found
    for (const index of takers[fact] ?? []) {
      const left = (open[index] ?? 0) - 1
      open[index] = left
      if (left === 0) ready(index)
    }
  }

  rules.forEach(({ inputs }, index) => {
    if (inputs.length === 0) ready(index)
  })
  for (const fact of there) settle(fact, nothing)
  const missing = new Set(wants.filter((fact) => ways[fact] === undefined))
  while (missing.size > 0) {
    const next = heap.pop()
    if (next === undefined) return undefined
    for (const fact of rules[next.index]?.outputs ?? []) {
      settle(fact, next.way)
      missing.delete(fact)
    }
  }
  return bits.list(way(wants))
}
