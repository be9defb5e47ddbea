import type { AgentStatus } from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { AgentAdvert } from '../../schema/generated/hansa/v1/gateway_pb.ts'
import type { NodeInfo } from '../../schema/generated/hansa/v1/trust_pb.ts'

/** Where a call for an agent goes next. */
export type NextHop =
  | { readonly kind: 'local'; readonly agent: AttachedAgent }
  /** `gateway` is the one that the agent is attached to, `via` the neighbour to hand the call to (the same one when they are neighbours), `languages` are the agent's. */
  | { readonly kind: 'gateway'; readonly gateway: NodeInfo; readonly via: NodeInfo; readonly languages: readonly string[] }

/** An agent attached to this gateway (draft 3.3.1: agent access). */
export interface AttachedAgent {
  readonly resourceId: string
  readonly spiffeId: string
  readonly handle: string
  /** PeerId of the agent's node and the addresses its description gave. */
  readonly peer: string
  readonly addresses: readonly string[]
  /** The agent's card, the exact bytes that it signed. */
  readonly card: Uint8Array
  readonly status: AgentStatus
  readonly streaming: boolean
  /** BCP 47 tags of its registration. */
  readonly languages: readonly string[]
}

/** An agent that some gateway advertises. */
export interface ReachableAgent {
  readonly advert: AgentAdvert
  /** SPIFFE ID of the gateway that advertises it; this gateway's own for an attached agent. */
  readonly origin: string
  /** True while the agent is online and its gateway can be reached (draft 3.4.3). */
  readonly applicable: boolean
}

/** An agent attached here came (or is heard again), went (or is silent), or its registration has ended. */
export interface AgentNews {
  readonly kind: 'online' | 'offline' | 'ended'
  readonly handle: string
  readonly capabilities: readonly string[]
}

/** What the data plane asks of the control plane. Everything is answered from memory. */
export interface RoutingView {
  /**
   * The next hop towards an agent (handle), never through a gateway of `passed` (SPIFFE IDs).
   * Throws AGENT_NOT_FOUND (nobody advertises it), AGENT_UNREACHABLE (offline), NO_ROUTE (no way to its gateway).
   */
  nextHop(handle: string, passed: readonly string[]): NextHop
  /** The next hop towards a gateway (SPIFFE ID), never through one of `passed`; undefined where there is no way. */
  towards(gateway: string, passed: readonly string[]): (NextHop & { kind: 'gateway' }) | undefined
  /**
   * The next hop towards the gateway that an agent was attached to, whether or not the agent is online: one that advertises it, otherwise the nearest of its domain. Never
   * through one of `passed`; undefined where there is no way.
   */
  towardsHome(handle: string, passed: readonly string[]): (NextHop & { kind: 'gateway' }) | undefined
  /** Calls `listener` with the news of agents attached here. */
  onAgent(listener: (news: AgentNews) => void): void
  attached(handle: string): AttachedAgent | undefined
  reachable(): ReachableAgent[]
  /** How a gateway (SPIFFE ID) that can be reached now is called; undefined for others. */
  gateway(spiffeId: string): NodeInfo | undefined
  /** True when the gateway (SPIFFE ID) is an interconnected neighbour that is up. */
  isNeighbor(spiffeId: string): boolean
}
