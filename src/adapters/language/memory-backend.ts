import type { Pair } from '../../core/translation/tags.ts'
import type { Backend, Job, Made } from './backend.ts'
import { TranslationMemory } from './translation-memory.ts'
import type { Unit } from './unit.ts'

/** The translation memory as one backend of several; replaced as a whole when its files change. */
export class MemoryBackend implements Backend {
  readonly name = 'memory'
  readonly #threshold: number
  #memory: TranslationMemory
  #version = 0

  constructor(threshold: number) {
    this.#threshold = threshold
    this.#memory = new TranslationMemory([], threshold)
  }

  take(units: readonly Unit[]): void {
    this.#memory = new TranslationMemory(units, this.#threshold)
    this.#version++
  }

  version(): string {
    return String(this.#version)
  }

  pairs(): readonly Pair[] {
    return this.#memory.pairs()
  }

  translate({ sentences, from, to }: Job): Promise<readonly (Made | undefined)[]> {
    return Promise.resolve(sentences.map((sentence) => this.#memory.find(sentence, from, to)))
  }
}
