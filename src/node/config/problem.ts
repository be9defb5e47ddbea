import { HansaError } from '../../schema/errors.ts'

/** One thing wrong in the configuration, with its place. */
export interface ConfigProblem {
  /** File, or name of the environment variable. */
  readonly source: string
  /** From 1; 0 for the environment. */
  readonly line: number
  readonly column: number
  /** Dotted key; empty for the file as a whole. */
  readonly key: string
  readonly message: string
}

export function formatProblem(problem: ConfigProblem): string {
  const place = problem.line === 0 ? problem.source : `${problem.source}:${problem.line}:${problem.column}`
  return problem.key === '' ? `${place}: ${problem.message}` : `${place}: ${problem.key}: ${problem.message}`
}

/** CONFIG_INVALID with the first problem as its message and the count of the others. */
export function configError(problems: readonly ConfigProblem[]): HansaError {
  const [first, ...others] = problems
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`
  return new HansaError('CONFIG_INVALID', (first === undefined ? 'invalid configuration' : formatProblem(first)) + more, { key: first?.key ?? '' })
}
