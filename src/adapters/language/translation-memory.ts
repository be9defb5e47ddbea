import { distance } from 'fastest-levenshtein'
import { mark, type Marked, protectedSpans, render } from '../../core/translation/protect.ts'
import { matchingPairs, type Pair, pairName } from '../../core/translation/tags.ts'
import { literalKey, slotFit, slotOrder, templateKey } from '../../core/translation/template.ts'
import type { Made } from './backend.ts'
import { FuzzyIndex } from './fuzzy-index.ts'
import { knowsNegation, turningWords } from './negation.ts'
import type { Unit } from './unit.ts'

/** A unit in one direction. */
interface Entry {
  readonly source: Marked
  readonly target: Marked
  /** For each slot of the target, which slot of the source goes there; undefined: only good with its own values. */
  readonly order: readonly number[] | undefined
}

interface Direction extends Pair {
  /** By template; several where only the kinds of their slots differ. */
  readonly templates: Map<string, Entry[]>
  /** By template and values. */
  readonly literals: Map<string, Entry>
  /** Made at the first question that needs it. */
  fuzzy: FuzzyIndex | undefined
}

/** Units with one template but other kinds of slots. */
const MAX_ALIKE = 8

/** Sentences in several languages, in both directions. Numbers and other protected spans are slots: a unit written with 2 serves for any number. */
export class TranslationMemory {
  readonly #directions = new Map<string, Direction>()
  readonly #threshold: number

  /** `threshold`: least similarity of a fuzzy match, 0 to 1; 1 means exact matches only. */
  constructor(units: readonly Unit[], threshold: number) {
    this.#threshold = threshold
    for (const unit of units) {
      const texts = [...unit].map(([language, text]) => ({ language, marked: mark(text, protectedSpans(text)) }))
      for (const source of texts)
        for (const target of texts) if (source !== target) this.#add({ from: source.language, to: target.language }, source.marked, target.marked)
    }
  }

  pairs(): readonly Pair[] {
    return [...this.#directions.values()]
  }

  /** Undefined when nothing fits. */
  find(asked: Marked, from: string, to: string): Made | undefined {
    const [literal, template] = [literalKey(asked), templateKey(asked)]
    const directions = matchingPairs({ from, to }, [...this.#directions.values()])
    for (const { literals } of directions) {
      const entry = literals.get(literal)
      if (entry !== undefined) return { text: render(entry.target, (slot) => entry.target.spans[slot]?.text ?? ''), score: 1 }
    }
    let best: Made | undefined
    for (const { templates } of directions)
      for (const entry of templates.get(template) ?? []) {
        const made = fill(entry, asked, 1)
        if (made !== undefined && made.score > (best?.score ?? 0)) best = made
      }
    return best ?? this.#similar(asked, template, directions)
  }

  #add(pair: Pair, source: Marked, target: Marked): void {
    const name = pairName(pair)
    const direction = this.#directions.get(name) ?? { ...pair, templates: new Map<string, Entry[]>(), literals: new Map<string, Entry>(), fuzzy: undefined }
    this.#directions.set(name, direction)
    const entry: Entry = { source, target, order: slotOrder(source.spans, target.spans) }
    const literal = literalKey(source)
    // The first one stays: files are in the order of the operator.
    if (direction.literals.has(literal)) return
    direction.literals.set(literal, entry)
    if (entry.order === undefined) return
    const template = templateKey(source)
    const alike = direction.templates.get(template)
    if (alike === undefined) direction.templates.set(template, [entry])
    else if (alike.length < MAX_ALIKE) alike.push(entry)
  }

  #similar(asked: Marked, template: string, directions: readonly Direction[]): Made | undefined {
    if (this.#threshold >= 1) return undefined
    let best: Made | undefined
    for (const direction of directions) {
      if (!knowsNegation(direction.from)) continue
      const turning = turningWords(template, direction.from)
      direction.fuzzy ??= new FuzzyIndex(direction.templates.keys())
      for (const key of direction.fuzzy.candidates(template, this.#threshold)) {
        const score = 1 - distance(key, template) / Math.max(key.length, template.length)
        if (score < this.#threshold || score <= (best?.score ?? 0) || turningWords(key, direction.from) !== turning) continue
        for (const entry of direction.templates.get(key) ?? []) {
          // Two decimals, and never 1: it is not the sentence that was asked for.
          const made = fill(entry, asked, Math.min(0.99, Math.floor(score * 100) / 100))
          if (made !== undefined && made.score > (best?.score ?? 0)) best = made
        }
      }
    }
    return best
  }
}

function fill(entry: Entry, asked: Marked, score: number): Made | undefined {
  const fit = slotFit(entry.source.spans, asked.spans)
  const { order } = entry
  if (fit === undefined || order === undefined) return undefined
  return { text: render(entry.target, (slot) => asked.spans[order[slot] ?? -1]?.text ?? ''), score: Math.min(score, fit) }
}
