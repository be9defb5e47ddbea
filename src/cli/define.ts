import type { Command, OptionValues } from 'commander'
import { defaultHome } from '../node/home/home-paths.ts'
import type { CliContext, Session } from './context.ts'
import { createOutput } from './output.ts'

export interface CommandSpec {
  /** With its arguments: 'resolve <agent>'. */
  readonly name: string
  readonly summary: string
  /** Command lines without the leading `hansa`, each a working example. */
  readonly examples: readonly string[]
  /** Adds options. */
  readonly options?: (command: Command) => void
  /** Returns the exit code when it is not 0. */
  readonly run: (session: Session, args: readonly (string | undefined)[], options: OptionValues) => Promise<number | void>
}

/** Where commands are hung, and where the exit code is left. */
export interface Frame {
  readonly context: CliContext
  exitCode: number
}

export function group(parent: Command, name: string, summary: string): Command {
  return parent.command(name).description(summary)
}

/** Adds a command with what every command has: --home, --json, --help with an example. */
export function define(parent: Command, frame: Frame, spec: CommandSpec): void {
  const command = parent.command(spec.name).description(spec.summary)
  spec.options?.(command)
  command
    .option('--home <dir>', 'home of the node (default: $HANSA_HOME, else ~/.hansa)')
    .option('--json', 'one JSON document, or one per line for streams')
    .addHelpText('after', `\nExample${spec.examples.length > 1 ? 's' : ''}:\n${spec.examples.map((line) => `  $ hansa ${line}`).join('\n')}`)
    .action(async (...given: unknown[]) => {
      // commander hands over the arguments, then the options, then the command.
      const args = given.slice(0, -2) as (string | undefined)[]
      const options = command.opts()
      frame.exitCode = (await spec.run(sessionOf(frame.context, options), args, options)) ?? 0
    })
}

function sessionOf(context: CliContext, options: OptionValues): Session {
  const home = typeof options['home'] === 'string' ? options['home'] : defaultHome(context.env)
  return {
    ...context,
    home,
    out: createOutput(context.stdout, context.stderr, options['json'] === true, context.env),
    // Loaded when it is needed: --help and completion wait for nothing.
    admin: async () => (await import('./connect.ts')).connect(home)
  }
}
