/** Words of scripts with spaces; single characters of scripts without. */
const WORD = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[\p{L}\p{M}]+/gu
/** Units looked at for one word, and units compared for one sentence: together about a millisecond, however large the memory is. */
const MAX_OF_WORD = 4_000
const MAX_COMPARED = 256
const MAX_WORDS = 12

/** Which sentences of a memory are worth comparing with one: those that share its rarest words. May miss one, never finds a wrong one. */
export class FuzzyIndex {
  readonly #keys: readonly string[]
  readonly #byWord = new Map<string, number[]>()

  constructor(keys: Iterable<string>) {
    this.#keys = [...keys]
    for (const [index, key] of this.#keys.entries())
      for (const word of new Set(key.match(WORD))) {
        const known = this.#byWord.get(word)
        if (known === undefined) this.#byWord.set(word, [index])
        else known.push(index)
      }
  }

  /** Best first. Only those whose length and whose number of slots allow the threshold. */
  candidates(key: string, threshold: number): readonly string[] {
    const words = [...new Set(key.match(WORD))]
    const postings = words.map((word) => this.#byWord.get(word) ?? []).sort((a, b) => a.length - b.length)
    const shared = new Map<number, number>()
    for (const posting of postings.filter(({ length }) => length > 0).slice(0, MAX_WORDS))
      for (const index of posting.slice(0, MAX_OF_WORD)) shared.set(index, (shared.get(index) ?? 0) + 1)
    return [...shared]
      .map(([index, count]) => ({ key: this.#keys[index] ?? '', count }))
      .filter((other) => Math.min(other.key.length, key.length) >= threshold * Math.max(other.key.length, key.length))
      .sort((a, b) => b.count - a.count || Math.abs(a.key.length - key.length) - Math.abs(b.key.length - key.length))
      .slice(0, MAX_COMPARED)
      .map((other) => other.key)
  }
}
