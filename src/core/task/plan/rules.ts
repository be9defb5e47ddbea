/** One way to get facts out of facts, by the numbers of a FactTable. */
export interface Rule {
  /** Without repetition. */
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
  /** What using it costs; above 0. */
  readonly cost: number
}

/** Facts by number, so that sets of them are arrays. */
export class FactTable {
  readonly names: string[] = []
  readonly #numbers = new Map<string, number>()

  /** The number of a fact; a new one gets the next. */
  number(name: string): number {
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    this.#numbers.set(name, this.names.length)
    return this.names.push(name) - 1
  }

  numbers(names: Iterable<string>): number[] {
    return [...new Set([...names].map((name) => this.number(name)))]
  }

  /** Throws nothing: a number of this table has a name. */
  name(fact: number): string {
    return this.names[fact] ?? ''
  }
}

/** Where facts are from: rules by what they put out, and by what they need. */
export interface RuleSet {
  readonly rules: readonly Rule[]
  readonly facts: number
  readonly makers: readonly (readonly number[])[]
  readonly takers: readonly (readonly number[])[]
}

/** Indexes rules over `facts` facts. */
export function ruleSet(rules: readonly Rule[], facts: number): RuleSet {
  const makers: number[][] = Array.from({ length: facts }, () => [])
  const takers: number[][] = Array.from({ length: facts }, () => [])
  rules.forEach(({ inputs, outputs }, index) => {
    for (const fact of inputs) takers[fact]?.push(index)
    for (const fact of outputs) makers[fact]?.push(index)
  })
  return { rules, facts, makers, takers }
}
