/** Part of a text. Sentences go to a backend one by one; what is between them stays. Joined again they are the text. */
export interface Segment {
  readonly start: number
  readonly end: number
  readonly sentence: boolean
}

interface Range {
  readonly start: number
  readonly end: number
}

// The rules of Unicode (UAX 29) are the same for all languages that a sentence is cut in; only few have exceptions.
const SENTENCES = new Intl.Segmenter('en', { granularity: 'sentence' })
/** A full stop that ends an abbreviation and no sentence. */
const ABBREVIATION = /(?:^|[\s(])(?:Mr|Mrs|Ms|Dr|Prof|St|Sr|Sra|Srta|Nr|Hr|Fr|Mme|Mlle|vs|approx|bzw|z\.B|e\.g|i\.e|p\.ej|d\.h|[A-Z])\.\s*$/u
/** Above this a sentence is cut at white space: no backend does well with more, and every bound below counts on it. UTF-16 units. */
const MAX_SENTENCE = 4096

function* ends(text: string): Generator<number> {
  for (const { segment, index } of SENTENCES.segment(text)) {
    const end = index + segment.length
    if (end < text.length && !segment.includes('\n') && ABBREVIATION.test(segment.slice(-12))) continue
    yield end
  }
}

function* cuts(text: string, whole: readonly Range[]): Generator<number> {
  let start = 0
  let next = 0
  for (const end of ends(text)) {
    while (next < whole.length && (whole[next]?.end ?? 0) <= end) next++
    // A full stop within an address or a piece of code ends nothing.
    const inside = whole[next]
    if (inside !== undefined && inside.start < end && end < inside.end) continue
    while (end - start > MAX_SENTENCE) {
      const cut = text.lastIndexOf(' ', start + MAX_SENTENCE)
      if (cut <= start || whole.some((range) => range.start < cut && cut < range.end)) break
      yield cut
      start = cut
    }
    yield end
    start = end
  }
}

/** Cuts a text into sentences and the white space around them; never within one of the ranges `whole`, which are in order. */
export function segmentsOf(text: string, whole: readonly Range[] = []): readonly Segment[] {
  const segments: Segment[] = []
  let at = 0
  for (const end of cuts(text, whole)) {
    const piece = text.slice(at, end)
    const start = at + (piece.length - piece.trimStart().length)
    const stop = start + piece.trim().length
    if (start > at) segments.push({ start: at, end: start, sentence: false })
    if (stop > start) segments.push({ start, end: stop, sentence: true })
    if (end > stop) segments.push({ start: stop, end, sentence: false })
    at = end
  }
  return segments
}
