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

type Detect = (text: string) => { readonly language: string; readonly isReliable: () => boolean }

/** Language of a text: by its script, else by an identifier, which is loaded at its first use (it takes tens of MiB). */
export class LanguageIdentifier {
  #detect: Detect | undefined

  async load(): Promise<void> {
    const { eld } = await import('eld/extrasmall')
    this.#detect = (text) => eld.detect(text)
  }

  identify(text: string): Identified | undefined {
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
