import type { Span } from './span.ts'

/** A term of the glossary in one direction. */
export interface Term {
  readonly source: string
  /** Absent: stays as it is. */
  readonly target?: string
}

/** Terms by their first two characters, longest first. */
export type TermIndex = ReadonlyMap<string, readonly Term[]>

const head = (text: string): string => text.slice(0, 2).toLowerCase()
/** Scripts that are written with spaces: a term must not begin or end within a word of them. */
const SPACED = /[\p{L}\p{N}_]/u
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u

export function indexTerms(terms: Iterable<Term>): TermIndex {
  const index = new Map<string, Term[]>()
  for (const term of terms) {
    const key = head(term.source)
    const known = index.get(key)
    if (known === undefined) index.set(key, [term])
    else known.push(term)
  }
  for (const list of index.values()) list.sort((a, b) => b.source.length - a.source.length)
  return index
}

function within(before: string, after: string): boolean {
  return SPACED.test(before) && SPACED.test(after) && !UNSPACED.test(before) && !UNSPACED.test(after)
}

/** Where terms occur, whatever their case; the longest wins; none overlaps another. */
export function* termSpans(text: string, index: TermIndex): Generator<Span> {
  if (index.size === 0) return
  const lower = text.toLowerCase()
  // A few letters have lower-case forms of another length; positions would not fit then, and case counts.
  const same = lower.length === text.length
  const seen = same ? lower : text
  for (let at = 0; at < text.length; at++) {
    if (at > 0 && within(text.charAt(at - 1), text.charAt(at))) continue
    const term = index.get(head(text.slice(at, at + 2)))?.find(({ source }) => {
      const end = at + source.length
      return seen.startsWith(same ? source.toLowerCase() : source, at) && (end === text.length || !within(text.charAt(end - 1), text.charAt(end)))
    })
    if (term === undefined) continue
    const end = at + term.source.length
    const found = text.slice(at, end)
    yield { start: at, end, kind: 'term', text: found, value: term.target ?? found }
    at = end - 1
  }
}
