import type { HansaNode } from '../../node/hansa-node.ts'
import { HansaError } from '../../schema/errors.ts'
import type { NodeOperations } from '../operations.ts'
import { shapeOfError } from '../error-shape.ts'
import type { InboxItemView } from '../inbox-types.ts'
import type { NeighborList } from '../types.ts'
import { statusName } from './statuses.ts'

type Gateway = NonNullable<HansaNode['agw']>
type Neighbor = ReturnType<Gateway['neighbors']>[number]

const STATUS = { connecting: 'offline', up: 'running', offline: 'offline', holding: 'restarting' } as const

/** The gateway's tables and what an operator does with them (draft 3.4). */
export function reachabilityOperations(
  node: HansaNode
): Pick<NodeOperations, 'neighbors' | 'routes' | 'connect' | 'disconnect' | 'trace' | 'inbox' | 'inboxDrop'> {
  const gateway = (): Gateway => {
    if (node.agw === undefined) throw new HansaError('ROLE_MISSING', 'this node is no gateway', { role: 'agw' })
    return node.agw
  }
  const view = (neighbor: Neighbor) => viewOf(neighbor, gateway(), node)
  return {
    neighbors: async () => ({ neighbors: gateway().neighbors().map(view) }),
    async routes() {
      const routes = gateway()
        .routes()
        .map(({ advert, origin, via, cost, hops, applicable }) => ({
          handle: advert.handle,
          resourceId: advert.resourceId,
          gateway: origin,
          ...(via === undefined ? {} : { nextHop: via }),
          ...(Number.isFinite(cost) ? { cost } : {}),
          ...(Number.isFinite(hops) ? { hops } : {}),
          applicable,
          status: statusName(advert.status)
        }))
      return { routes }
    },
    async connect({ address, root }, signal) {
      const before = new Set(node.identities.domains())
      const neighbor = await gateway().connect(address, { signal, ...(root === undefined ? {} : { root: node.desk.rootHash(root) }) })
      return { neighbor: view(neighbor), listed: !before.has(domainOf(neighbor.id)) }
    },
    async disconnect({ gateway: wanted }) {
      const neighbor = find(gateway().neighbors(), wanted)
      const agentsRemoved = agentsOf(gateway(), neighbor.id)
      await gateway().disconnect(neighbor.id, 'operator')
      return { gateway: neighbor.id, agentsRemoved }
    },
    inbox: async ({ agent }) => ({ items: inbox(gateway()).list(agent).map(itemOf) }),
    inboxDrop: async ({ id }) => itemOf(await inbox(gateway()).drop(id)),
    async trace({ agent }, signal) {
      const begun = node.clock.monotonic()
      const hops = await gateway().trace(agent, signal)
      return { agent, hops: hops.map(({ gateway: at, ms }) => ({ gateway: at, ms })), ms: node.clock.monotonic() - begun }
    }
  }
}

function inbox({ inbox: desk }: Gateway): NonNullable<Gateway['inbox']> {
  if (desk === undefined) throw new HansaError('NOT_FOUND', 'this gateway keeps no messages for agents that are offline (gateway.inbox.enabled)')
  return desk
}

function itemOf({ error, ...item }: ReturnType<NonNullable<Gateway['inbox']>['list']>[number]): InboxItemView {
  return error === undefined ? item : { ...item, failure: shapeOfError(error) }
}

function viewOf({ id, info, state, rttMs, since }: Neighbor, gateway: Gateway, node: HansaNode): NeighborList['neighbors'][number] {
  return {
    gateway: id,
    domain: domainOf(id),
    peer: info.peerId,
    status: STATUS[state],
    addresses: info.multiaddrs,
    ...(rttMs > 0 ? { rttMs } : {}),
    sinceMs: Math.round(node.clock.monotonic() - since),
    agents: agentsOf(gateway, id)
  }
}

function agentsOf(gateway: Gateway, id: string): number {
  return gateway.routes().filter(({ origin }) => origin === id).length
}

/** By SPIFFE ID, PeerId, domain (when it has one gateway only) or name@domain. Throws NEIGHBOR_NOT_FOUND. */
function find(neighbors: readonly Neighbor[], wanted: string): Neighbor {
  const found = neighbors.filter(({ id, info }) => [id, info.peerId, domainOf(id), `${nameOf(id)}@${domainOf(id)}`].includes(wanted))
  const [neighbor] = found
  if (neighbor === undefined) throw new HansaError('NEIGHBOR_NOT_FOUND', `${JSON.stringify(wanted)} is no neighbour`)
  if (found.length > 1) throw new HansaError('INVALID_ARGUMENT', `${wanted} has ${found.length} gateways here; name one by its SPIFFE ID`)
  return neighbor
}

function domainOf(id: string): string {
  return id.split('/')[2] ?? ''
}

function nameOf(id: string): string {
  return id.split('/')[4] ?? ''
}
