import { create } from '@bufbuild/protobuf'
import type { NeighborList } from '../../../core/peering/neighbor-list.ts'
import { linkCost, steadyCost } from '../../../core/routing/link-cost.ts'
import type { NamedLink } from '../../../core/routing/link-graph.ts'
import { GATEWAY_KEY, LINKS_KEY } from '../../../core/sync/entry.ts'
import { LinkStateSchema } from '../../../schema/generated/hansa/v1/gateway_pb.ts'
import type { NodeInfo } from '../../../schema/generated/hansa/v1/trust_pb.ts'
import type { Advertiser } from './advertiser.ts'

/** Advertises how this gateway is reached, if that has changed. */
export function describeSelf(advertiser: Advertiser, info: NodeInfo, self: string): void {
  const said = advertiser.value(GATEWAY_KEY)
  const text = ({ ingress, multiaddrs, translates }: NodeInfo): string => JSON.stringify([ingress, multiaddrs, translates])
  if (said?.case === 'gateway' && text(said.value) === text(info)) return
  advertiser.set(GATEWAY_KEY, { case: 'gateway', value: { ...info, spiffeId: self } })
}

/** Others take 32 KiB of one entry (check-delta.ts); this leaves room for its other fields. */
const MAX_LINK_BYTES = 30 * 1024

/** Tags, lengths and the cost of a link beside the name. */
const LINK_BYTES = 12

/**
 * Advertises the links to neighbours that are up, if they have changed; returns them. When their names are too long for one entry, those that came last are left out: an
 * entry that nobody takes would cut this gateway off from everybody.
 */
export function nameLinks(advertiser: Pick<Advertiser, 'value' | 'set'>, list: NeighborList): NamedLink[] {
  const said = advertiser.value(LINKS_KEY)
  const before = new Map(said?.case === 'links' ? said.value.links.map(({ gateway, cost }) => [gateway, cost]) : [])
  let room = MAX_LINK_BYTES
  const named = list
    .all()
    .filter(({ state }) => state === 'up')
    .sort((a, b) => a.since - b.since)
    .filter(({ id }) => (room -= id.length + LINK_BYTES) >= 0)
  const links = named.map(({ id, rttMs }) => ({ to: id, cost: steadyCost(before.get(id), linkCost(rttMs)) }))
  if (said === undefined || links.length !== before.size || !links.every(({ to, cost }) => before.get(to) === cost)) {
    const value = create(LinkStateSchema, { links: links.map(({ to, cost }) => ({ gateway: to, cost })) })
    advertiser.set(LINKS_KEY, { case: 'links', value })
  }
  return links
}
