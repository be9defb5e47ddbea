import { create, fromBinary } from '@bufbuild/protobuf'
import { agentKey, serversName } from '../../core/dht/keys.ts'
import { type AgentId, formatHandle, formatResourceId, parseAgent } from '../../core/ids/agent-id.ts'
import type { UnaryHandler } from '../../ports/rpc.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { type SignedRecord, SignedRecordSchema } from '../../schema/generated/hansa/v1/call_pb.ts'
import { type AgentRecord, AgentStatus, RecordState, type ResolveResponse, ResolveResponseSchema } from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { NodeInfo } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { methods } from '../../wire/methods.ts'
import { callerOf, reviewForeigner } from './caller.ts'
import { within } from './deadline.ts'
import type { DiscoverParts } from './discover.ts'
import { acceptAddress, cleanStatus, openAgentRecord } from './foreign-hits.ts'
import { serversOf } from './own-nodes.ts'
import { notRegistered, signedRecordOf } from './registry.ts'

/** Resolves one agent for callers on the network. Servers and other domains are answered from the own database only: no question goes in circles. */
export function resolveHandler(parts: DiscoverParts): UnaryHandler<typeof methods.resolve> {
  return async ({ agent }, { caller, signal }) => {
    const identity = callerOf(caller)
    reviewForeigner(identity, parts.registry.domain)
    const id = parseAgent(agent, parts.registry.domain)
    if (identity.own && !(identity.roles.includes('ars') && identity.peer !== parts.deps.members.self().peerId)) return resolve(parts, id, signal)
    const own = resolveLocal(parts, id, identity.domain)
    if (own === undefined) throw notRegistered(id)
    return own
  }
}

/**
 * The signed record of one agent: from the own database, else from a server of its domain, else from the DHT alone, which works when that server is down (draft
 * 3.5). Throws AGENT_NOT_FOUND, UNKNOWN_DOMAIN.
 */
export async function resolve(parts: DiscoverParts, id: AgentId, signal?: AbortSignal): Promise<ResolveResponse> {
  const { deps, registry } = parts
  if (!deps.identities.domains().includes(id.domain))
    throw new HansaError('UNKNOWN_DOMAIN', `the domain ${id.domain} is not listed here`, { domain: id.domain, agent: formatHandle(id) })
  const local = resolveLocal(parts, id, registry.domain)
  if (local !== undefined) return local
  const known = deps.database.get(formatResourceId(id))?.record
  if (known?.state === RecordState.DEREGISTERED) throw notRegistered(id)
  const { answer, denied } = await askServers(parts, id, signal)
  if (answer !== undefined) return answer
  // A server of the domain said no, and none that might know better failed to answer: an old record on the DHT does not count against that.
  if (denied) throw notRegistered(id)
  const stored = await resolveOnDht(parts, id, signal)
  if (stored === undefined) throw notRegistered(id)
  return stored
}

function resolveLocal({ registry, known }: DiscoverParts, id: AgentId, asker: string): ResolveResponse | undefined {
  const entry = id.domain === registry.domain ? registry.find(id) : undefined
  if (entry === undefined || !known.visible(entry.record, asker)) return undefined
  return create(ResolveResponseSchema, { record: signedRecordOf(entry), status: entry.status, address: known.address(entry, asker), source: 'local' })
}

