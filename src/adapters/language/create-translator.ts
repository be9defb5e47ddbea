import { mark, type Marked, MAX_TEXT, protectedSpans, render, saysSomething } from '../../core/translation/protect.ts'
import { segmentsOf } from '../../core/translation/segments.ts'
import { pairName } from '../../core/translation/tags.ts'
import type { TermIndex } from '../../core/translation/terms.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { Metrics } from '../../ports/metrics.ts'
import type { Translated, TranslationRequest, Translator } from '../../ports/translator.ts'
import { HansaError } from '../../schema/errors.ts'
import { Apertium } from './apertium.ts'
import { Budget, type BudgetSettings } from './budget.ts'
import { Chain, type ChainSettings, type Done, type Sentence } from './chain.ts'
import { Chat, type ChatSettings } from './chat.ts'
import { Glossary } from './glossary.ts'
import { GuardedBackend } from './guarded-backend.ts'
import { type IdentifierSize, LanguageIdentifier } from './identify.ts'
import { LibreTranslate, type LibreTranslateSettings } from './libretranslate.ts'
import { MemoryBackend } from './memory-backend.ts'
import { UnitFiles } from './unit-files.ts'

export interface LanguageSettings extends ChainSettings {
  /** TMX and CSV files, absolute paths. */
  readonly memory: readonly string[]
  readonly glossary: readonly string[]
  /** Least similarity of a fuzzy match, 0 to 1. */
  readonly threshold: number
  /** Directory of Apertium's modes; undefined: not to be used. */
  readonly apertium: string | undefined
  readonly libretranslate: LibreTranslateSettings | undefined
  readonly chat: ChatSettings | undefined
  /** Longest time of one backend for one message, in milliseconds. */
  readonly timeoutMs: number
  /** Characters of each account. */
  readonly budget: BudgetSettings
  readonly identify: IdentifierSize
}

