/** Sentences of a text; each keeps the white space behind it, so that together they are the text again. */
export function segments(text: string, language: string): string[] {
  let segmenter: Intl.Segmenter
  try {
    segmenter = new Intl.Segmenter(language, { granularity: 'sentence' })
  } catch {
    segmenter = new Intl.Segmenter('en', { granularity: 'sentence' })
  }
  return [...segmenter.segment(text)].map(({ segment }) => segment)
}

/** A text without the white space around it, and that white space. */
export function trimmed(text: string): { readonly before: string; readonly core: string; readonly after: string } {
  const core = text.trim()
  const at = text.indexOf(core)
  return { before: text.slice(0, at), core, after: text.slice(at + core.length) }
}
