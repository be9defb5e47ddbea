import { toBinary } from '@bufbuild/protobuf'
import { agentKey, capabilityName, domainKey, serversName } from '../../core/dht/keys.ts'
import { ancestors } from '../../core/ids/capability.ts'
import type { AgentEntry } from '../../ports/agent-database.ts'
import { SignedRecordSchema } from '../../schema/generated/hansa/v1/call_pb.ts'
import { DomainRecordSchema, RecordState } from '../../schema/generated/hansa/v1/directory_pb.ts'
import { type NodeInfo, NodeInfoSchema } from '../../schema/generated/hansa/v1/trust_pb.ts'
import type { ArsConfig } from './config.ts'
import type { ArsDeps } from './deps.ts'
import type { KnownAgents } from './known-agents.ts'
import { gatewaysOf, serversOf } from './own-nodes.ts'
import type { Publisher } from './publisher.ts'
import { type Registry, signedRecordOf } from './registry.ts'

/** Nodes of one kind in a domain's record, and addresses of each: with the chain they fit the 16 KiB of a DHT value. */
const MAX_NODES = 16
const MAX_ADDRESSES = 8

/** What this server says to the swarm: the records of its exported agents, the capabilities they have, and its domain's servers and gateways. */
export class Publication {
  readonly #deps: ArsDeps
  readonly #config: ArsConfig
  readonly #registry: Registry
  readonly #known: KnownAgents
  readonly #publisher: Publisher
  /** Capability names of each published agent, by resource ID. */
  readonly #capabilities = new Map<string, readonly string[]>()
  /** How many published agents have a capability. */
  readonly #uses = new Map<string, number>()
  #domain = { nodes: '', sequence: 0n, renewAt: 0 }

  constructor(deps: ArsDeps, config: ArsConfig, registry: Registry, known: KnownAgents, publisher: Publisher) {
    this.#deps = deps
    this.#config = config
    this.#registry = registry
    this.#known = known
    this.#publisher = publisher
  }

  /** Everything, after a start. */
  begin(): void {
    for (const entry of this.#deps.database.all()) if (Number(entry.record.expiresAt) > this.#deps.clock.now()) this.#agent(entry)
    this.#provide()
    this.domain()
  }

  /** One agent, after a change. Anybody in the swarm can read the DHT: what is not exported is not put there. */
  changed(entry: AgentEntry): void {
    this.#agent(entry)
    this.#provide()
  }

  /** What has expired is no longer repeated. */
  forget(entry: AgentEntry): void {
    this.#publisher.drop(this.#key(entry))
    this.#count(entry.record.resourceId, [])
    this.#provide()
  }

  /** The domain's record: again when the nodes have changed, and in the second half of its life. */
  domain(): void {
    const { clock, identities, records, members, sha256 } = this.#deps
    const root = identities.chain().at(-1)
    if (root === undefined) return
    const gateways = gatewaysOf(members).slice(0, MAX_NODES).map(bounded)
    const servers = serversOf(members).slice(0, MAX_NODES).map(bounded)
    const nodes = [...gateways, ...servers].map((node) => toBinary(NodeInfoSchema, node).toString()).join()
    const now = clock.now()
    if (nodes === this.#domain.nodes && now < this.#domain.renewAt) return
    const sequence = BigInt(now) > this.#domain.sequence ? BigInt(now) : this.#domain.sequence + 1n
    const expiresAt = now + this.#config.domainRecordLifetimeMs
    const { domain } = this.#registry
    const signed = records.seal(DomainRecordSchema, { domain, gateways, servers, sequence, issuedAt: BigInt(now), expiresAt: BigInt(expiresAt) })
    this.#domain = { nodes, sequence, renewAt: now + this.#config.domainRecordLifetimeMs / 2 }
    this.#publisher.keep(domainKey(domain, sha256(root), sha256), toBinary(SignedRecordSchema, signed))
  }

  #agent(entry: AgentEntry): void {
    const { record } = entry
    const registered = record.state === RecordState.REGISTERED
    const published = this.#capabilities.has(record.resourceId)
    // A tombstone has no capabilities to go by: what was never put there is not ended there.
    if (registered ? !this.#known.exported(record) : !published && !this.#known.exported(record)) {
      // It may have been exported under other capabilities before; what is out there runs out by itself.
      if (published) this.#publisher.drop(this.#key(entry))
      this.#count(record.resourceId, [])
      return
    }
    this.#publisher.keep(this.#key(entry), entry.signed)
    this.#count(record.resourceId, registered ? [...new Set(record.capabilities.flatMap(ancestors))].map(capabilityName) : [])
  }

  /** The key holds the root under which the record was signed, which need not be today's. */
  #key(entry: AgentEntry): string {
    const { sha256 } = this.#deps
    return agentKey(entry.record.resourceId, sha256(signedRecordOf(entry).chain.at(-1) ?? new Uint8Array()), sha256)
  }

  #count(resourceId: string, names: readonly string[]): void {
    for (const name of this.#capabilities.get(resourceId) ?? []) {
      const left = (this.#uses.get(name) ?? 0) - 1
      if (left > 0) this.#uses.set(name, left)
      else this.#uses.delete(name)
    }
    for (const name of names) this.#uses.set(name, (this.#uses.get(name) ?? 0) + 1)
    if (names.length > 0) this.#capabilities.set(resourceId, names)
    else this.#capabilities.delete(resourceId)
  }

  #provide(): void {
    this.#publisher.provide(new Set([serversName(this.#registry.domain), ...this.#uses.keys()]))
  }
}

function bounded(node: NodeInfo): NodeInfo {
  return { ...node, multiaddrs: node.multiaddrs.slice(0, MAX_ADDRESSES) }
}
