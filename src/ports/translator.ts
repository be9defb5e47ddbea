/** One text in another language. */
export interface Translated {
  readonly text: string
  /** Backend that made it: memory, glossary, apertium, libretranslate, chat. */
  readonly engine: string
  /** 1 for an exact or a machine translation, less for a fuzzy match of the translation memory. */
  readonly score: number
}

export interface TranslationRequest {
  /** Whole texts as people write them; what is in them that must not be translated (URLs, placeholders, code, identifiers, numbers) comes back as it is. */
  readonly texts: readonly string[]
  /** BCP 47 tags. */
  readonly from: string
  readonly to: string
  /** Whose budget it is: the handle of an agent. */
  readonly account: string
  readonly signal: AbortSignal
}

/** What a text seems to be written in. */
export interface Identified {
  /** BCP 47 tag. */
  readonly language: string
  /** False: a guess that a declared language beats (short text, no script of its own). */
  readonly reliable: boolean
}

/** Natural language (draft 2.5, 3.3.2): all backends of this gateway behind one door. */
export interface Translator {
  /** Pairs it can do now, as en>es, at most 128. */
  pairs(): readonly string[]
  /** True when some backend can do the pair. Regions and scripts fall back to the language: en-GB>es is en>es where nothing closer is there. */
  can(from: string, to: string): boolean
  /** As many results as texts, in order. Throws TRANSLATION_UNAVAILABLE (metadata: pair), RATE_LIMITED (the account's budget), CANCELED. */
  translate(request: TranslationRequest): Promise<readonly Translated[]>
  /** Undefined for a text that says nothing: empty, digits, punctuation. */
  identify(text: string): Identified | undefined
}
