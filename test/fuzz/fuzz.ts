import { HansaError } from '../../src/schema/errors.ts'
import { seededRandom } from '../support/memory/random.ts'
import { mutate } from './mutate.ts'

/** A reader of what strangers send. */
export interface Target {
  readonly name: string
  /** Valid inputs, from which the others are made. */
  readonly corpus: readonly Uint8Array[]
  /** Reads one input. May throw HansaError, and nothing else; throws also when what it read cannot be right. */
  read(input: Uint8Array): void
}

export interface Outcome {
  readonly runs: number
  /** Inputs that were read without an error, those of the corpus included. */
  readonly accepted: number
  readonly slowestMs: number
  /** What went wrong first, with the input in hex. */
  readonly failure?: string
}

/** Far above what any of these inputs (64 KiB at most) needs on a busy machine, far below what an attacker would call a success. */
const MAX_MS = 1_000

/** Feeds a target its corpus, which it must accept, and `runs` inputs made of it; the same seed makes the same ones. */
export function fuzz(target: Target, runs: number, seed: number, maxMs = MAX_MS): Outcome {
  const random = seededRandom(seed)
  const pick = () => target.corpus[Math.floor(random() * target.corpus.length)] ?? new Uint8Array()
  let accepted = 0
  let slowestMs = 0
  const fail = (input: Uint8Array, why: string, run: number): Outcome => {
    return { runs: run, accepted, slowestMs, failure: `${why}; input ${run}: ${Buffer.from(input).toString('hex')}` }
  }
  for (let run = 0; run < target.corpus.length + runs; run++) {
    const valid = target.corpus[run]
    const input = valid ?? mutate(pick(), pick(), random)
    const begin = performance.now()
    try {
      target.read(input)
      accepted++
    } catch (error) {
      if (!(error instanceof HansaError)) return fail(input, error instanceof Error ? (error.stack ?? error.message) : String(error), run)
      if (error.code === 'INTERNAL') return fail(input, `INTERNAL: ${error.message}`, run)
      if (valid !== undefined) return fail(input, `a valid input is refused: ${error.code} ${error.message}`, run)
    }
    // Whoever shares the machine may stop us for longer than that: a slow input is slow whenever it is read.
    const ms = Math.min(performance.now() - begin, performance.now() - begin > maxMs ? again(target, input) : Infinity)
    slowestMs = Math.max(slowestMs, ms)
    if (ms > maxMs) return fail(input, `${Math.round(ms)} ms`, run)
  }
  return { runs: target.corpus.length + runs, accepted, slowestMs }
}

/** The best of three, in CPU time. */
function again(target: Target, input: Uint8Array): number {
  return Math.min(
    ...[1, 2, 3].map(() => {
      const before = process.cpuUsage()
      try {
        target.read(input)
      } catch {
        // It was said the first time.
      }
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1000
    })
  )
}