export interface LanguageDeps {
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

export type LanguageService = Translator & { start(): Promise<void>; stop(): Promise<void> }

/** All pairs that are told to others, and all texts of one request (ports/translator.ts). */
const MAX_PAIRS = 128
const MAX_TEXTS = 1024

/** A text on its way: its segments, and for each the place of its sentence among all that are asked for; undefined for what stays. */
interface Draft {
  readonly parts: readonly { readonly text: string; readonly sentence: number | undefined; readonly engine: string | undefined }[]
}

/**
 * Natural language (draft 2.5, 3.3.2): sentence by sentence through the backends in their order, with what must not be translated as slots. What nobody can do fails
 * by its pair; nothing is guessed.
 */
export function createTranslator(settings: LanguageSettings, deps: LanguageDeps): LanguageService {
  const { clock, log, metrics } = deps
  const memory = new MemoryBackend(settings.threshold)
  let glossary = new Glossary([])
  const apertium = settings.apertium === undefined ? undefined : new Apertium(settings.apertium, clock)
  const libre = settings.libretranslate === undefined ? undefined : new LibreTranslate(settings.libretranslate, deps)
  const chat = settings.chat === undefined ? undefined : new Chat(settings.chat)
  const identifier = new LanguageIdentifier(settings.identify)
  const budget = new Budget(settings.budget)

  const units = new UnitFiles(settings.memory, { key: 'gateway.language.memory', least: 2, onUnits: (all) => memory.take(all) }, deps)
  const terms = new UnitFiles(settings.glossary, { key: 'gateway.language.glossary', least: 1, onUnits: (all) => (glossary = new Glossary(all)) }, deps)

  const sentencesCounter = metrics.counter('hansa_translation_sentences_total', 'Sentences by backend and outcome: made, cached, missing, failed.', [
    'engine',
    'outcome'
  ])
  const characters = metrics.counter('hansa_translation_characters_total', 'Characters of texts that were translated.')
  const machines = [apertium, libre, chat].flatMap((backend) => (backend === undefined ? [] : [new GuardedBackend(backend, settings.timeoutMs, clock)]))
  const chain = new Chain([memory, ...machines], settings, log, (engine, outcome, count) => sentencesCounter.inc({ engine, outcome }, count))

  function draft(text: string, index: TermIndex, sentences: Sentence[]): Draft {
    const spans = protectedSpans(text)
    const all = protectedSpans(text, index)
    const parts = segmentsOf(text, merged(spans, all)).map((segment) => {
      const piece = text.slice(segment.start, segment.end)
      const withTerms = mark(text, all, segment.start, segment.end)
      if (!segment.sentence) return { text: piece, sentence: undefined, engine: undefined }
      // Nothing but terms and what stays anyway.
      if (!saysSomething(withTerms)) {
        const said = render(withTerms, (slot) => withTerms.spans[slot]?.value ?? '')
        return { text: said, sentence: undefined, engine: withTerms.spans.some(({ kind }) => kind === 'term') ? 'glossary' : undefined }
      }
      return { text: piece, sentence: sentences.push({ plain: mark(text, spans, segment.start, segment.end), withTerms }) - 1, engine: undefined }
    })
    return { parts }
  }

  /** A memory may hold a paragraph as one unit. */
  async function asWhole(text: string, { from, to, signal }: TranslationRequest): Promise<Translated | undefined> {
    const core = text.trim()
    const whole: Marked = mark(core, protectedSpans(core))
    const [made] = saysSomething(whole) ? await memory.translate({ sentences: [whole], from, to, signal }) : []
    if (made?.score !== 1) return undefined
    sentencesCounter.inc({ engine: 'memory', outcome: 'made' })
    const at = text.indexOf(core)
    return { text: text.slice(0, at) + made.text + text.slice(at + core.length), engine: 'memory', score: 1 }
  }

  async function translate(request: TranslationRequest): Promise<readonly Translated[]> {
    const { texts, from, to, account, signal } = request
    if (signal.aborted) throw new HansaError('CANCELED', 'the caller went away', {}, signal.reason)
    check(texts)
    const size = texts.reduce((sum, text) => sum + text.length, 0)
    const retryAfterMs = budget.take(account, size, clock.monotonic())
    if (retryAfterMs !== undefined) throw new HansaError('RATE_LIMITED', `${account} has had as many characters translated as it may`, { retryAfterMs })
    characters.inc({}, size)

    const index = glossary.terms(from, to)
    const sentences: Sentence[] = []
    const first = chain.first(from, to) === 'memory'
    const drafts: (Translated | Draft)[] = []
    for (const text of texts) drafts.push((first ? await asWhole(text, request) : undefined) ?? draft(text, index, sentences))
    const done = await chain.translate(sentences, { from, to, glossary: String(terms.version), signal })
    if (done.includes(undefined)) {
      const pair = `${from}>${to}`
      throw new HansaError('TRANSLATION_UNAVAILABLE', `nobody here translates this from ${from} to ${to}`, { pair })
    }
    return drafts.map((each) => ('parts' in each ? assemble(each, done) : each))
  }

  return {
    async start() {
      await Promise.all([units.start(), terms.start(), apertium?.start(), libre?.start()])
      if (chain.pairs().length > 0 || libre !== undefined) await identifier.load()
    },
    stop() {
      units.stop()
      terms.stop()
      apertium?.stop()
      libre?.stop()
      return Promise.resolve()
    },
    pairs: () => [...new Set(chain.pairs().map(pairName))].slice(0, MAX_PAIRS),
    can: (from, to) => chain.can(from, to),
    translate,
    identify: (text) => identifier.identify(text)
  }
}

function check(texts: readonly string[]): void {
  if (texts.length > MAX_TEXTS) throw new HansaError('INVALID_ARGUMENT', `${texts.length} texts at once; ${MAX_TEXTS} are the most`, { bound: MAX_TEXTS })
  const size = texts.reduce((sum, text) => sum + text.length, 0)
  if (size > MAX_TEXT) throw new HansaError('FRAME_TOO_LARGE', `texts of ${size} characters are not translated`, { bound: MAX_TEXT })
}

/** Ranges that no sentence ends in: the spans of both readings. */
function merged<R extends { readonly start: number; readonly end: number }>(a: readonly R[], b: readonly R[]): R[] {
  return [...a, ...b].sort((x, y) => x.start - y.start || y.end - x.end)
}

function assemble({ parts }: Draft, done: readonly (Done | undefined)[]): Translated {
  const engines = new Set<string>()
  let [text, score] = ['', 1]
  for (const part of parts) {
    const made = part.sentence === undefined ? undefined : done[part.sentence]
    text += made?.text ?? part.text
    score = Math.min(score, made?.score ?? 1)
    const engine = made?.engine ?? part.engine
    if (engine !== undefined) engines.add(engine)
  }
  // Nothing in it was to be translated.
  return { text, engine: [...engines].join('+') || 'none', score }
}
