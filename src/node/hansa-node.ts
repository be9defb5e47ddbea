import type { AgentClient } from '../ports/agent-client.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { Network } from '../ports/network.ts'
import type { Records } from '../ports/records.ts'
import type { Rpc } from '../ports/rpc.ts'
import type { Aca } from '../roles/aca/aca.ts'
import type { AgentService } from '../roles/agent/agent.ts'
import type { AgentConfig } from '../roles/agent/config.ts'
import type { Sessions } from '../roles/agent/sessions/sessions.ts'
import type { SwarmClient } from '../roles/agent/swarm-client.ts'
import type { Orchestrator } from '../roles/agent/tasks/orchestrator.ts'
import type { Agw } from '../roles/agw/agw.ts'
import type { Ars } from '../roles/ars/ars.ts'
import type { MemberIdentities } from '../roles/member/member-identities.ts'
import type { Member } from '../roles/member/member.ts'
import type { PrometheusMetrics } from '../adapters/system/metrics.ts'
import type { Desk } from './desk.ts'
import type { Home } from './home/open-home.ts'
import type { Planner } from './task/work.ts'

/** A node with everything in it; roles it does not have are undefined. */
export interface HansaNode {
  readonly home: Home
  /** Of this software. */
  readonly version: string
  readonly startedAt: number
  readonly state: 'starting' | 'running' | 'stopping'
  readonly clock: Clock
  readonly log: Log
  readonly metrics: PrometheusMetrics
  readonly network: Network
  readonly rpc: Rpc
  readonly identities: MemberIdentities
  readonly records: Records
  readonly member: Member
  readonly swarm: SwarmClient
  /** What was said, by this node and to its agent (draft 2.4). */
  readonly sessions: Sessions
  readonly tasks: Orchestrator
  readonly planner: Planner
  readonly desk: Desk
  readonly aca?: Aca
  readonly ars?: Ars
  readonly agw?: Agw
  readonly agent?: AgentService
  /** Base URL of the HTTP ingress, once it listens. */
  ingress(): string | undefined
  start(): Promise<void>
  /** Drains, withdraws, disconnects, closes the home. */
  stop(): Promise<void>
}

export interface NodeOptions {
  readonly home: string
  /** Environment variables that override the config; the process's own otherwise. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The agent of the agent role: one in this process (`client`) or one with a card (its URL or file); otherwise the one whose card the config names. */
  readonly agent?: {
    readonly client?: AgentClient
    readonly card?: string
    /** File that says how a plain service is called as an agent, in place of the one that the config names. */
    readonly mapping?: string
    /** An MCP server whose tools are the agent: a command or a URL. `config.capabilities` are offered beside those of the tools. */
    readonly mcp?: string
    readonly config: AgentConfig
  }
}
