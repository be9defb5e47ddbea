import { CommanderError } from 'commander'

/** What only the arguments together can show to be wrong (exit code 2). */
export function wrongUsage(message: string): CommanderError {
  return new CommanderError(2, 'hansa.usage', `error: ${message}`)
}
