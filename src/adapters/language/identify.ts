import type { Identified } from '../../ports/translator.ts'

/** Scripts that settle the language at once. Kana before Han: Japanese has both. */
const SCRIPTS: readonly (readonly [RegExp, string])[] = [
  [/[\p{Script=Hiragana}\p{Script=Katakana}]/u, 'ja'],
  [/\p{Script=Hangul}/u, 'ko'],
  [/\p{Script=Han}/u, 'zh'],
  [/\p{Script=Thai}/u, 'th'],
  [/\p{Script=Devanagari}/u, 'hi'],
  [/\p{Script=Arabic}/u, 'ar'],
  [/\p{Script=Hebrew}/u, 'he'],
  [/\p{Script=Greek}/u, 'el'],
  [/\p{Script=Cyrillic}/u, 'ru']
]

/** Fewer letters than these are a guess. */
const ENOUGH = 12

/** Data set of the identifier: the larger, the better with few words, and the more memory (130 to 440 MiB). off: scripts only. */
export type IdentifierSize = 'extrasmall' | 'small' | 'medium' | 'large' | 'off'

/** A library of its own for each size. */
const LOAD = {
  extrasmall: () => import('eld/extrasmall'),
  small: () => import('eld/small'),
  medium: () => import('eld/medium'),
  large: () => import('eld/large')
} as const

/** No language is told better from more of a text, UTF-16 units. */
const ENOUGH_TEXT = 2_000

type Detect = (text: string) => { readonly language: string; readonly isReliable: () => boolean }

/** Language of a text: by its script, else by an identifier, which is loaded at its first use (it takes tens of MiB). */
export class LanguageIdentifier {
  readonly #size: IdentifierSize
  #detect: Detect | undefined

  constructor(size: IdentifierSize) {
    this.#size = size
  }

  async load(): Promise<void> {
    if (this.#size === 'off') return
    const { eld } = await LOAD[this.#size]()
    this.#detect = (text) => eld.detect(text)
  }

  identify(whole: string): Identified | undefined {
    const text = whole.slice(0, ENOUGH_TEXT)
    const letters = text.match(/\p{L}/gu) ?? []
    if (letters.length === 0) return undefined
    for (const [script, language] of SCRIPTS) {
      const count = letters.filter((letter) => script.test(letter)).length
      // A foreign name in a sentence does not make it foreign.
      if (count * 4 >= letters.length) return { language, reliable: true }
    }
    const found = this.#detect?.(text)
    if (found === undefined || found.language === '') return undefined
    return { language: found.language, reliable: letters.length >= ENOUGH && found.isReliable() }
  }
}
