import type { Readable } from 'node:stream'
import type { AdminClient } from '../admin/client.ts'
import type { HostFunctions } from '../node/host.ts'
import type { Output, Sink } from './output.ts'

/** What the command line gets from its surroundings. */
export interface CliContext {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Sink
  readonly stderr: Sink
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborts on the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal
  /** Loaded only by the commands that need it: it brings the whole network along. */
  readonly host: () => Promise<HostFunctions>
}

/** What one run of a command works with. */
export interface Session extends CliContext {
  readonly home: string
  readonly out: Output
  /** Client of the node that runs in the home. Throws NODE_NOT_RUNNING. */
  readonly admin: () => Promise<AdminClient>
}
