import { Client, type Transport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import type { McpTarget } from './mcp-target.ts'

/** Time in which a server must have started and introduced itself, in milliseconds. Package runners fetch what they run on the first start. */
const CONNECT_MS = 60_000

/** Time for one answer about the server itself, such as its list of tools. */
const ASK_MS = 15_000

/** An A2A message has at most 16 MiB; base64 makes a third more of it. */
const MAX_MESSAGE_BYTES = 24 * 1024 * 1024

/** Pages of tools that are read. */
const MAX_PAGES = 16

export interface McpConnectionOptions {
  readonly target: McpTarget
  readonly version: string
  readonly signal: AbortSignal
  /** The server's list of tools is another now. */
  readonly onToolsChanged: () => void
  /** Something that the protocol cannot say, or a line that the server wrote to its standard error. */
  readonly onNote: (note: string) => void
}

/** One connection to an MCP server, which lives until the server or we end it. */
export interface McpConnection {
  readonly client: Client
  /** Of the process that was started, if one was. */
  readonly pid: number | undefined
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<void>
  close(): Promise<void>
}

/** Starts the server, or connects to it, and shakes hands. Throws what the SDK throws; nothing is left running then. */
export async function connectMcp(options: McpConnectionOptions): Promise<McpConnection> {
  const { target, signal } = options
  const client = new Client(
    { name: 'hansa', version: options.version },
    {
      capabilities: {},
      listMaxPages: MAX_PAGES,
      // A probe for the newer revision costs a program a second start, and those that speak it still understand the older handshake. A URL costs one request.
      versionNegotiation: { mode: target.kind === 'url' ? 'auto' : 'legacy' },
      listChanged: { tools: { autoRefresh: false, onChanged: options.onToolsChanged } }
    }
  )
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  client.onclose = () => resolve()
  client.onerror = (error) => options.onNote(error.message)
  const transport = transportTo(target, options.onNote)
  const close = async (): Promise<void> => {
    await client.close()
    // A client that never got as far as a connection does not close what it was given.
    await transport.close()
    resolve()
  }
  try {
    signal.throwIfAborted()
    await client.connect(transport, { timeout: CONNECT_MS, signal })
  } catch (thrown) {
    await close().catch(() => undefined)
    throw thrown
  }
  return { client, pid: transport instanceof StdioClientTransport ? (transport.pid ?? undefined) : undefined, ended, close }
}

/** All tools that a server lists now. */
export async function listTools({ client }: McpConnection, signal: AbortSignal): ReturnType<Client['listTools']> {
  return client.listTools(undefined, { timeout: ASK_MS, signal, cacheMode: 'refresh' })
}

function transportTo(target: McpTarget, onNote: (note: string) => void): Transport {
  if (target.kind === 'url') return new StreamableHTTPClientTransport(target.url)
  const [command, ...args] = target.command
  // No `env`: the child gets what the SDK holds to be safe (PATH, HOME and the like) and nothing of ours.
  const transport = new StdioClientTransport({ command, args, stderr: 'pipe', maxBufferSize: MAX_MESSAGE_BYTES })
  transport.stderr?.on('data', (chunk: Buffer) => onNote(chunk.toString('utf8').trimEnd()))
  return transport
}
