import { cutAtMarkers, type Marked, protectedSpans, render, restore } from '../../core/translation/protect.ts'

/**
 * What a service outside made of a sentence, its markers replaced by what was protected. Undefined when it cannot be a translation: a marker is lost, doubled or
 * invented; nothing is left; it is far longer or shorter than the sentence; or it brings an address, code or placeholder that the sentence has not.
 */
export function checkMade(made: string, sentence: Marked, marker: RegExp, decode: (text: string) => string = (text) => text): string | undefined {
  const parts = cutAtMarkers(made.trim(), marker).map((part) => (typeof part === 'string' ? decode(part) : part))
  const words = parts
    .filter((part) => typeof part === 'string')
    .join(' ')
    .trim()
  const asked = render(sentence, () => ' ').trim()
  if (!/\p{L}/u.test(words) || words.includes('\u0000')) return undefined
  // Chinese has a third of the letters of English, German has half as many more; twelve times is no translation.
  if (words.length > 12 * asked.length + 64 || 12 * words.length + 24 < asked.length) return undefined
  if (protectedSpans(words).some(({ kind, text }) => (kind === 'address' || kind === 'code' || kind === 'placeholder') && !asked.includes(text)))
    return undefined
  return restore(parts, sentence)
}
