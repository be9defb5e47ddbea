import { create } from '@bufbuild/protobuf'
import type { Clock } from '../../ports/clock.ts'
import type { Store } from '../../ports/store.ts'
import { HansaError } from '../../schema/errors.ts'
import { TrustBundleSchema } from '../../schema/generated/hansa/v1/trust_pb.ts'
import type { TrustList } from './trust-list.ts'

/** Domains that were in the config at the last start. */
const CONFIGURED = 'trust.configured'

/** What operators say of other domains, at run time and in config.yaml (see MemberIdentities). */
export interface Listing {
  list(domain: string, roots: readonly Uint8Array[], sequence?: bigint): Promise<boolean>
  unlist(domain: string): Promise<boolean>
  configure(domains: ReadonlyMap<string, readonly Uint8Array[]>): Promise<void>
}

export function createListing(deps: {
  /** Own domain. */
  readonly domain: string
  readonly trust: TrustList
  readonly store: Store
  readonly clock: Clock
  /** The list is another one, not on disk yet. */
  readonly reconsider: () => void
  /** Tells everybody; `dropped` is a domain that has been taken off. */
  readonly changed: (dropped?: string) => void
}): Listing {
  const { domain: own, trust, store, clock } = deps
  /** Domains that config.yaml lists. */
  const configured = new Set<string>()

  /** A domain is believed when that is on disk, and no longer from the moment it is taken off, whatever the disk says later. */
  async function settle(domain: string, roots: readonly Uint8Array[], sequence: bigint): Promise<boolean> {
    if (!trust.list(create(TrustBundleSchema, { domain, sequence, roots: [...roots] }), clock.now())) return false
    deps.reconsider()
    if (roots.length === 0) deps.changed(domain)
    await store.commit()
    if (roots.length > 0) deps.changed()
    return true
  }

  async function list(domain: string, roots: readonly Uint8Array[], sequence?: bigint): Promise<boolean> {
    if (sequence !== undefined) return settle(domain, roots, sequence)
    if (roots.length === 0) throw new HansaError('INVALID_ARGUMENT', `no roots of ${domain}; 1 to 4 are wanted`)
    // Also when they are the same: what an operator says now counts more than what another one said before and we have not heard yet.
    return settle(domain, roots, nextSequence(domain))
  }

  async function unlist(domain: string): Promise<boolean> {
    if (domain === own) throw new HansaError('INVALID_ARGUMENT', 'the own domain is always listed')
    if (configured.has(domain)) throw new HansaError('INVALID_ARGUMENT', `${domain} is listed in config.yaml (trust.domains); take it off there`)
    const held = trust.get(domain)
    return held !== undefined && held.roots.length > 0 && settle(domain, [], nextSequence(domain))
  }

  /** What an operator says last counts, at whichever node of the domain: the time orders it, and goes on from what is held when clocks differ. */
  function nextSequence(domain: string): bigint {
    const held = trust.get(domain)?.sequence ?? 0n
    const now = BigInt(clock.now())
    return now > held ? now : held + 1n
  }

  async function configure(domains: ReadonlyMap<string, readonly Uint8Array[]>): Promise<void> {
    const before = [...store.entries(CONFIGURED)].map(([domain]) => domain)
    for (const [domain, roots] of domains) {
      if (!trust.holds(domain, roots)) await list(domain, roots)
      store.put(CONFIGURED, domain, new Uint8Array())
    }
    for (const domain of before) {
      if (domains.has(domain)) continue
      await unlist(domain)
      store.delete(CONFIGURED, domain)
    }
    for (const domain of domains.keys()) configured.add(domain)
    await store.commit()
  }

  return { list, unlist, configure }
}
