import type { UnaryHandler } from '../../ports/rpc.ts'
import type { Hit } from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { methods } from '../../wire/methods.ts'
import type { KnownAgents } from './known-agents.ts'
import type { Registry } from './registry.ts'

/** Most agents in one list: with their chains they fill the 8 MiB of the answer. */
const MAX_LISTED = 2_000

/** Registrations of this server, for its own domain. */
export function listAgents(registry: Registry, known: KnownAgents): Hit[] {
  const hits: Hit[] = []
  for (const entry of registry.standing()) {
    if (hits.length === MAX_LISTED) break
    hits.push(known.hit(entry, registry.domain, 1))
  }
  return hits
}

export function listHandler(registry: Registry, known: KnownAgents): UnaryHandler<typeof methods.listAgents> {
  return () => ({ agents: listAgents(registry, known) })
}
