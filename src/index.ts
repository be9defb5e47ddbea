/**
 * The public API of Hansa: put an agent on the swarm, find agents, speak to them.
 *
 *     const agent = createAgent({ home, name: 'Hotel', description: 'Books hotels', skills: [{ id: 'travel/hotel-booking' }] })
 *       .onMessage((message, { text }) => `booked: ${text}`)
 *     await agent.start()
 *
 *     const swarm = await joinSwarm({ home })
 *     const { agents } = await swarm.find({ capabilities: ['travel'] })
 *     const { text } = await swarm.call('hotel@south.example', 'two nights in Oslo')
 */
import * as agents from './node/create-agent.ts'
import { createNode } from './node/create-node.ts'
import * as swarms from './node/join-swarm.ts'

export type { Agent, AgentBuilder, AgentContext, AgentOptions, Skill } from './node/create-agent.ts'
export type { JoinSwarmOptions, Reply, Swarm } from './node/join-swarm.ts'
export type { AgentState } from './roles/agent/agent.ts'
export type { Found, FoundAgent, Resolved } from './roles/agent/discovery.ts'
export { replyData } from './roles/agent/reply-data.ts'
export { replyText } from './roles/agent/reply-text.ts'
export type { Outgoing, ResponseStream, Sent, SwarmClient } from './roles/agent/swarm-client.ts'
export type { CallSettings, QuerySettings } from './roles/agent/swarm-client-deps.ts'
export type { Verified } from './roles/agent/verify-record.ts'
export { type ErrorCode, HansaError, isErrorCode } from './schema/errors.ts'

/** Defines an agent that runs in this process; `start` puts it on the swarm. */
export function createAgent(options: agents.AgentOptions): agents.AgentBuilder {
  return agents.createAgent(options, createNode)
}

/** Starts the node of a home in this process. Throws HOME_MISSING, HOME_LOCKED, KEY_MISSING, CONFIG_INVALID. */
export function joinSwarm(options: swarms.JoinSwarmOptions): Promise<swarms.Swarm> {
  return swarms.joinSwarm(options, createNode)
}
