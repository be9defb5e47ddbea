import type { Rule } from './rules.ts'

/** Sets of rules as bits, so that thousands of long ways are joined and weighed in no time. */
export class RuleBits {
  readonly #words: number
  /** By cost, of which there are few: the rules that cost so much. */
  readonly #masks = new Map<number, Uint32Array>()

  constructor(rules: readonly Rule[]) {
    this.#words = (rules.length + 31) >>> 5
    rules.forEach(({ cost }, index) => {
      const mask = this.#masks.get(cost) ?? new Uint32Array(this.#words)
      this.#masks.set(cost, mask)
      this.add(mask, index)
    })
  }

  /** A new set. */
  union(sets: readonly Uint32Array[]): Uint32Array {
    const [first, ...others] = new Set(sets)
    const all = first === undefined ? new Uint32Array(this.#words) : first.slice()
    for (const set of others) for (let at = 0; at < all.length; at++) all[at] = (all[at] ?? 0) | (set[at] ?? 0)
    return all
  }

  add(set: Uint32Array, index: number): void {
    set[index >>> 5] = (set[index >>> 5] ?? 0) | (1 << (index & 31))
  }

  /** Of all rules in the set together. */
  cost(set: Uint32Array): number {
    let cost = 0
    for (const [each, mask] of this.#masks) {
      let count = 0
      for (let at = 0; at < set.length; at++) {
        const word = (set[at] ?? 0) & (mask[at] ?? 0)
        if (word !== 0) count += ones(word)
      }
      cost += count * each
    }
    return cost
  }

  /** In ascending order. */
  list(set: Uint32Array): number[] {
    const found: number[] = []
    for (let at = 0; at < set.length; at++) for (let word = set[at] ?? 0; word !== 0; word &= word - 1) found.push(at * 32 + (31 - Math.clz32(word & -word)))
    return found
  }
}

/** Bits that are set in a word of 32 (Warren, "Hacker's Delight", 5-1). */
function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
