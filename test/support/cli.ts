import { Readable } from 'node:stream'
import { run } from '../../src/cli/main.ts'
import type { HostFunctions } from '../../src/node/host.ts'

export interface CliRun {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs one command line in this process, with streams that remember. */
export async function runCli(
  argv: readonly string[],
  given: { readonly env?: Record<string, string>; readonly stdin?: string; readonly host?: Partial<HostFunctions>; readonly tty?: boolean } = {}
): Promise<CliRun> {
  let stdout = ''
  let stderr = ''
  const code = await run(argv, {
    stdin: Readable.from(given.stdin === undefined ? [] : [given.stdin]),
    stdout: { write: (text) => (stdout += Buffer.from(text).toString('utf8')), isTTY: given.tty === true },
    stderr: { write: (text) => (stderr += Buffer.from(text).toString('utf8')) },
    env: given.env ?? {},
    signal: new AbortController().signal,
    // A command that calls what the test did not give fails the test.
    host: async () => given.host as HostFunctions
  })
  return { code, stdout, stderr }
}
