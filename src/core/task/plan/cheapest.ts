import { Heap } from '../../structures/heap.ts'
import type { RuleSet } from './rules.ts'

/**
 * Rules that lead from what is there to all that is wanted, few and cheap, though not always the fewest (to find those takes exponential time); undefined when there are none.
 * Each fact is got by the rule whose whole way to it is the cheapest, a rule that is used twice on a way counted once: the set-additive heuristic (Keyder and
 * Geffner, "Heuristics for planning with action costs revisited", 2008). Sums along the way would double at each level, and overflow on long ones. Of equals the
 * rule with the smaller index is taken.
 */
export function cheapest({ rules, facts, takers }: RuleSet, there: Iterable<number>, wants: readonly number[]): number[] | undefined {
  const words = (rules.length + 31) >>> 5
  /** By fact: the rules on its way, as bits; absent while no way is known. */
  const ways: (Uint32Array | undefined)[] = Array.from({ length: facts }, () => undefined)
  const open = rules.map(({ inputs }) => inputs.length)
  const heap = new Heap<{ readonly index: number; readonly cost: number; readonly way: Uint32Array }>(
    (a, b) => a.cost < b.cost || (a.cost === b.cost && a.index < b.index)
  )

  const ready = (index: number): void => {
    const way = union(
      (rules[index]?.inputs ?? []).map((fact) => ways[fact]),
      words
    )
    way[index >>> 5] = (way[index >>> 5] ?? 0) | (1 << (index & 31))
    let cost = 0
    for (const used of bits(way)) cost += rules[used]?.cost ?? 0
    heap.push({ index, cost, way })
  }
  const settle = (fact: number, way: Uint32Array): void => {
    if (ways[fact] !== undefined) return
    ways[fact] = way
    for (const index of takers[fact] ?? []) {
      const left = (open[index] ?? 0) - 1
      open[index] = left
      if (left === 0) ready(index)
    }
  }

  rules.forEach(({ inputs }, index) => {
    if (inputs.length === 0) ready(index)
  })
  for (const fact of there) settle(fact, new Uint32Array(words))
  const missing = new Set(wants.filter((fact) => ways[fact] === undefined))
  while (missing.size > 0) {
    const next = heap.pop()
    if (next === undefined) return undefined
    for (const fact of rules[next.index]?.outputs ?? []) {
      settle(fact, next.way)
      missing.delete(fact)
    }
  }
  return [
    ...bits(
      union(
        wants.map((fact) => ways[fact]),
        words
      )
    )
  ]
}

function union(sets: readonly (Uint32Array | undefined)[], words: number): Uint32Array {
  const all = new Uint32Array(words)
  for (const set of sets) if (set !== undefined) for (let at = 0; at < words; at++) all[at] = (all[at] ?? 0) | (set[at] ?? 0)
  return all
}

function* bits(set: Uint32Array): Generator<number, void, undefined> {
  for (let at = 0; at < set.length; at++) {
    for (let word = set[at] ?? 0; word !== 0; word &= word - 1) yield at * 32 + (31 - Math.clz32(word & -word))
  }
}
