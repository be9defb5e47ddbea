/** Most words that are read of one text; beyond it a text is no search and no description of an agent. */
const MAX_WORDS = 2_000

/** Scripts that put no space between words: each character is a word, so that a part of a phrase is found. */
const UNSPACED = /([\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}])/gu

/** Words of a text as search compares them: lower case, without accents, in order, repetitions kept. */
export function words(text: string): string[] {
  const plain = text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
  const spaced = plain.replace(UNSPACED, ' $1 ')
  return spaced
    .split(/[^\p{L}\p{N}]+/u, MAX_WORDS + 1)
    .filter((word) => word !== '')
    .slice(0, MAX_WORDS)
}
