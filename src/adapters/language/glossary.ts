import { indexTerms, type Term, type TermIndex } from '../../core/translation/terms.ts'
import { tagDistance } from '../../core/translation/tags.ts'
import type { Unit } from './unit.ts'

/** Directions kept ready. */
const MAX_READY = 64
/** A longer entry is a sentence, and belongs into a memory. */
const MAX_TERM = 200

/** Terms that are translated as the operator says, or stay as they are: those with one language only, whatever language the text is in. */
export class Glossary {
  readonly #units: readonly Unit[]
  readonly #ready = new Map<string, TermIndex>()

  constructor(units: readonly Unit[]) {
    this.#units = units
  }

  terms(from: string, to: string): TermIndex {
    const name = `${from}>${to}`
    const ready = this.#ready.get(name)
    if (ready !== undefined) return ready
    const index = indexTerms(this.#of(from, to))
    if (this.#ready.size >= MAX_READY) this.#ready.clear()
    this.#ready.set(name, index)
    return index
  }

  *#of(from: string, to: string): Generator<Term> {
    for (const unit of this.#units) {
      const [only] = unit.values()
      const source = unit.size === 1 ? only : closest(unit, from)
      const target = unit.size === 1 ? undefined : closest(unit, to)
      if (source === undefined || source.length > MAX_TERM) continue
      if (target !== undefined) yield { source, target }
      else if (unit.size === 1) yield { source }
    }
  }
}

function closest(unit: Unit, wanted: string): string | undefined {
  return [...unit]
    .flatMap(([language, text]) => {
      const far = tagDistance(wanted, language)
      return far === undefined ? [] : [{ far, text }]
    })
    .sort((a, b) => a.far - b.far)[0]?.text
}
