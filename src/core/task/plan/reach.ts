import type { RuleSet } from './rules.ts'

/** No rule made the fact: it was there. */
export const THERE = -1

export interface Reach {
  /** By fact: the first rule that makes it, THERE, or undefined when it is out of reach. */
  readonly maker: readonly (number | undefined)[]
  /** Rules that can be used, each after those that make what it needs. */
  readonly order: readonly number[]
}

/** All that follows from the facts that are there by the rules of `use` (all rules otherwise): a fixpoint, in time linear in the size of the rules. */
export function reach({ rules, facts, takers }: RuleSet, there: Iterable<number>, use?: Iterable<number>): Reach {
  const maker: (number | undefined)[] = Array.from({ length: facts }, () => undefined)
  const allowed = use === undefined ? undefined : new Set(use)
  const open = rules.map(({ inputs }) => inputs.length)
  const order: number[] = []
  const news: number[] = []
  const add = (fact: number, by: number): void => {
    if (maker[fact] !== undefined) return
    maker[fact] = by
    news.push(fact)
  }
  const apply = (index: number): void => {
    order.push(index)
    for (const fact of rules[index]?.outputs ?? []) add(fact, index)
  }
  for (const fact of there) add(fact, THERE)
  for (const index of allowed ?? rules.keys()) if (open[index] === 0) apply(index)
  for (let at = 0; at < news.length; at++) {
    for (const index of takers[news[at] ?? 0] ?? []) {
      const left = (open[index] ?? 0) - 1
      open[index] = left
      if (left === 0 && (allowed?.has(index) ?? true)) apply(index)
    }
  }
  return { maker, order }
}

/** True when all of these facts are within reach. */
export function reaches(found: Reach, facts: Iterable<number>): boolean {
  for (const fact of facts) if (found.maker[fact] === undefined) return false
  return true
}
