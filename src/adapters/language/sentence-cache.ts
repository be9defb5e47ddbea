import { createHash } from 'node:crypto'
import type { Marked } from '../../core/translation/protect.ts'

/** A translated sentence. */
export interface Kept {
  readonly text: string
  readonly score: number
}

/** The sentences translated last, by pair, version of the backend and text. Keys are hashes: nobody reads in a cache what others said. */
export class SentenceCache {
  readonly #most: number
  readonly #kept = new Map<string, Kept>()

  constructor(most: number) {
    this.#most = most
  }

  static key(backend: string, version: string, from: string, to: string, sentence: Marked): string {
    const spans = sentence.spans.map(({ text, value }) => [text, value])
    return createHash('sha256')
      .update(JSON.stringify([backend, version, from, to, sentence.words, spans]))
      .digest('base64')
  }

  get(key: string): Kept | undefined {
    const kept = this.#kept.get(key)
    if (kept === undefined) return undefined
    this.#kept.delete(key)
    this.#kept.set(key, kept)
    return kept
  }

  set(key: string, kept: Kept): void {
    if (this.#most === 0) return
    this.#kept.delete(key)
    this.#kept.set(key, kept)
    if (this.#kept.size <= this.#most) return
    for (const oldest of this.#kept.keys()) return void this.#kept.delete(oldest)
  }
}
