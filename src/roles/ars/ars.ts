import type { MessageInitShape } from '@bufbuild/protobuf'
import { parseAgent } from '../../core/ids/agent-id.ts'
import type { Lifecycle, Part } from '../../ports/part.ts'
import { toHansaError } from '../../schema/errors.ts'
import type { SignedRecord } from '../../schema/generated/hansa/v1/call_pb.ts'
import type { DiscoverRequestSchema, DiscoverResponse, Hit, ResolveResponse } from '../../schema/generated/hansa/v1/directory_pb.ts'
import { AgentStatus, RecordState } from '../../schema/generated/hansa/v1/directory_pb.ts'
import { methods } from '../../wire/methods.ts'
import type { ArsConfig } from './config.ts'
import type { ArsDeps } from './deps.ts'
import { AuthorityNotices } from './authority-notices.ts'
import { deregister, deregisterByOperator } from './deregister.ts'
import { discover, discoverHandler } from './discover.ts'
import { acceptEnd, EndNotices } from './end-notices.ts'
import { DomainRecords } from './domain-records.ts'
import { GatewayWatch } from './gateway-watch.ts'
import { Holdings } from './holdings.ts'
import { KnownAgents } from './known-agents.ts'
import { listAgents, listHandler } from './list-agents.ts'
import { Publication } from './publication.ts'
import { Publisher } from './publisher.ts'
import { register } from './register.ts'
import { Registry } from './registry.ts'
import { report } from './report.ts'
import { resolve, resolveHandler } from './resolve.ts'
import { update } from './update.ts'
import { Upkeep } from './upkeep.ts'

/** Numbers that `hansa status` shows. */
export interface ArsStats {
  /** Rows of the Agent Database, tombstones included. */
  readonly rows: number
  readonly registered: number
  readonly online: number
  /** Values and names that are kept on the DHT. */
  readonly published: number
}

/** The registration server, as the node's own operator uses it. */
export interface Ars extends Lifecycle {
  /** As for a caller of `callerDomain`. Throws INVALID_ARGUMENT, UNKNOWN_DOMAIN. */
  discover(request: MessageInitShape<typeof DiscoverRequestSchema>, callerDomain: string, signal?: AbortSignal): Promise<DiscoverResponse>
  /** `agent` in any form. Throws AGENT_NOT_FOUND, UNKNOWN_DOMAIN, INVALID_ARGUMENT. */
  resolve(agent: string, signal?: AbortSignal): Promise<ResolveResponse>
  /** Registrations of this server. */
  list(): Hit[]
  /**
   * The operator ends a registration, for good: the same key is not registered again (core/directory: reviewReturn). Returns the tombstone. Throws AGENT_NOT_FOUND,
   * PERMISSION_DENIED for an agent of another domain.
   */
  deregister(agent: string): Promise<SignedRecord>
  stats(): ArsStats
}

/** How often the domain's record is compared with the nodes that are known. */
const DOMAIN_MS = 2_000

/** The ARS role (draft 2.3, 3.2, 3.5). */
export function ars(config: ArsConfig): Part<ArsDeps, Ars> {
  return { name: 'ars', create: (deps) => createArs(config, deps) }
}

function createArs(config: ArsConfig, deps: ArsDeps): Ars {
  const { clock, database, identities, log, metrics, rpc } = deps
  const registry = new Registry(deps, config)
  const known = new KnownAgents(deps, config, registry)
  const domainRecords = new DomainRecords(deps, config.discovery)
  const parts = { deps, limits: config.discovery, registry, known, domainRecords }
  const holdings = new Holdings(database)
  const watch = new GatewayWatch(deps, config, holdings)
  const publisher = new Publisher(deps, config)
  const publication = new Publication(deps, config, registry, known, publisher)
  const upkeep = new Upkeep(deps, registry, publication, holdings)
  const notices = new EndNotices(deps)
  const authorities = new AuthorityNotices(deps)
  const timers: (() => void)[] = []
  let running = false

  const inBackground = (what: string, work: Promise<void>): void => {
    work.catch((thrown: unknown) => log.error({ error: toHansaError(thrown) }, `${what} failed`))
  }
  registry.onChange((entry) => {
    if (!running) return
    publication.changed(entry)
    upkeep.changed(entry)
    notices.changed(entry)
    authorities.changed(entry)
    if (entry.record.state === RecordState.DEREGISTERED) holdings.ended(entry.record.resourceId)
  })
  identities.onChange(() => {
    if (running) inBackground('ending revoked registrations', upkeep.endRevoked())
  })

  const stats = (): ArsStats => {
    const all = [...registry.standing()]
    const online = all.filter(({ status }) => status === AgentStatus.ONLINE).length
    return { rows: database.count(), registered: all.length, online, published: publisher.size }
  }
  metrics?.gauge('hansa_ars_agents', 'Rows of the Agent Database, tombstones included.', () => database.count())
  metrics?.gauge('hansa_ars_published', 'Values and names that are kept on the DHT.', () => publisher.size)

  return {
    async start() {
      rpc.handle(methods.register, register(deps, registry))
      rpc.handle(methods.update, update(deps, registry))
      rpc.handle(methods.deregister, deregister(deps, registry))
      rpc.handle(methods.discover, discoverHandler(parts))
      rpc.handle(methods.resolve, resolveHandler(parts))
      rpc.handle(methods.listAgents, listHandler(registry, known))
      rpc.handle(methods.report, report(deps, holdings, watch))
      rpc.handle(methods.ended, acceptEnd(deps, registry))
      running = true
      publisher.start()
      publication.begin()
      upkeep.begin()
      notices.begin()
      authorities.begin()
      inBackground('telling the ACA what has ended', authorities.round())
      timers.push(
        clock.every(DOMAIN_MS, () => publication.domain()),
        clock.every(config.gatewayProbeMs, () => inBackground('probing gateways', watch.tick())),
        clock.every(config.upkeepMs, () => {
          inBackground('upkeep', upkeep.round())
          inBackground('telling other servers what has ended', notices.round())
          inBackground('telling the ACA what has ended', authorities.round())
        })
      )
      // While this server was down, certificates may have been revoked.
      await upkeep.endRevoked()
    },
    async stop() {
      running = false
      for (const stop of timers.splice(0)) stop()
      publisher.stop()
      await database.commit()
    },
    discover: (request, callerDomain, signal) => discover(parts, request, callerDomain, signal),
    resolve: async (agent, signal) => resolve(parts, parseAgent(agent, registry.domain), signal),
    list: () => listAgents(registry, known),
    deregister: (agent) => deregisterByOperator(deps, registry, agent),
    stats
  }
}
