import { HansaError } from '../../schema/errors.ts'
import { splitCommand } from './split-command.ts'

/** Where an MCP server is: a program to start (it speaks over its standard streams), or a URL (streamable HTTP). */
export type McpTarget = { readonly kind: 'command'; readonly command: readonly [string, ...string[]] } | { readonly kind: 'url'; readonly url: URL }

/** Reads what a person names a server by: an http(s) URL, or else a command as `splitCommand` takes it. Throws INVALID_ARGUMENT. */
export function parseTarget(text: string): McpTarget {
  if (!/^https?:\/\//i.test(text)) return { kind: 'command', command: splitCommand(text) }
  if (!URL.canParse(text)) throw new HansaError('INVALID_ARGUMENT', 'this is no URL of an MCP server', { argument: 'mcp' })
  const url = new URL(text)
  // They would show in every list of processes, and in the log.
  if (url.username !== '' || url.password !== '') throw new HansaError('INVALID_ARGUMENT', 'a URL of an MCP server holds no password', { argument: 'mcp' })
  return { kind: 'url', url }
}
