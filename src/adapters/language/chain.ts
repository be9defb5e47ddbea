import type { Marked } from '../../core/translation/protect.ts'
import { matchingPairs, type Pair, parsePair, tagDistance } from '../../core/translation/tags.ts'
import type { Log } from '../../ports/log.ts'
import { HansaError } from '../../schema/errors.ts'
import type { Backend, Made } from './backend.ts'
import { SentenceCache } from './sentence-cache.ts'

export const BACKENDS = ['memory', 'apertium', 'libretranslate', 'chat'] as const

/** A sentence as the memory sees it (no terms: a unit is translated by a person), and as machines see it (terms as slots). */
export interface Sentence {
  readonly plain: Marked
  readonly withTerms: Marked
}

export interface Done extends Made {
  readonly engine: string
}

export interface ChainSettings {
  /** Order in which backends are tried. */
  readonly order: readonly string[]
  /** Another order for a pair: en>zh. */
  readonly pairs: Readonly<Record<string, readonly string[]>>
  /** Sentences kept translated. */
  readonly cache: number
}

/** Told of each sentence: by what, and how it ended (made, cached, missing, failed). */
export type Count = (engine: string, outcome: string, sentences: number) => void

/** Tries the backends in their order; what one cannot do goes to the next. */
export class Chain {
  readonly #backends: ReadonlyMap<string, Backend>
  readonly #settings: ChainSettings
  readonly #cache: SentenceCache
  readonly #log: Log
  readonly #count: Count

  constructor(backends: readonly Backend[], settings: ChainSettings, log: Log, count: Count) {
    this.#backends = new Map(backends.map((backend) => [backend.name, backend]))
    this.#settings = settings
    this.#cache = new SentenceCache(settings.cache)
    this.#log = log
    this.#count = count
  }

  pairs(): readonly Pair[] {
    return [...this.#backends.values()].flatMap((backend) => backend.pairs().filter((pair) => this.#order(pair.from, pair.to).includes(backend)))
  }

  can(from: string, to: string): boolean {
    return this.#order(from, to).some((backend) => matchingPairs({ from, to }, backend.pairs()).length > 0)
  }

  /** Name of the backend that is asked first. */
  first(from: string, to: string): string | undefined {
    return this.#order(from, to)[0]?.name
  }

  /** As many results as sentences; undefined for one that no backend can do. Throws CANCELED. `glossary` changes with the terms. */
  async translate(
    sentences: readonly Sentence[],
    job: { readonly from: string; readonly to: string; readonly glossary: string; readonly signal: AbortSignal }
  ): Promise<(Done | undefined)[]> {
    const { from, to, signal } = job
    const results: (Done | undefined)[] = sentences.map(() => undefined)
    for (const backend of this.#order(from, to)) {
      const open = results.flatMap((result, index) => (result === undefined ? [index] : []))
      if (open.length === 0) break
      if (signal.aborted) throw new HansaError('CANCELED', 'the caller went away', {}, signal.reason)
      if (matchingPairs({ from, to }, backend.pairs()).length === 0) continue
      await this.#ask(backend, sentences, open, job, results)
    }
    return results
  }

  async #ask(
    backend: Backend,
    sentences: readonly Sentence[],
    open: readonly number[],
    job: { readonly from: string; readonly to: string; readonly glossary: string; readonly signal: AbortSignal },
    results: (Done | undefined)[]
  ): Promise<void> {
    const { name } = backend
    const { from, to, glossary, signal } = job
    const version = name === 'memory' ? backend.version() : `${backend.version()} ${glossary}`
    const seen = (index: number): Marked | undefined => (name === 'memory' ? sentences[index]?.plain : sentences[index]?.withTerms)
    const asked = new Map<string, { readonly marked: Marked; readonly places: number[] }>()
    let cached = 0
    for (const index of open) {
      const marked = seen(index)
      if (marked === undefined) continue
      const key = SentenceCache.key(name, version, from, to, marked)
      const kept = this.#cache.get(key)
      if (kept !== undefined) {
        results[index] = { ...kept, engine: name }
        cached++
      } else {
        const same = asked.get(key)
        if (same === undefined) asked.set(key, { marked, places: [index] })
        else same.places.push(index)
      }
    }
    if (cached > 0) this.#count(name, 'cached', cached)
    if (asked.size === 0) return
    try {
      const made = await backend.translate({ sentences: [...asked.values()].map(({ marked }) => marked), from, to, signal })
      for (const [at, [key, { places }]] of [...asked].entries()) {
        const one = made[at]
        this.#count(name, one === undefined ? 'missing' : 'made', places.length)
        if (one === undefined) continue
        this.#cache.set(key, one)
        for (const place of places) results[place] = { ...one, engine: name }
      }
    } catch (error) {
      if (signal.aborted) throw new HansaError('CANCELED', 'the caller went away', {}, signal.reason)
      this.#count(name, 'failed', asked.size)
      this.#log.warn(
        { backend: name, pair: `${from}>${to}`, reason: error instanceof Error ? error.message : 'unknown' },
        'a translation backend failed; the next one is asked'
      )
    }
  }

  #order(from: string, to: string): Backend[] {
    const { order, pairs } = this.#settings
    const special = Object.entries(pairs)
      .flatMap(([name, names]) => {
        const pair = parsePair(name)
        const far = pair === undefined ? [] : [tagDistance(from, pair.from), tagDistance(to, pair.to)]
        return far.length === 0 || far.includes(undefined) ? [] : [{ names, far: far.reduce<number>((sum, each) => sum + (each ?? 0), 0) }]
      })
      .sort((a, b) => a.far - b.far)[0]
    return (special?.names ?? order).flatMap((name) => this.#backends.get(name) ?? [])
  }
}
