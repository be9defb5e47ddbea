import { createHandlerClient } from '../../adapters/inprocess-agent/handler-client.ts'
import { mcpCard } from '../../adapters/mcp/mcp-card.ts'
import { McpServer } from '../../adapters/mcp/mcp-server.ts'
import { parseTarget } from '../../adapters/mcp/mcp-target.ts'
import { runTool } from '../../adapters/mcp/run-tool.ts'
import { toolCallOf } from '../../adapters/mcp/tool-call.ts'
import { parseCapability } from '../../core/ids/capability.ts'
import type { AgentClient } from '../../ports/agent-client.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import { version } from '../version.ts'

export interface McpAgentOptions {
  /** A command, or the URL of a server. */
  readonly target: string
  /** Offered beside those of the tools. */
  readonly capabilities: readonly string[]
}

/** An MCP server as an agent: each of its tools a skill, each message the call of one. Throws INVALID_ARGUMENT. Started when the card is first read; `close` ends it. */
export function createMcpAgent({ target, capabilities }: McpAgentOptions, deps: { readonly clock: Clock; readonly log: Log }): AgentClient {
  const offered = capabilities.map(parseCapability)
  const server = new McpServer({ target: parseTarget(target), version, ...deps })
  const agent = createHandlerClient(
    async (message, { signal }) => {
      // Before there is a task, so that the caller is told, and may ask another agent.
      server.connected()
      const { tools } = await server.known(signal)
      return runTool(server, toolCallOf(message, tools), signal)
    },
    // Not the one that is shown: the tools are known later, and change.
    { card: {}, onError: (error) => deps.log.debug({ error }, 'a tool failed') }
  )
  return {
    invoke: (operation, request, options) => agent.invoke(operation, request, options),
    async card(signal) {
      server.start()
      const { info, tools } = await server.known(signal)
      return mcpCard(info, tools, offered)
    },
    probe: (signal) => server.alive(signal),
    onCardChange: (listener) => server.onChange(listener),
    close: () => server.stop()
  }
}
