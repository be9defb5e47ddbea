/** What kind of thing a protected span is. A slot of a translation memory takes only its own kind; a placeholder takes any. */
export type SpanKind = 'placeholder' | 'code' | 'address' | 'name' | 'number' | 'term'

/** A piece of text that no backend may change. */
export interface Span {
  readonly start: number
  readonly end: number
  readonly kind: SpanKind
  readonly text: string
  /** What stands in its place in the translation: the same, or the translation of a glossary term. */
  readonly value: string
}
