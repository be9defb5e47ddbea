/** A private-use character stands for a protected span; the text itself may not hold one. */
export const SLOT = '\uE000'

/**
 * What no translation may touch (draft 2.5: content intact): code, placeholders, URLs, e-mail addresses, paths, constants, and every token with a digit in it. The order
 * matters: what stands first wins.
 */
const PROTECTED = new RegExp(
  [
    '```[\\s\\S]*?```|`[^`\\n]+`',
    '\\{\\{[^{}]*\\}\\}|\\$\\{[^{}]*\\}|\\{[A-Za-z0-9_.]+\\}|%(?:\\([A-Za-z_]+\\))?[sdif]\\b',
    '[a-z][a-z0-9+.-]*://[^\\s<>"\\u3002\\uff0c\\uff01\\uff1f]*[^\\s<>"\\u3002\\uff0c\\uff01\\uff1f.,;:!?)]',
    '[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)+',
    '(?:/[A-Za-z0-9_.-]+){2,}',
    '\\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\\b',
    '(?:[A-Za-z]+[-_.:]?)*[0-9]+(?:[-_.,:/]?[A-Za-z0-9]+)*'
  ].join('|'),
  'gu'
)

/** A text with its protected spans taken out. */
export interface Template {
  /** The text with SLOT in the place of each span. */
  readonly text: string
  readonly slots: readonly string[]
}

/** Longest text that is looked at; longer ones are no prose. Characters. */
export const MAX_TEXT = 200_000

/** `terms` are protected as well (a glossary's words that stay), longest first. */
export function protect(text: string, terms: readonly string[] = []): Template {
  const slots: string[] = []
  const clean = text.replaceAll(SLOT, '')
  const take = (span: string): string => {
    slots.push(span)
    return SLOT
  }
  if (terms.length === 0) return { text: clean.replace(PROTECTED, take), slots }
  const words = terms.map((term) => term.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')
  return { text: clean.replace(new RegExp(`${PROTECTED.source}|${words}`, 'gu'), take), slots }
}

/** Puts the spans back in their order. Undefined when there are not as many places as spans: then something was lost or invented. */
export function restore(text: string, slots: readonly string[]): string | undefined {
  const pieces = text.split(SLOT)
  if (pieces.length !== slots.length + 1) return undefined
  return pieces.reduce((whole, piece, index) => whole + (slots[index - 1] ?? '') + piece)
}

/** What two texts have in common that differ in case, spaces, form of Unicode and final punctuation only. */
export function normalize(text: string): string {
  return text
    .normalize('NFC')
    .toLowerCase()
    .replace(/\s+/gu, ' ')
    .trim()
    .replace(/[.!?。！？…]+$/u, '')
    .trimEnd()
}
