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
 *     const { results } = await swarm.task({ want: ['hotel-confirmation'], given: { destination: 'Oslo' } })
 */
import * as agents from './node/create-agent.ts'
import { createNode } from './node/create-node.ts'
import * as swarms from './node/join-swarm.ts'

export type { Answer, AnswerFile, Chunk, Contents, MessageContext, Pieces, Progress, Question } from './adapters/inprocess-agent/handler.ts'
export type { Agent, AgentBuilder, AgentContext, AgentOptions, Skill } from './node/create-agent.ts'
export type { Conversation, HistoryOptions, SwarmSession, Turn } from './node/swarm-session.ts'
export type { JoinSwarmOptions, Swarm } from './node/join-swarm.ts'
export type { Reply } from './node/reply.ts'
export type { SwarmTask, TaskOptions, TaskSnapshot } from './node/swarm-task.ts'
export { EXTENSIONS } from './core/ids/extension-uris.ts'
export type { WorkStateWord } from './core/task/work-state.ts'
export type { AgentState } from './roles/agent/agent.ts'
export type { Attached } from './roles/agent/attachment.ts'
export type { Found, FoundAgent, Resolved } from './roles/agent/discovery.ts'
export type { Registered } from './roles/agent/registration.ts'
export { replyData } from './roles/agent/reply-data.ts'
export { replyText } from './roles/agent/reply-text.ts'
export type { Outgoing, OutgoingContents } from './roles/agent/outgoing-request.ts'
export type { ResponseStream, Sent, SwarmClient } from './roles/agent/swarm-client.ts'
export type { CallSettings, QuerySettings } from './roles/agent/swarm-client-deps.ts'
export type { Verified } from './roles/agent/verify-record.ts'
export { type ErrorCode, ERRORS, HansaError, isErrorCode } from './schema/errors.ts'
export type { ErrorDetail, SignedRecord } from './schema/generated/hansa/v1/call_pb.ts'
export type { Address, AgentRecord, Asked, DiscoverRequest, RecordState, SkillFacts, StatusFilter } from './schema/generated/hansa/v1/directory_pb.ts'
export { AgentStatus } from './schema/generated/hansa/v1/directory_pb.ts'
export type { AppliedTranslation, Hop } from './schema/generated/hansa/v1/gateway_pb.ts'
export type * from './schema/generated/hansa/v1/task_pb.ts'
export type { NodeInfo } from './schema/generated/hansa/v1/trust_pb.ts'
export type * from './schema/generated/lf/a2a/v1/a2a_pb.ts'
export { Role, TaskState } from './schema/generated/lf/a2a/v1/a2a_pb.ts'
export type { Receipt } from './wire/inbox-receipt.ts'
export type { A2aOperationName, NetworkOperationName, OperationName } from './wire/operations.ts'

/** Defines an agent that runs in this process; `start` puts it on the swarm. */
export function createAgent(options: agents.AgentOptions): agents.AgentBuilder {
  return agents.createAgent(options, createNode)
}

/** Starts the node of a home in this process. Throws HOME_MISSING, HOME_LOCKED, KEY_MISSING, CONFIG_INVALID. */
export function joinSwarm(options: swarms.JoinSwarmOptions): Promise<swarms.Swarm> {
  return swarms.joinSwarm(options, createNode)
}
