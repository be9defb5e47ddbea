import { Command, CommanderError } from 'commander'
import { HansaError, toHansaError } from '../schema/errors.ts'
import { version } from '../node/version.ts'
import { addAgent } from './commands/agent.ts'
import { addCa } from './commands/ca.ts'
import { addCall } from './commands/call.ts'
import { addReceipt } from './commands/receipt.ts'
import { addCert } from './commands/cert.ts'
import { addCompletion } from './commands/completion.ts'
import { addConfig } from './commands/config.ts'
import { addDemo } from './commands/demo.ts'
import { addDirectory } from './commands/directory.ts'
import { addGw } from './commands/gw.ts'
import { addInit } from './commands/init.ts'
import { addJoin } from './commands/join.ts'
import { addMcp } from './commands/mcp.ts'
import { addNode } from './commands/node.ts'
import { addSession } from './commands/session.ts'
import { addTask } from './commands/task.ts'
import type { CliContext } from './context.ts'
import type { Frame } from './define.ts'
import { printError } from './output.ts'

const WRONG_USAGE = 2

/** The whole command tree. */
export function createProgram(frame: Frame): Command {
  const program = new Command('hansa')
    .description('A peer-to-peer overlay network for AI agents')
    .version(version, '-V, --version')
    .helpCommand(false)
    .enablePositionalOptions()
  addDemo(program, frame)
  addInit(program, frame)
  addJoin(program, frame)
  addNode(program, frame)
  addDirectory(program, frame)
  addCall(program, frame)
  addReceipt(program, frame)
  addSession(program, frame)
  addTask(program, frame)
  addAgent(program, frame)
  addMcp(program, frame)
  addCa(program, frame)
  addCert(program, frame)
  addGw(program, frame)
  addConfig(program, frame)
  addCompletion(program, frame)
  return program
}

/**
 * Runs one command line.
 * @param argv without the interpreter and the script
 * @returns the exit code: 0 done, 1 failed, 2 wrong usage
 */
export async function run(argv: readonly string[], context: CliContext): Promise<number> {
  const frame: Frame = { context, exitCode: 0 }
  const json = argv.includes('--json')
  const program = createProgram(frame)
  let usage = ''
  settle(program, (command) => {
    command.exitOverride().configureOutput({ writeOut: (text) => context.stdout.write(text), writeErr: (text) => (usage += text) })
  })
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return frame.exitCode
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      if (thrown.exitCode === 0) return 0
      // commander has said by itself what it refuses; a command has not.
      if (usage === '') usage = thrown.message
      if (json) context.stderr.write(JSON.stringify({ error: { code: 'USAGE', message: firstLine(usage), hint: 'See --help.', metadata: {} } }) + '\n')
      else context.stderr.write(thrown.code === 'commander.help' ? usage : `${usage.trimEnd()}\n  See hansa --help.\n`)
      return WRONG_USAGE
    }
    const error = toHansaError(thrown)
    printError(context.stderr, error, json)
    return 1
  }
}

/** The process as it is: standard streams, signals, exit code. */
export async function main(): Promise<void> {
  const stopping = new AbortController()
  let signals = 0
  const stop = (): void => {
    // Once asks politely, twice insists.
    if (++signals > 1) process.exit(130)
    stopping.abort(new HansaError('CANCELED', 'stopped by a signal'))
  }
  process.on('SIGINT', stop).on('SIGTERM', stop)
  // Whoever reads our output may stop early (hansa find | head): that is no failure.
  process.stdout.on('error', (error: Error & { code?: string }) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  const code = await run(process.argv.slice(2), {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    signal: stopping.signal,
    host: async () => (await import('./host/host-functions.ts')).hostFunctions
  })
  process.exitCode = code
}

function settle(command: Command, apply: (command: Command) => void): void {
  apply(command)
  for (const child of command.commands) settle(child, apply)
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]?.replace(/^error: /, '') ?? ''
}
