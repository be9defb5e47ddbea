import { styleText } from 'node:util'
import type { HansaError } from '../schema/errors.ts'
import { clean } from './clean.ts'

/** Where a command writes; streams of Node.js fit. */
export interface Sink {
  /** Bytes for what is no text: a file. */
  write(text: string | Uint8Array): unknown
  readonly isTTY?: boolean
}

export type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan'

export interface Output {
  readonly json: boolean
  /** The result: as JSON, or as the lines that `render` makes of it. `render` gets the value with nothing in it that a terminal would obey. */
  result<T>(value: T, render: (value: T) => readonly string[]): void
  /** What is worth saying to a person while it happens; not said with --json. */
  note(line: string): void
  /** Coloured on a terminal only. */
  style(style: Style, text: string): string
}

export function createOutput(stdout: Sink, stderr: Sink, json: boolean, env: Readonly<Record<string, string | undefined>>): Output {
  const colour = !json && stdout.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
  return {
    json,
    result(value, render) {
      if (json) stdout.write(JSON.stringify(value) + '\n')
      else for (const line of render(clean(value))) stdout.write(line + '\n')
    },
    note(line) {
      if (!json) stderr.write(clean(line) + '\n')
    },
    style: (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text)
  }
}

/** One sentence, a hint and the stable code; with --json one line of JSON. */
export function printError(stderr: Sink, error: HansaError, json: boolean): void {
  if (json) {
    stderr.write(JSON.stringify({ error: { code: error.code, message: error.message, hint: error.hint, metadata: error.metadata } }) + '\n')
    return
  }
  stderr.write(clean(`hansa: ${error.message} (${error.code})\n  ${error.hint}\n`))
  // A bug is nobody's secret on one's own machine.
  if (error.code === 'INTERNAL' && error.cause instanceof Error) stderr.write(clean(`${error.cause.stack ?? error.cause.message}\n`))
}
