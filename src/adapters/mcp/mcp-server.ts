import type { CallToolResult } from '@modelcontextprotocol/client'
import type { JsonObject } from '@bufbuild/protobuf'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import { HansaError } from '../../schema/errors.ts'
import type { McpServerInfo } from './mcp-card.ts'
import { connectMcp, listTools, type McpConnection } from './mcp-connection.ts'
import { mcpFailure } from './mcp-failure.ts'
import type { McpTarget } from './mcp-target.ts'
import { type McpTool, readTools } from './mcp-tool.ts'

export interface McpServerDeps {
  readonly target: McpTarget
  readonly clock: Clock
  readonly log: Log
  /** Of this software; the server is told. */
  readonly version: string
}

/** Pauses before a server that has died is started again, in milliseconds: at once after a first accident, ever slower for one that cannot live. */
const RETRY = { first: 200, longest: 30_000, healthyAfter: 10_000 }

/** A tool that says nothing for so long is given up, and one that goes on and on is, too. In milliseconds. */
const CALL = { silence: 600_000, longest: 3_600_000 }

const PING_MS = 5_000

/** Longest note of a server in the log, in characters. */
const MAX_NOTE = 2_000

/** Keeps one MCP server within reach: starts it again when it has died, and knows its tools. */
export class McpServer {
  readonly #deps: McpServerDeps
  readonly #stopping = new AbortController()
  #connection: McpConnection | undefined
  #known: { readonly info: McpServerInfo; readonly tools: readonly McpTool[] } | undefined
  #problem: HansaError | undefined
  #running: Promise<void> | undefined
  #changed: () => void = () => undefined
  #waiting: (() => void)[] = []

  constructor(deps: McpServerDeps) {
    this.#deps = deps
  }

  /** Begins; does not wait for the server. */
  start(): void {
    this.#running ??= this.#run()
  }

  /** Ends the connection and the process that was started, and waits for both. */
  async stop(): Promise<void> {
    this.#stopping.abort(new HansaError('CANCELED', 'the node is stopping'))
    await this.#running
  }

  /** `listener` is called whenever the tools may be others than before. */
  onChange(listener: () => void): void {
    this.#changed = listener
  }

  /** The server and its tools as they were last seen; waits for the first time. Throws AGENT_UNREACHABLE with why it could not be started. */
  async known(signal: AbortSignal): Promise<{ readonly info: McpServerInfo; readonly tools: readonly McpTool[] }> {
    while (this.#known === undefined) {
      if (this.#problem !== undefined) throw this.#problem
      if (signal.aborted) throw new HansaError('AGENT_UNREACHABLE', 'the MCP server has not answered yet')
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    }
    return this.#known
  }

  /** True when the server answers now. Never throws. */
  async alive(signal: AbortSignal): Promise<boolean> {
    const connection = this.#connection
    if (connection === undefined) return false
    const { client } = connection
    const options = { timeout: PING_MS, signal }
    try {
      // The newer revision has no ping.
      await (client.getProtocolEra() === 'modern' ? client.discover(options) : client.ping(options))
      return true
    } catch (thrown) {
      // A program's end is seen; a URL falls silent, or has forgotten our session. A busy server just takes its time.
      const { code } = mcpFailure(thrown, '')
      if (this.#deps.target.kind === 'url' && code !== 'DEADLINE_EXCEEDED' && !signal.aborted) void connection.close().catch(() => undefined)
      return false
    }
  }

  /**
   * Calls a tool. When `signal` aborts, the server is told that the call is canceled.
   * Throws AGENT_UNREACHABLE, DEADLINE_EXCEEDED, INVALID_ARGUMENT when the server refuses the arguments, AGENT_FAILED, or the signal's reason.
   */
  async call(
    tool: McpTool,
    given: JsonObject,
    { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (text: string) => void }
  ): Promise<CallToolResult> {
    const { client } = this.connected()
    try {
      return await client.callTool(
        { name: tool.name, arguments: given },
        {
          signal,
          timeout: CALL.silence,
          resetTimeoutOnProgress: true,
          maxTotalTimeout: CALL.longest,
          onprogress: ({ progress, total, message }) => onProgress(message ?? (total === undefined ? String(progress) : `${progress} of ${total}`))
        }
      )
    } catch (thrown) {
      signal.throwIfAborted()
      throw mcpFailure(thrown, this.#known?.info.name ?? '')
    }
  }

  /** The connection that there is. Throws AGENT_UNREACHABLE. */
  connected(): McpConnection {
    if (this.#connection !== undefined) return this.#connection
    throw this.#problem ?? new HansaError('AGENT_UNREACHABLE', 'the MCP server is being started')
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#deps
    const { signal } = this.#stopping
    let wait = RETRY.first
    while (!signal.aborted) {
      const begun = clock.monotonic()
      let problem = new HansaError('AGENT_UNREACHABLE', 'the MCP server has ended')
      try {
        await this.#live(signal)
      } catch (thrown) {
        problem = mcpFailure(thrown, targetName(this.#deps.target))
      }
      if (signal.aborted) return
      this.#problem = problem
      this.#wake()
      if (clock.monotonic() - begun >= RETRY.healthyAfter) wait = RETRY.first
      log.warn({ reason: problem.message, retryMs: wait }, 'the MCP server is gone; it is started again')
      await this.#pause(wait)
      wait = Math.min(wait * 2, RETRY.longest)
    }
  }

  /** One life of the server, from its start to its end. */
  async #live(signal: AbortSignal): Promise<void> {
    const { target, version, log } = this.#deps
    const connection = await connectMcp({
      target,
      version,
      signal,
      onToolsChanged: () => void this.#learn(connection, signal).catch((error: unknown) => log.debug({ error }, 'the new list of tools could not be read')),
      onNote: (note) => log.debug({ note: note.slice(0, MAX_NOTE) }, 'note of the MCP server')
    })
    const stop = (): void => void connection.close().catch(() => undefined)
    signal.addEventListener('abort', stop, { once: true })
    try {
      await this.#learn(connection, signal)
      this.#connection = connection
      this.#problem = undefined
      log.info({ server: this.#known?.info.name, tools: this.#known?.tools.length, pid: connection.pid }, 'MCP server connected')
      this.#wake()
      await connection.ended
    } finally {
      this.#connection = undefined
      signal.removeEventListener('abort', stop)
      await connection.close()
    }
  }

  async #learn(connection: McpConnection, signal: AbortSignal): Promise<void> {
    const { tools } = await listTools(connection, signal)
    const server = connection.client.getServerVersion()
    const name = (server?.name ?? '').slice(0, 128) || 'mcp'
    const about = server?.description ?? connection.client.getInstructions() ?? ''
    const info = { name, title: (server?.title ?? '').slice(0, 128) || name, version: (server?.version ?? '').slice(0, 64) || '0', about }
    this.#known = { info, tools: readTools(tools) }
    this.#changed()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#stopping
    return new Promise((resolve) => {
      const done = (): void => {
        cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = this.#deps.clock.after(ms, done)
      signal.addEventListener('abort', done)
    })
  }
}

function targetName(target: McpTarget): string {
  // Arguments may hold secrets; a program's name and a host do not.
  return target.kind === 'url' ? target.url.host : target.command[0]
}
