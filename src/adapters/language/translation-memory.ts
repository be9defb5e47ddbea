import { distance } from 'fastest-levenshtein'
import { sameLanguage } from '../../core/ids/language-tag.ts'
import { normalize, protect, restore, SLOT } from '../../core/translation/protect.ts'
import { differsInNegation } from './negation.ts'
import type { Unit } from './unit.ts'

/** A unit in one direction: what it is found by, and what comes of it. */
interface Entry {
  readonly key: string
  /** Target with SLOT where a span of the source goes. */
  readonly target: string
  /** Which span of the source goes into each slot of the target. */
  readonly order: readonly number[]
}

export interface Match {
  readonly text: string
  /** 1 for an exact match, less for a fuzzy one. */
  readonly score: number
}

/** Units that a fuzzy match is looked for among, those of a similar length only. */
const MAX_COMPARED = 20_000

/** Sentences in several languages, in both directions. Numbers and other protected spans are slots: a unit written with 2 serves for any number. */
export class TranslationMemory {
  /** Languages as they stand in the units -> index of units. */
  readonly #pairs = new Map<string, Map<string, Entry>>()
  readonly #threshold: number

  /** `threshold`: least similarity of a fuzzy match, 0 to 1; 1 means exact matches only. */
  constructor(units: readonly Unit[], threshold: number) {
    this.#threshold = threshold
    for (const unit of units) for (const [from, source] of unit) for (const [to, target] of unit) if (from !== to) this.#add(`${from}>${to}`, source, target)
  }

  /** As en>es. */
  pairs(): string[] {
    return [...this.#pairs.keys()]
  }

  /** Undefined when nothing fits. */
  find(text: string, from: string, to: string): Match | undefined {
    const { text: shape, slots } = protect(text)
    const key = normalize(shape)
    for (const index of this.#indexes(from, to)) {
      const exact = index.get(key)
      const filled = exact === undefined ? undefined : fill(exact, slots)
      if (filled !== undefined) return { text: filled, score: 1 }
      const literal = slots.length === 0 ? undefined : index.get(`${key}\n${slots.join('\n')}`)
      if (literal !== undefined) return { text: literal.target, score: 1 }
    }
    return this.#fuzzy(key, slots, from, to)
  }

  #add(pair: string, source: string, target: string): void {
    const from = protect(source)
    const to = protect(target)
    const order = orderOf(from.slots, to.slots)
    const index = this.#pairs.get(pair) ?? new Map<string, Entry>()
    this.#pairs.set(pair, index)
    // Spans that do not go together cannot be filled with others: then the unit stands for its own words only.
    const entry =
      order === undefined
        ? { key: `${normalize(from.text)}\n${from.slots.join('\n')}`, target: target.replaceAll(SLOT, ''), order: [] }
        : { key: normalize(from.text), target: to.text, order }
    if (!index.has(entry.key)) index.set(entry.key, entry)
  }

  *#indexes(from: string, to: string): Generator<Map<string, Entry>> {
    for (const [pair, index] of this.#pairs) {
      const [source = '', target = ''] = pair.split('>')
      if (sameLanguage(source, from) && sameLanguage(target, to)) yield index
    }
  }

  #fuzzy(key: string, slots: readonly string[], from: string, to: string): Match | undefined {
    if (this.#threshold >= 1) return undefined
    let best: { readonly entry: Entry; readonly score: number } | undefined
    let compared = 0
    for (const index of this.#indexes(from, to))
      for (const entry of index.values()) {
        const longest = Math.max(entry.key.length, key.length)
        if (entry.order.length !== slots.length || Math.abs(entry.key.length - key.length) > longest * (1 - this.#threshold)) continue
        if (++compared > MAX_COMPARED) break
        const score = 1 - distance(entry.key, key) / longest
        if (score >= this.#threshold && score > (best?.score ?? 0) && !differsInNegation(entry.key, key)) best = { entry, score }
      }
    const filled = best === undefined ? undefined : fill(best.entry, slots)
    return best === undefined || filled === undefined ? undefined : { text: filled, score: Math.round(best.score * 100) / 100 }
  }
}

/** Each span of the target is one of the source; undefined when they do not go together one to one. */
function orderOf(source: readonly string[], target: readonly string[]): number[] | undefined {
  if (source.length !== target.length) return undefined
  const free = source.map((value, index) => ({ value, index }))
  const order: number[] = []
  for (const value of target) {
    const at = free.findIndex((each) => each.value === value)
    const [taken] = at < 0 ? [] : free.splice(at, 1)
    if (taken === undefined) return undefined
    order.push(taken.index)
  }
  return order
}

function fill(entry: Entry, slots: readonly string[]): string | undefined {
  if (entry.order.length !== slots.length) return undefined
  return restore(
    entry.target,
    entry.order.map((index) => slots[index] ?? '')
  )
}
