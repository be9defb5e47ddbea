import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { type Decision, planReply, planRequest, replyLanguage } from '../../../../core/translation/plan.ts'
import type { Translator } from '../../../../ports/translator.ts'
import { HansaError } from '../../../../schema/errors.ts'
import { type AppliedTranslationSchema, type Translation, TranslationSchema } from '../../../../schema/generated/hansa/v1/gateway_pb.ts'
import type { Message, Part } from '../../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { declaredLanguage, TRANSLATED } from '../../../../wire/translation-request.ts'
import { type DeclaredFields, type TextSlot, textSlots } from './text-slots.ts'

export interface LanguageJob {
  readonly translator: Translator
  readonly wish: Translation
  /** Languages of the target, from its registration. */
  readonly languages: readonly string[]
  /** Texts for people in the target's structured data. */
  readonly fields: DeclaredFields
  /** Whose budget it is: the target. */
  readonly account: string
  /** Whether translated parts keep what they were. */
  readonly keepOriginal: boolean
  readonly signal: AbortSignal
  readonly applied: (translation: MessageInitShape<typeof AppliedTranslationSchema>) => void
}

/** For whom nothing was declared, or where it is not known. */
export const NO_FIELDS: DeclaredFields = { pointers: [], types: undefined }

/** More letters say nothing more about the language of a text. */
const SAMPLE = 2_000

/** Translates the texts of one call (draft 2.5, 3.3.2): the message into a language of the target, answers into the caller's. Nothing but texts is touched. */
export class LanguageWork {
  readonly #job: LanguageJob
  /** Language of the caller's message, once it is known. */
  #source: string | undefined

  constructor(job: LanguageJob) {
    this.#job = job
    this.#source = job.wish.from === '' ? undefined : job.wish.from
  }

  /** The language that the caller reads; undefined where it takes what comes. Known after `request` at the latest. */
  get reply(): string | undefined {
    return replyLanguage(this.#job.wish, this.#source, this.#job.languages)
  }

  /** Puts the caller's message into a language of the target. Throws TRANSLATION_UNAVAILABLE. */
  async request(message: Message | undefined): Promise<void> {
    if (message === undefined) return
    const { wish, languages, fields, translator } = this.#job
    const { slots, write } = textSlots(message.parts, fields, 'input')
    if (this.#source === undefined) this.#source = declaredLanguage(message.metadata) ?? this.#identify(slots)
    await this.#put(slots, false, ({ part }) =>
      planRequest(wish, declaredLanguage(part.metadata) ?? this.#source, languages, (from, to) => translator.can(from, to))
    )
    write('INVALID_ARGUMENT')
  }

  /** Puts parts of an answer into the caller's language. Throws TRANSLATION_UNAVAILABLE. */
  async answer(parts: readonly Part[], declared: string | undefined): Promise<void> {
    const { languages, fields, translator } = this.#job
    const reply = this.reply
    const { slots, write } = textSlots(parts, fields, 'output')
    await this.#put(slots, true, (slot) => {
      const source = declaredLanguage(slot.part.metadata) ?? declared ?? this.#identify([slot])
      return planReply(reply, source, languages, (from, to) => translator.can(from, to))
    })
    write('INVALID_AGENT_RESPONSE')
  }

  /** What the caller said itself, as it stands in the history of a task: the words it knows, where they were kept. */
  restore(parts: readonly Part[]): void {
    for (const slot of textSlots(parts, NO_FIELDS, 'input').slots) {
      const note = slot.part.metadata?.[TRANSLATED]
      const original = typeof note === 'object' && note !== null && !Array.isArray(note) ? note['original'] : undefined
      if (typeof original !== 'string') continue
      slot.set(original)
      const { [TRANSLATED]: _, ...rest } = slot.part.metadata ?? {}
      slot.part.metadata = rest
    }
  }

  #identify(slots: readonly TextSlot[]): string | undefined {
    const text = slots.map((slot) => slot.text).join('\n')
    const found = this.#job.translator.identify(text.slice(0, SAMPLE))
    return found?.reliable === true ? found.language : undefined
  }

  /** One request to the translator for each pair, whatever the number of texts. */
  async #put(slots: readonly TextSlot[], reply: boolean, decide: (slot: TextSlot) => Decision): Promise<void> {
    const pairs = new Map<string, { readonly from: string; readonly to: string; readonly slots: TextSlot[] }>()
    for (const slot of slots) {
      const decision = decide(slot)
      if (decision.kind === 'none') continue
      if (decision.kind !== 'translate') {
        this.#missing(decision, slot)
        continue
      }
      const { from, to } = decision
      const pair = pairs.get(`${from}>${to}`) ?? { from, to, slots: [] }
      pairs.set(`${from}>${to}`, pair)
      pair.slots.push(slot)
    }
    for (const pair of pairs.values()) await this.#translate(pair, reply)
  }

  async #translate({ from, to, slots }: { readonly from: string; readonly to: string; readonly slots: readonly TextSlot[] }, reply: boolean): Promise<void> {
    const { translator, account, signal, wish, keepOriginal, applied } = this.#job
    let results
    try {
      results = await translator.translate({ texts: slots.map(({ text }) => text), from, to, account, signal })
    } catch (thrown) {
      if (!wish.pass || !(thrown instanceof HansaError) || thrown.code !== 'TRANSLATION_UNAVAILABLE') throw thrown
      for (const slot of slots) mark(slot.part, { engine: 'none', from, to })
      return
    }
    slots.forEach((slot, index) => {
      const done = results[index]
      if (done === undefined) throw new HansaError('INTERNAL', 'a translator gave fewer texts than it got')
      slot.set(done.text)
      mark(slot.part, {
        engine: done.engine,
        from,
        to,
        ...(done.score < 1 ? { score: done.score } : {}),
        ...(keepOriginal && slot.whole ? { original: slot.text } : {})
      })
    })
    const engines = [...new Set(results.map(({ engine }) => engine))].join('+')
    applied({ from, to, engine: engines, reply })
  }

  #missing(decision: Exclude<Decision, { kind: 'none' } | { kind: 'translate' }>, { part }: TextSlot): void {
    const [from, to] = decision.kind === 'missing' ? [decision.from, decision.to] : ['und', this.#job.languages[0] ?? 'und']
    if (this.#job.wish.pass) return mark(part, { engine: 'none', from, to })
    const pair = `${from}>${to}`
    if (decision.kind === 'missing') throw new HansaError('TRANSLATION_UNAVAILABLE', `nobody here translates ${pair}`, { pair })
    throw new HansaError('TRANSLATION_UNAVAILABLE', 'the language of the message is not known; say it (from, or Content-Language)', { pair })
  }
}

function mark(part: Part, note: Record<string, string | number>): void {
  part.metadata = { ...part.metadata, [TRANSLATED]: note }
}

/** A wish for answers only, in one language: what is remembered of a task. */
export function wishForAnswers(reply: string): Translation {
  return create(TranslationSchema, { to: reply, reply, pass: true })
}
