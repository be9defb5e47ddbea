import { type Marked, render } from '../../core/translation/protect.ts'
import { matchingPairs, type Pair } from '../../core/translation/tags.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import { HansaError } from '../../schema/errors.ts'
import type { Backend, Job, Made } from './backend.ts'
import { checkMade } from './check-made.ts'
import { askJson } from './post-json.ts'

export interface LibreTranslateSettings {
  readonly url: URL
  readonly key: string | undefined
}

/** How often the service is asked for its languages, in milliseconds; and the time for one answer. */
const LANGUAGES_MS = 10 * 60_000
const ANSWER_MS = 5_000
const MAX_LANGUAGES = 256
/** Sentences in one request. */
const AT_ONCE = 50
const MARKER = /<x id="(\d{1,4})"\s*(?:><\/x>|\/>)/g

/** A service that speaks the interface of LibreTranslate: POST /translate, GET /languages. Text goes as HTML, whose elements come back as they were. */
export class LibreTranslate implements Backend {
  readonly name = 'libretranslate'
  readonly #settings: LibreTranslateSettings
  readonly #deps: { readonly clock: Clock; readonly log: Log }
  #pairs: readonly Pair[] = []
  #cancel: () => void = () => undefined

  constructor(settings: LibreTranslateSettings, deps: { readonly clock: Clock; readonly log: Log }) {
    this.#settings = settings
    this.#deps = deps
  }

  /** Asks for the languages now and again later; a service that is down has none until it is up. */
  async start(): Promise<void> {
    await this.refresh()
    this.#cancel = this.#deps.clock.every(LANGUAGES_MS, () => void this.refresh())
  }

  stop(): void {
    this.#cancel()
  }

  version(): string {
    return this.#settings.url.href
  }

  pairs(): readonly Pair[] {
    return this.#pairs
  }

  async refresh(): Promise<void> {
    try {
      this.#pairs = readLanguages(await askJson({ url: this.#at('languages'), signal: AbortSignal.timeout(ANSWER_MS) }))
    } catch (error) {
      this.#deps.log.warn(
        { url: this.#settings.url.origin, reason: error instanceof Error ? error.message : '' },
        'the languages of the translation service are not known'
      )
    }
  }

  async translate({ sentences, from, to, signal }: Job): Promise<readonly (Made | undefined)[]> {
    const [pair] = matchingPairs({ from, to }, this.#pairs)
    if (pair === undefined) return sentences.map(() => undefined)
    const results: (Made | undefined)[] = []
    for (let at = 0; at < sentences.length; at += AT_ONCE) results.push(...(await this.#ask(sentences.slice(at, at + AT_ONCE), pair, signal)))
    return results
  }

  async #ask(sentences: readonly Marked[], pair: Pair, signal: AbortSignal): Promise<(Made | undefined)[]> {
    const { key } = this.#settings
    const q = sentences.map((sentence) => render(sentence, (slot) => `<x id="${slot + 1}"></x>`, encode))
    const body = { q, source: pair.from, target: pair.to, format: 'html', ...(key === undefined ? {} : { api_key: key }) }
    const answer = await askJson({ url: this.#at('translate'), body, signal })
    const texts = typeof answer === 'object' && answer !== null && 'translatedText' in answer ? answer.translatedText : undefined
    if (!Array.isArray(texts) || texts.length !== sentences.length)
      throw new HansaError(
        'TRANSLATION_UNAVAILABLE',
        `the translation service at ${this.#settings.url.origin} answered with something else than ${sentences.length} texts`
      )
    return sentences.map((sentence, index) => {
      const made: unknown = texts[index]
      const text = typeof made === 'string' ? checkMade(made, sentence, MARKER, decode) : undefined
      return text === undefined ? undefined : { text, score: 1 }
    })
  }

  #at(name: string): URL {
    const { url } = this.#settings
    return new URL(name, url.href.endsWith('/') ? url : `${url.href}/`)
  }
}

function readLanguages(answer: unknown): Pair[] {
  if (!Array.isArray(answer)) throw new HansaError('TRANSLATION_UNAVAILABLE', 'the languages are no list')
  return answer.slice(0, MAX_LANGUAGES).flatMap((language: unknown) => {
    if (typeof language !== 'object' || language === null || !('code' in language) || typeof language.code !== 'string') return []
    const { code } = language
    const targets = 'targets' in language && Array.isArray(language.targets) ? language.targets.slice(0, MAX_LANGUAGES) : []
    return targets.flatMap((to: unknown) => (typeof to === 'string' && to !== code ? [{ from: code, to }] : []))
  })
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' }

function encode(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function decode(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w{1,8}));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return NAMED[name] ?? whole
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal)
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}
