import { fromBinary } from '@bufbuild/protobuf'
import type { HansaNode } from '../../node/hansa-node.ts'
import { HansaError, errorOf } from '../../schema/errors.ts'
import { AgentRecordSchema, type Hit, StatusFilter } from '../../schema/generated/hansa/v1/directory_pb.ts'
import { shapeOfError } from '../error-shape.ts'
import type { NodeOperations } from '../operations.ts'
import type { AgentSummary } from '../types.ts'
import { summaryOf } from './agent-summary.ts'

/** Discovery and the registrations of the own domain (draft 3.2). */
export function directoryOperations(node: HansaNode): Pick<NodeOperations, 'find' | 'resolve' | 'agents' | 'agent' | 'deregister'> {
  const registrations = async (): Promise<AgentSummary[]> => (await node.desk.agents()).flatMap(ownHit)
  return {
    async find({ text, capabilities, outputs, language = '', protocol = '', domain = '', status, limit }, signal) {
      const filter = status === 'online' ? StatusFilter.ONLINE : StatusFilter.ANY
      const found = await node.swarm.find({ text, capabilities, outputs, language, protocol, domain, status: filter, limit }, { signal })
      return {
        hits: found.agents.map(({ record, status: state, score, address }) =>
          summaryOf(record, state, { score, ...(address === undefined ? {} : { address }) })
        ),
        asked: found.asked.map(({ domain: of, ars, hits, ms, error }) => ({
          domain: of,
          ars,
          hits,
          ms,
          ...(error === undefined ? {} : { error: shapeOfError(errorOf(error)) })
        })),
        complete: found.complete
      }
    },
    async resolve({ agent }, signal) {
      const { record, status, address, source, verified } = await node.swarm.resolve(agent, { signal })
      const summary = summaryOf(record, status, address === undefined ? {} : { address })
      return { agent: summary, source, verified: [`signed by ${verified.signer}`, ...verified.checks] }
    },
    agents: async () => ({ agents: await registrations() }),
    async agent({ agent }) {
      const wanted = agent.includes('@') || agent.includes(':') ? agent : `${agent}@${node.home.config.domain}`
      const found = (await registrations()).find(({ handle, resourceId, spiffeId }) => [handle, resourceId, spiffeId].includes(wanted))
      if (found === undefined) throw new HansaError('AGENT_NOT_FOUND', `${wanted} is not registered in ${node.home.config.domain}`, { agent: wanted })
      return found
    },
    deregister: ({ agent }) => node.desk.deregister(agent)
  }
}

/** A registration of the own domain; its record comes from a server of ours over an authenticated stream. */
function ownHit({ record, status, score, address }: Hit): AgentSummary[] {
  if (record === undefined) return []
  return [summaryOf(fromBinary(AgentRecordSchema, record.payload), status, { score, ...(address === undefined ? {} : { address }) })]
}
