import { sameLanguage } from '../../core/ids/language-tag.ts'
import { MAX_TEXT, protect, restore } from '../../core/translation/protect.ts'
import { segments, trimmed } from '../../core/translation/segments.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { Translated, Translator } from '../../ports/translator.ts'
import { HansaError } from '../../schema/errors.ts'
import { Apertium } from './apertium.ts'
import { LanguageIdentifier } from './identify.ts'
import { MemoryFiles } from './memory-files.ts'

export interface LanguageSettings {
  /** TMX and CSV files, absolute paths. */
  readonly memory: readonly string[]
  /** Least similarity of a fuzzy match, 0 to 1. */
  readonly threshold: number
  /** Directory of Apertium's modes; undefined: not to be used. */
  readonly apertium: string | undefined
  /** Segments kept translated. */
  readonly cache: number
}

export type LanguageService = Translator & { start(): Promise<void>; stop(): Promise<void> }

/** All pairs that are told to others (ports/translator.ts). */
const MAX_PAIRS = 128

/**
 * Natural language (draft 2.5, 3.3.2): the translation memory first, machine translation for what it has not, sentence by sentence. What nobody can do fails by its
 * pair; nothing is guessed.
 */
export function createTranslator(settings: LanguageSettings, deps: { readonly clock: Clock; readonly log: Log }): LanguageService {
  const files = new MemoryFiles(settings.memory, settings.threshold, deps)
  const apertium = settings.apertium === undefined ? undefined : new Apertium(settings.apertium)
  const identifier = new LanguageIdentifier()
  const cache = new Map<string, Translated>()

  const machinePair = (from: string, to: string): string | undefined =>
    apertium?.pairs().find((pair) => {
      const [source = '', target = ''] = pair.split('>')
      return sameLanguage(source, from) && sameLanguage(target, to)
    })

  function keep(key: string, result: Translated): Translated {
    cache.set(key, result)
    if (cache.size > settings.cache) for (const oldest of cache.keys()) return (void cache.delete(oldest), result)
    return result
  }

  /** One sentence without white space around it; undefined when nobody can. */
  async function sentence(text: string, from: string, to: string): Promise<Translated | undefined> {
    if (!/\p{L}/u.test(protect(text).text)) return { text, engine: 'none', score: 1 }
    const key = `${files.version} ${from}>${to} ${text}`
    const known = cache.get(key)
    if (known !== undefined) return known
    const match = files.memory.find(text, from, to)
    if (match !== undefined) return keep(key, { ...match, engine: 'memory' })
    const pair = machinePair(from, to)
    if (apertium === undefined || pair === undefined) return undefined
    const template = protect(text)
    const translated = await apertium.translate(template.text, pair)
    const whole = translated === undefined ? undefined : restore(translated.trim(), template.slots)
    return whole === undefined ? undefined : keep(key, { text: whole, engine: 'apertium', score: 1 })
  }

  async function whole(text: string, from: string, to: string, signal: AbortSignal): Promise<Translated> {
    if (text.length > MAX_TEXT) throw new HansaError('FRAME_TOO_LARGE', `a text of ${text.length} characters is not translated`, { bound: MAX_TEXT })
    const { before, core, after } = trimmed(text)
    if (core === '') return { text, engine: 'none', score: 1 }
    // A memory may hold a paragraph as one unit.
    const match = files.memory.find(core, from, to)
    if (match !== undefined && match.score === 1) return { text: before + match.text + after, engine: 'memory', score: 1 }
    const engines = new Set<string>()
    let result = ''
    let score = 1
    for (const segment of segments(core, from)) {
      signal.throwIfAborted()
      const around = trimmed(segment)
      const done = await sentence(around.core, from, to)
      if (done === undefined) {
        const pair = `${from}>${to}`
        throw new HansaError('TRANSLATION_UNAVAILABLE', `nobody here translates this from ${from} to ${to}`, { pair })
      }
      if (done.engine !== 'none') engines.add(done.engine)
      score = Math.min(score, done.score)
      result += around.before + done.text + around.after
    }
    return { text: before + result + after, engine: [...engines].join('+') || 'none', score }
  }

  return {
    async start() {
      await files.start()
      await apertium?.start()
      if (settings.memory.length > 0 || (apertium?.pairs().length ?? 0) > 0) await identifier.load()
    },
    stop() {
      files.stop()
      apertium?.stop()
      return Promise.resolve()
    },
    pairs: () => [...new Set([...files.memory.pairs(), ...(apertium?.pairs() ?? [])])].slice(0, MAX_PAIRS),
    can: (from, to) =>
      machinePair(from, to) !== undefined ||
      files.memory.pairs().some((pair) => {
        const [source = '', target = ''] = pair.split('>')
        return sameLanguage(source, from) && sameLanguage(target, to)
      }),
    async translate({ texts, from, to, signal }) {
      const results: Translated[] = []
      for (const text of texts) results.push(await whole(text, from, to, signal))
      return results
    },
    identify: (text) => identifier.identify(text)
  }
}
