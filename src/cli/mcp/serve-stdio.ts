import { once } from 'node:events'
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio'
import type { AdminClient } from '../../admin/client.ts'
import { createSwarmServer } from './swarm-server.ts'

/** Longest message of a client, in bytes: a call with a million characters of text in any alphabet fits. */
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024

export interface StdioOptions {
  readonly admin: () => Promise<AdminClient>
  readonly signal: AbortSignal
  /** Told of what went wrong beside a call; standard output is the protocol's alone. */
  readonly onNote: (line: string) => void
}

/** Serves the client at the other end of the standard streams, until it closes them or `signal` aborts. */
export async function serveOverStdio({ admin, signal, onNote }: StdioOptions): Promise<void> {
  const over = new AbortController()
  const transport = new StdioServerTransport(process.stdin, process.stdout, { maxBufferSize: MAX_MESSAGE_BYTES })
  const handle = serveStdio(() => createSwarmServer(admin), { transport, onerror: (error) => onNote(error.message) })
  const ended = Promise.race([once(process.stdin, 'end', over), once(process.stdin, 'close', over)]).catch(() => undefined)
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  await Promise.race([ended, stopped])
  over.abort()
  await handle.close()
  // A pipe that somebody still holds open would keep the process.
  process.stdin.destroy()
}
