import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { HansaError } from '../schema/errors.ts'
import type { CliContext } from './context.ts'

/** Invites and the like are far shorter. */
const MAX_CHARACTERS = 64 * 1024

/**
 * Reads a secret from standard input, never from the command line, where every user of the machine could see it. On a terminal it is asked for and not
 * echoed. Throws INVALID_ARGUMENT when nothing comes.
 * @param piped what is on standard input is meant, whatever it is
 */
export async function readSecret(context: CliContext, prompt: string, piped: boolean): Promise<string> {
  const text = context.stdin.isTTY === true && !piped ? await ask(context, prompt) : await readAll(context)
  if (text.trim() === '') throw new HansaError('INVALID_ARGUMENT', 'nothing was given on standard input', { argument: 'file' })
  return text
}

async function readAll(context: CliContext): Promise<string> {
  context.stdin.setEncoding('utf8')
  let text = ''
  for await (const chunk of context.stdin) {
    text += String(chunk)
    if (text.length > MAX_CHARACTERS) throw new HansaError('INVALID_ARGUMENT', `more than ${MAX_CHARACTERS} characters on standard input`, { argument: 'file' })
  }
  return text
}

async function ask(context: CliContext, prompt: string): Promise<string> {
  context.stderr.write(prompt)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: context.stdin, output: silent, terminal: true, signal: context.signal })
  try {
    for await (const line of lines) return line
    return ''
  } finally {
    lines.close()
    context.stderr.write('\n')
  }
}
