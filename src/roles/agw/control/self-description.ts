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
  if (said?.case === 'gateway' && said.value.ingress === info.ingress && said.value.multiaddrs.join() === info.multiaddrs.join()) return
  advertiser.set(GATEWAY_KEY, { case: 'gateway', value: { ...info, spiffeId: self } })
}

/** Advertises the links to neighbours that are up, if they have changed; returns them. */
export function nameLinks(advertiser: Advertiser, list: NeighborList): NamedLink[] {
  const said = advertiser.value(LINKS_KEY)
  const before = new Map(said?.case === 'links' ? said.value.links.map(({ gateway, cost }) => [gateway, cost]) : [])
  const links = list.all().flatMap(({ id, state, rttMs }) => (state === 'up' ? [{ to: id, cost: steadyCost(before.get(id), linkCost(rttMs)) }] : []))
  if (said === undefined || links.length !== before.size || !links.every(({ to, cost }) => before.get(to) === cost)) {
    const value = create(LinkStateSchema, { links: links.map(({ to, cost }) => ({ gateway: to, cost })) })
    advertiser.set(LINKS_KEY, { case: 'links', value })
  }
  return links
}
