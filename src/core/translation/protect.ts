import type { Span, SpanKind } from './span.ts'
import { type TermIndex, termSpans } from './terms.ts'

/** Text with its protected spans as slots: words[0], spans[0], words[1] ... words.length is spans.length + 1. */
export interface Marked {
  readonly words: readonly string[]
  readonly spans: readonly Pick<Span, 'kind' | 'text' | 'value'>[]
}

/** Longest text that is looked at; longer ones are no prose. UTF-16 units. */
export const MAX_TEXT = 200_000

const EXTENSIONS =
  'ya?ml|json|toml|ini|xml|csv|tmx|txt|md|pdf|html?|css|png|jpe?g|gif|svg|zip|gz|tar|log|py|rs|go|java|c|h|cpp|sh|ts|js|mjs|proto|sql|pem|key|docx?|xlsx?'
// Characters that end an address although no space stands there: quotes, and the full-width and ideographic ranges, whose scripts write without spaces.
const IN_ADDRESS = '[^\\s<>"\'`\\u2018-\\u201f\\u3000-\\u9fff\\uac00-\\ud7af\\uff00-\\uffef]'
const END_OF_ADDRESS = '[^\\s<>"\'`\\u2018-\\u201f\\u3000-\\u9fff\\uac00-\\ud7af\\uff00-\\uffef.,;:!?)\\]}]'

/** Every repetition is bounded or can only be walked in one way, so that no text takes more than linear time. In order: the first that fits wins. */
const PATTERNS: readonly (readonly [SpanKind, string])[] = [
  ['code', '```[^]*?```|`[^`\\n]{1,4096}`'],
  ['placeholder', '\\{\\{[^{}\\n]{0,200}\\}\\}|\\$\\{[^{}\\n]{0,200}\\}|\\{[A-Za-z0-9_.]{0,64}\\}|%[({][A-Za-z0-9_]{1,64}[)}][a-z]?'],
  ['placeholder', '(?<![\\p{Nd}%])%(?:\\d{1,2}\\$)?[-+#0]{0,4}\\d{0,4}(?:\\.\\d{1,4})?(?:hh|h|ll|l|L|z|j|t)?[diouxXeEfFgGaAcsp@](?![A-Za-z])'],
  ['address', `(?<![A-Za-z])(?:[A-Za-z][A-Za-z0-9+.-]{1,20}:\\/\\/|www\\.|mailto:|urn:[A-Za-z0-9-]{1,32}:)${IN_ADDRESS}{0,2048}${END_OF_ADDRESS}`],
  ['address', '[A-Za-z0-9_.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\\.[A-Za-z0-9-]{1,63}){0,8}'],
  ['address', '(?<![\\p{L}\\p{N}_/<])(?:~|\\.{1,2})?\\/(?:[A-Za-z0-9_.~-]{1,255}\\/){0,32}[A-Za-z0-9_.-]{0,255}[A-Za-z0-9_]'],
  ['address', '(?<![A-Za-z])[A-Za-z]:\\\\[A-Za-z0-9_.\\\\-]{0,255}[A-Za-z0-9_]'],
  ['address', `(?<![A-Za-z0-9_.-])(?:[A-Za-z0-9_.-]{1,64}\\/){0,16}[A-Za-z0-9_-]{1,64}(?:\\.[A-Za-z0-9_-]{1,32}){0,3}\\.(?:${EXTENSIONS})(?![A-Za-z0-9_])`],
  ['name', '(?<![A-Za-z0-9_])[A-Za-z0-9]{1,64}(?:_[A-Za-z0-9]{1,64}){1,16}(?![A-Za-z0-9_])'],
  // The brackets of our own markers.
  ['name', '[⟦⟧]'],
  ['number', '[A-Za-z\\p{Nd}](?:[-.,:\\/]?[A-Za-z\\p{Nd}])*']
]
const ANY = new RegExp(PATTERNS.map(([, pattern]) => `(${pattern})`).join('|'), 'gu')
const DIGIT = /\p{Nd}/u
/** 24-hour, 3-night: a number in a compound word, whose word is translated. */
const COMPOUND = /^\p{Nd}+(?=-[A-Za-z]{2,}$)/u
const NUMBER = /^\p{Nd}(?:[-.,:/]?\p{Nd})*$/u

