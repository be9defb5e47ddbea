import type { AgentClient } from '../ports/agent-client.ts'
import type { AgentService } from '../roles/agent/agent.ts'
import type { AgentConfig } from '../roles/agent/config.ts'
import type { SwarmClient } from '../roles/agent/swarm-client.ts'
import type { TaskWork } from './swarm-task.ts'

/** A node inside somebody's program, as the public API needs it. */
export interface EmbeddedNode extends Partial<TaskWork> {
  start(): Promise<void>
  stop(): Promise<void>
  readonly swarm: SwarmClient
  /** Nodes of its domain that it has heard of. */
  readonly member?: { find(role: 'agw' | 'ars'): readonly unknown[] }
  /** Present when the node was made with an agent. */
  readonly agent?: AgentService
}

/** Makes a node of a home (not started). Throws HOME_MISSING, HOME_LOCKED, KEY_MISSING, CONFIG_INVALID. */
export type OpenNode = (options: {
  readonly home: string
  /** Gives the node the agent role for this agent. */
  readonly agent?: { readonly client: AgentClient; readonly config: AgentConfig }
}) => Promise<EmbeddedNode>
