import type { MessageInitShape } from '@bufbuild/protobuf'
import { type AgentId, formatHandle } from '../../core/ids/agent-id.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import type { Address, AgentRecord, AgentStatus, Asked, DiscoverRequestSchema, Hit } from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { NodeInfo } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { methods } from '../../wire/methods.ts'
import { candidates, firstAnswer, targetOf } from './candidates.ts'
import type { QuerySettings, SwarmClientDeps } from './swarm-client-deps.ts'
import { verifyRecord, type Verified } from './verify-record.ts'

/** One agent that was found, with what this node itself has verified of its record. */
export interface FoundAgent {
  /** What its registration server has signed. */
  readonly record: AgentRecord
  readonly verified: Verified
  /** As its gateway has told it. */
  readonly status: AgentStatus
  /** 0 to 1, higher is better. */
  readonly score: number
  /** For an agent of another domain always a gateway of that domain (draft 3.2.3). */
  readonly address?: Address
}

/** What a search has found. */
export interface Found {
  /** Best first. */
  readonly agents: readonly FoundAgent[]
  /** Which servers were asked, and what each said. */
  readonly asked: readonly Asked[]
  /** False when somebody who might know more did not answer, the limit cut the list, or a record was refused. */
  readonly complete: boolean
  /** SPIFFE ID of the node that answered. */
  readonly via: string
  /** Records that came and were not believed, and why. */
  readonly refused: readonly HansaError[]
}

/** One agent that was asked for by name. */
export interface Resolved extends Omit<FoundAgent, 'score'> {
  /** Where the server had it from: local, ars or dht. */
  readonly source: string
  /** SPIFFE ID of the node that answered. */
  readonly via: string
}

/** Only for a node that is not there or has no such role: a quota or a refusal is not to be gone round. */
const ELSEWHERE = new Set(['PEER_UNREACHABLE', 'CONNECTION_LOST', 'METHOD_NOT_FOUND', 'PROTOCOL_VERSION'])
export const isFinal = (error: HansaError) => !ELSEWHERE.has(error.code)

/** Gateways of the own domain in the order in which to ask them. */
export function throughGateways({ members, attachedGateway }: SwarmClientDeps): NodeInfo[] {
  return candidates(members, 'agw', { first: attachedGateway?.() })
}

/** Asks a gateway of the own domain, or a registration server where there is none (a server among its own roles is asked first). */
export async function find(deps: SwarmClientDeps, request: MessageInitShape<typeof DiscoverRequestSchema>, settings: QuerySettings): Promise<Found> {
  const domain = ownDomain(deps)
  const { rpc, members } = deps
  const self = members.self()
  const gateways = throughGateways(deps).map((node) => ({ node, role: 'agw' as const, method: methods.gatewayDiscover }))
  const servers = candidates(members, 'ars').map((node) => ({ node, role: 'ars' as const, method: methods.discover }))
  const ways = self.roles.includes('ars') && !self.roles.includes('agw') ? [...servers, ...gateways] : [...gateways, ...servers]
  let failure = new HansaError('PEER_UNREACHABLE', `no gateway or registration server of ${domain} is known to this node`)
  for (const { node, role, method } of ways) {
    try {
      const response = await rpc.call(targetOf(node, role, domain), method, request, settings)
      const { agents, refused } = believed(deps, response.hits)
      return { agents, asked: response.asked, complete: response.complete && refused.length === 0, via: node.spiffeId, refused }
    } catch (thrown) {
      failure = toHansaError(thrown)
      if (isFinal(failure)) throw failure
    }
  }
  throw failure
}

/** Asks the registration servers of the own domain for one agent. Throws AGENT_NOT_FOUND, and what makes its record unbelievable. */
export async function resolve(deps: SwarmClientDeps, agent: AgentId, settings: QuerySettings): Promise<Resolved> {
  const domain = ownDomain(deps)
  const none = new HansaError('PEER_UNREACHABLE', `no registration server of ${domain} is known to this node`)
  const handle = formatHandle(agent)
  return firstAnswer(
    candidates(deps.members, 'ars'),
    none,
    async (node) => {
      const response = await deps.rpc.call(targetOf(node, 'ars', domain), methods.resolve, { agent: handle }, settings)
      if (response.record === undefined) throw new HansaError('AGENT_NOT_FOUND', `nobody knows ${handle}`, { agent: handle })
      const { record, verified } = verifyRecord(deps, response.record)
      if (record.handle !== handle) throw new HansaError('SIGNATURE_INVALID', `asked for ${handle} and got the record of another agent`, { agent: handle })
      return { record, verified, status: response.status, address: response.address, source: response.source, via: node.spiffeId }
    },
    isFinal
  )
}

function believed(deps: SwarmClientDeps, hits: readonly Hit[]): { agents: FoundAgent[]; refused: HansaError[] } {
  const agents: FoundAgent[] = []
  const refused: HansaError[] = []
  for (const hit of hits) {
    try {
      if (hit.record === undefined) throw new HansaError('MALFORMED', 'a hit without a record')
      agents.push({ ...verifyRecord(deps, hit.record), status: hit.status, score: hit.score, address: hit.address })
    } catch (thrown) {
      refused.push(toHansaError(thrown))
    }
  }
  return { agents, refused }
}

function ownDomain({ identities }: SwarmClientDeps): string {
  const self = identities.self()
  if (self === undefined) throw new HansaError('UNAUTHENTICATED', 'this node has no certificate yet')
  return self.domain
}