function* fixedSpans(text: string): Generator<Span> {
  for (const match of text.matchAll(ANY)) {
    let [found] = match
    let [kind] = PATTERNS[match.slice(1).findIndex((group) => group !== undefined)] ?? (['name'] as const)
    if (kind === 'number') {
      if (!DIGIT.test(found)) continue
      found = COMPOUND.exec(found)?.[0] ?? found
      if (!NUMBER.test(found)) kind = 'name'
    }
    yield { start: match.index, end: match.index + found.length, kind, text: found, value: found }
  }
}

/** The spans that touch none of the others; both in order and without overlaps among themselves. */
function clearOf(spans: readonly Span[], others: readonly Span[]): Span[] {
  let next = 0
  return spans.filter((span) => {
    while ((others[next]?.end ?? Infinity) <= span.start) next++
    return (others[next]?.start ?? Infinity) >= span.end
  })
}

/** Place of the first span that does not begin before `start`. */
function firstFrom(spans: readonly Span[], start: number): number {
  let [low, high] = [0, spans.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((spans[middle]?.start ?? 0) < start) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * The spans of a text that must come back untouched: placeholders, code, addresses (URLs, e-mail, paths), identifiers, numbers, and terms of the
 * glossary. In order, without overlaps. A term gives way to code, placeholders and addresses; a number or a name gives way to a term.
 */
export function protectedSpans(text: string, terms?: TermIndex): readonly Span[] {
  const fixed = [...fixedSpans(text)]
  if (terms === undefined) return fixed
  const firm = fixed.filter(({ kind }) => kind !== 'number' && kind !== 'name')
  const named = clearOf([...termSpans(text, terms)], firm)
  return [...clearOf(fixed, named), ...named].sort((a, b) => a.start - b.start)
}

/** The part of a text from `start` to `end` with its spans as slots. Spans that do not lie wholly in it are left out. */
export function mark(text: string, spans: readonly Span[], start = 0, end = text.length): Marked {
  const first = firstFrom(spans, start)
  const inside = spans.slice(first, firstFrom(spans, end)).filter((span) => span.end <= end)
  let at = start
  const words = inside.map((span) => {
    const word = text.slice(at, span.start)
    at = span.end
    return word
  })
  return { words: [...words, text.slice(at, end)], spans: inside }
}

/** Text again, each slot written by `slot`, each word by `word`. */
export function render(marked: Marked, slot: (index: number) => string, word: (text: string) => string = (text) => text): string {
  return marked.words.map((text, index) => word(text) + (index < marked.spans.length ? slot(index) : '')).join('')
}

/** True when there is something to translate beside the spans: at least one letter. */
export function saysSomething(marked: Marked): boolean {
  return marked.words.some((word) => /\p{L}/u.test(word))
}

/**
 * Puts the values back. `parts` is a translation cut at its markers: text, or the number of a slot. Undefined unless every slot occurs exactly once.
 */
export function restore(parts: readonly (string | number)[], marked: Marked): string | undefined {
  const seen = new Set<number>()
  let text = ''
  for (const part of parts) {
    if (typeof part === 'string') text += part
    else {
      const span = marked.spans[part]
      if (span === undefined || seen.has(part)) return undefined
      seen.add(part)
      text += span.value
    }
  }
  return seen.size === marked.spans.length ? text : undefined
}

/** Cuts a text at what `marker` matches; its first group that is there is the number of the slot, counted from 1. `marker` needs the flag g. */
export function cutAtMarkers(text: string, marker: RegExp): readonly (string | number)[] {
  const parts: (string | number)[] = []
  let at = 0
  for (const match of text.matchAll(marker)) {
    parts.push(text.slice(at, match.index), Number(match.slice(1).find((group) => group !== undefined)) - 1)
    at = match.index + match[0].length
  }
  return [...parts, text.slice(at)]
}