async function askServers(parts: DiscoverParts, id: AgentId, signal?: AbortSignal): Promise<{ answer?: ResolveResponse; denied: boolean }> {
  const { deps, limits } = parts
  const outcomes = await Promise.all(
    (await serversFor(parts, id.domain, signal)).map(async ({ peerId, multiaddrs }) => {
      try {
        return await within(deps.clock, limits.serverMs, signal, async (limited) => {
          const target = { peer: peerId, addresses: multiaddrs, expect: { domain: id.domain, role: 'ars' } }
          const response = await deps.rpc.call(target, methods.resolve, { agent: formatResourceId(id) }, { signal: limited, timeoutMs: limits.serverMs })
          return await accept(parts, id, response)
        })
      } catch (thrown) {
        const error = toHansaError(thrown)
        deps.log.debug({ peer: peerId, error }, 'a registration server did not resolve an agent')
        return error.code
      }
    })
  )
  const answers = outcomes.filter((outcome) => typeof outcome !== 'string').sort((a, b) => (a.sequence < b.sequence ? 1 : -1))
  const denied = outcomes.length > 0 && outcomes.every((outcome) => outcome === 'AGENT_NOT_FOUND')
  return { answer: answers[0]?.response, denied }
}

async function serversFor(
  { deps, limits, registry, domainRecords }: DiscoverParts,
  domain: string,
  signal?: AbortSignal
): Promise<Pick<NodeInfo, 'peerId' | 'multiaddrs'>[]> {
  const self = deps.members.self().peerId
  const servers = domain === registry.domain ? serversOf(deps.members) : ((await domainRecords.get(domain))?.servers ?? [])
  const found = new Map<string, Pick<NodeInfo, 'peerId' | 'multiaddrs'>>(servers.map((node) => [node.peerId, node]))
  if (found.size === 0) {
    await within(deps.clock, limits.lookupMs, signal, async (limited) => {
      for await (const { peer, addresses } of deps.dht.providers(serversName(domain), limits.servers, limited))
        found.set(peer, { peerId: peer, multiaddrs: [...addresses] })
    })
  }
  found.delete(self)
  return [...found.values()].slice(0, limits.servers)
}

/** An answer of a server, checked as one should check a stranger's. */
async function accept({ deps, registry, domainRecords }: DiscoverParts, id: AgentId, response: ResolveResponse) {
  const record = openAgentRecord(deps, response.record)
  reviewSubject(record, id)
  if (record.state !== RecordState.REGISTERED) throw notRegistered(id)
  const own = id.domain === registry.domain
  const address = acceptAddress(record, response.address, own, own ? undefined : await domainRecords.get(id.domain))
  return {
    sequence: record.sequence,
    response: create(ResolveResponseSchema, { record: response.record, status: cleanStatus(response.status), address, source: 'ars' })
  }
}

async function resolveOnDht({ deps, limits, domainRecords }: DiscoverParts, id: AgentId, signal?: AbortSignal): Promise<ResolveResponse | undefined> {
  const { clock, dht, identities, sha256, log } = deps
  const resourceId = formatResourceId(id)
  const found = await Promise.all(
    identities.roots(id.domain).map(async (root) => {
      try {
        const value = await within(clock, limits.lookupMs, signal, (limited) => dht.get(agentKey(resourceId, sha256(root), sha256), limited))
        if (value === undefined) return undefined
        const signed: SignedRecord = fromBinary(SignedRecordSchema, value)
        const record = openAgentRecord(deps, signed)
        reviewSubject(record, id)
        return { record, signed }
      } catch (error) {
        log.debug({ resourceId, error }, 'no usable record on the DHT')
        return undefined
      }
    })
  )
  const best = found.reduce((a, b) => (b !== undefined && (a === undefined || b.record.sequence > a.record.sequence) ? b : a), undefined)
  if (best === undefined || best.record.state !== RecordState.REGISTERED) return undefined
  const address = acceptAddress(best.record, undefined, false, await domainRecords.get(id.domain))
  return create(ResolveResponseSchema, { record: best.signed, status: AgentStatus.UNKNOWN, address, source: 'dht' })
}

/** Throws SIGNATURE_INVALID for the record of another agent. */
function reviewSubject(record: AgentRecord, id: AgentId): void {
  if (record.resourceId !== formatResourceId(id))
    throw new HansaError('SIGNATURE_INVALID', `asked for ${formatHandle(id)} and got the record of ${record.handle}`, { agent: formatHandle(id) })
}
