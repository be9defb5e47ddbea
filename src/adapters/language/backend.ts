import type { Marked } from '../../core/translation/protect.ts'
import type { Pair } from '../../core/translation/tags.ts'

/** What a backend is asked: sentences with their protected spans as slots. */
export interface Job {
  readonly sentences: readonly Marked[]
  readonly from: string
  readonly to: string
  /** Aborted when the caller goes or the time of the backend is over. */
  readonly signal: AbortSignal
}

export interface Made {
  readonly text: string
  /** 1, or less for a fuzzy match. */
  readonly score: number
}

/** One way to translate. */
export interface Backend {
  readonly name: string
  /** Changes with everything that changes its answers. */
  version(): string
  /** Pairs it offers now. */
  pairs(): readonly Pair[]
  /** As many results as sentences; undefined for one that it cannot do. Throws HansaError when it does not work at all. */
  translate(job: Job): Promise<readonly (Made | undefined)[]>
}
