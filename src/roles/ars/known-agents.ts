import { create } from '@bufbuild/protobuf'
import { type AccessPolicy, createAccessPolicy } from '../../core/access/access-policy.ts'
import { addressOf } from '../../core/directory/address.ts'
import { type Query } from '../../core/directory/query.ts'
import { score } from '../../core/directory/rank.ts'
import { parseResourceId } from '../../core/ids/agent-id.ts'
import type { AgentEntry } from '../../ports/agent-database.ts'
import type { AgentRecord } from '../../schema/generated/hansa/v1/directory_pb.ts'
import { type Address, AddressSchema, type Hit, HitSchema } from '../../schema/generated/hansa/v1/directory_pb.ts'
import { type NodeInfo, NodeInfoSchema } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { gatewaysOf } from './own-nodes.ts'
import type { ArsConfig } from './config.ts'
import type { ArsDeps } from './deps.ts'
import { descriptionOf, type Registry, signedRecordOf } from './registry.ts'

/** Rows read at once when what may be shown must be picked from what fits: exported agents only, or without rows that have expired. */
const MAX_ROWS = 500

/** What this server shows of its own database, and to whom. */
export class KnownAgents {
  readonly #deps: ArsDeps
  readonly #config: ArsConfig
  readonly #registry: Registry
  #policy: AccessPolicy | undefined

  constructor(deps: ArsDeps, config: ArsConfig, registry: Registry) {
    this.#deps = deps
    this.#config = config
    this.#registry = registry
  }

  /** May listed domains see this agent? */
  exported(record: AgentRecord): boolean {
    this.#policy ??= createAccessPolicy({ ownDomain: this.#registry.domain, exported: this.#config.export })
    return this.#policy.exports(parseResourceId(record.resourceId), () => record.capabilities)
  }

  /** May somebody of `asker` see this agent? */
  visible(record: AgentRecord, asker: string): boolean {
    return asker === this.#registry.domain || this.exported(record)
  }

  /** Agents of this database that fit and that `asker` may see, best first; `cut` when the limit left some out. */
  search(query: Query, asker: string): { readonly hits: FoundHit[]; readonly cut: boolean } {
    if (query.domain !== undefined && query.domain !== this.#registry.domain) return { hits: [], cut: false }
    const { entries, total } = this.#deps.database.query({ ...query, limit: MAX_ROWS })
    const seen = entries.filter((entry) => this.#registry.stands(entry) && this.visible(entry.record, asker))
    const ranked = seen
      .map((entry) => ({ entry, score: score(entry.record, entry.status, query) }))
      .sort((a, b) => b.score - a.score || (a.entry.record.handle < b.entry.record.handle ? -1 : 1))
    const hits = ranked
      .slice(0, query.limit)
      .map((found) => ({ record: found.entry.record, score: found.score, hit: this.hit(found.entry, asker, found.score) }))
    return { hits, cut: ranked.length > query.limit || total > entries.length }
  }

  hit(entry: AgentEntry, asker: string, value: number): Hit {
    return create(HitSchema, { record: signedRecordOf(entry), status: entry.status, score: value, address: this.address(entry, asker) })
  }

  /** Where `asker` reaches one of our agents (draft 3.2.3). */
  address(entry: AgentEntry, asker: string): Address | undefined {
    const { record } = entry
    const address = addressOf({
      handle: record.handle,
      domain: record.domain,
      asker,
      agent: asker === record.domain ? nodeOf(entry) : undefined,
      gateways: gatewaysOf(this.#deps.members),
      attachedTo: entry.gateway,
      intraDomain: this.#config.intraDomain
    })
    return address && create(AddressSchema, address)
  }
}

/** A hit with what merging needs. */
export interface FoundHit {
  readonly record: AgentRecord
  readonly score: number
  readonly hit: Hit
}

function nodeOf(entry: AgentEntry): NodeInfo {
  const { spiffeId, peerId, multiaddrs } = descriptionOf(entry)
  return create(NodeInfoSchema, { spiffeId, roles: ['agent'], peerId, multiaddrs })
}
