import { agent, type AgentService } from '../roles/agent/agent.ts'
import type { AgentDeps } from '../roles/agent/deps.ts'
import { createAgentClient } from './agent-clients.ts'
import type { NodeOptions } from './hansa-node.ts'
import type { Home } from './home/open-home.ts'
import { loadMapping } from './mapping/mapping-file.ts'
import { agentSettings } from './role-settings.ts'

/** The agent role, when there is an agent. A node may have the role for later. */
export async function agentOf(options: NodeOptions, home: Home, deps: Omit<AgentDeps, 'client'>): Promise<AgentService | undefined> {
  const settings = { ...agentSettings(home.config), ...options.agent?.config }
  if (options.agent?.mcp !== undefined) {
    const { createMcpAgent } = await import('./mcp/mcp-agent.ts')
    const client = createMcpAgent({ target: options.agent.mcp, capabilities: settings.capabilities ?? [] }, deps)
    // The settings' capabilities are in the card, beside those of the tools, not in their place.
    const service = agent({ ...settings, capabilities: undefined }).create({ ...deps, client })
    return { ...service, stop: () => service.stop().finally(() => client.close?.()) }
  }
  const card = options.agent?.card ?? home.config.agent.card
  const file = options.agent?.mapping ?? (home.config.agent.mapping === undefined ? undefined : home.resolve(home.config.agent.mapping))
  const mapping = file === undefined ? undefined : await loadMapping(file)
  const client = options.agent?.client ?? (card === undefined ? undefined : await createAgentClient(card, mapping))
  if (client === undefined) return undefined
  return agent(settings).create({ ...deps, client })
}
