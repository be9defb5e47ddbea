import type { Turn } from './turns.ts'

export interface WindowBounds {
  /** Most turns. */
  readonly messages: number
  /** Most characters (UTF-16 units) of all of them. */
  readonly characters: number
}

export interface ContextWindow {
  /** The newest turns that fit, oldest first. */
  readonly kept: readonly Turn[]
  /** Those before them, oldest first: what a summary would be of. */
  readonly older: readonly Turn[]
}

/** The last turns within bounds. The newest one is always in it, cut at its beginning when it alone is too long: a window without what was just said would be of no use. */
export function contextWindow(turns: readonly Turn[], { messages, characters }: WindowBounds): ContextWindow {
  let first = turns.length
  let left = characters
  while (first > 0 && turns.length - first < messages) {
    const length = turns[first - 1]?.text.length ?? 0
    if (length > left) break
    left -= length
    first--
  }
  const newest = turns.at(-1)
  if (first === turns.length && newest !== undefined && messages > 0 && characters > 0)
    return { kept: [{ ...newest, text: newest.text.slice(-characters).toWellFormed() }], older: turns.slice(0, -1) }
  return { kept: turns.slice(first), older: turns.slice(0, first) }
}

/** The window with a summary of what is older placed before it; without words there is none. */
export function withSummary({ kept, older }: ContextWindow, summary: string): Turn[] {
  const last = older.at(-1)
  if (summary === '' || last === undefined) return [...kept]
  return [{ role: 'summary', from: '', at: last.at, text: summary }, ...kept]
}
