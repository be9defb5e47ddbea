import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { merge } from '../../core/directory/merge.ts'
import { parseQuery, type Query } from '../../core/directory/query.ts'
import type { UnaryHandler } from '../../ports/rpc.ts'
import { HansaError } from '../../schema/errors.ts'
import { AskedSchema, DiscoverRequestSchema, type DiscoverResponse, DiscoverResponseSchema } from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { methods } from '../../wire/methods.ts'
import { callerOf, reviewForeigner } from './caller.ts'
import type { DiscoveryLimits } from './config.ts'
import type { ArsDeps } from './deps.ts'
import type { DomainRecords } from './domain-records.ts'
import { Inquiry } from './inquiry.ts'
import type { KnownAgents } from './known-agents.ts'
import type { Registry } from './registry.ts'

export interface DiscoverParts {
  readonly deps: ArsDeps
  readonly limits: DiscoveryLimits
  readonly registry: Registry
  readonly known: KnownAgents
  readonly domainRecords: DomainRecords
}

/** Agents discovery (draft 3.2.3) for callers on the network; questions of other domains are answered from the own database only. */
export function discoverHandler(parts: DiscoverParts): UnaryHandler<typeof methods.discover> {
  return async (request, { caller, signal }) => {
    const identity = callerOf(caller)
    reviewForeigner(identity, parts.registry.domain)
    return discover(parts, identity.own ? request : { ...request, local: true }, identity.domain, signal)
  }
}

/**
 * Searches the own database and, unless `local`, the servers of all listed domains. `asker` is the domain of whoever asks: it decides what may be shown and
 * which addresses are given. Throws INVALID_ARGUMENT, UNKNOWN_DOMAIN for a domain that is not listed.
 */
export async function discover(
  parts: DiscoverParts,
  init: MessageInitShape<typeof DiscoverRequestSchema>,
  asker: string,
  signal?: AbortSignal
): Promise<DiscoverResponse> {
  const { deps, limits, registry, known, domainRecords } = parts
  const request = create(DiscoverRequestSchema, init)
  const query = parseQuery(request)
  const began = deps.clock.monotonic()
  const local = known.search(query, asker)
  const self = create(AskedSchema, { domain: registry.domain, ars: registry.self().spiffeId, hits: local.hits.length, ms: deps.clock.monotonic() - began })
  if (request.local) return create(DiscoverResponseSchema, { hits: local.hits.map(({ hit }) => hit), asked: [self], complete: !local.cut })

  const inquiry = new Inquiry(deps, limits, domainRecords, { query, request, signal })
  await inquiry.run(scopeOf(query, deps), registry.domain)
  // A server that was away may still hold what has been ended here.
  const current = inquiry.hits.filter(({ record }) => (deps.database.get(record.resourceId)?.record.sequence ?? 0n) <= record.sequence)
  const merged = merge([...local.hits, ...current])
  return create(DiscoverResponseSchema, {
    hits: merged.slice(0, query.limit).map(({ hit }) => hit),
    asked: [self, ...inquiry.asked],
    complete: inquiry.complete && !local.cut && merged.length <= query.limit
  })
}

function scopeOf({ domain }: Query, { identities }: ArsDeps): string[] {
  const listed = identities.domains()
  if (domain === undefined) return listed
  if (!listed.includes(domain)) throw new HansaError('UNKNOWN_DOMAIN', `the domain ${domain} is not listed here`, { domain })
  return [domain]
}
