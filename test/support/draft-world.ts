import type { HansaNode } from '../../src/node/hansa-node.ts'
import { createTestnet, type TestDomain, type Testnet, type TestnetOptions } from '../../src/node/testnet.ts'
import type { Target } from '../../src/ports/rpc.ts'

/** Two domains as in Figure 1 of the draft (2.1): north with all servers in one node, south with a gateway of its own. */
export interface World {
  readonly net: Testnet
  readonly north: TestDomain
  readonly south: TestDomain
  /** Gateway of north (and its ACA and ARS). */
  readonly northGateway: HansaNode
  readonly southGateway: HansaNode
}

export interface WorldOptions extends TestnetOptions {
  /** False: the gateways do not know each other yet. South has listed north, whose swarm it joined; north has not listed south. */
  readonly connected?: boolean
}

export async function foundWorld({ connected = true, ...options }: WorldOptions = {}): Promise<World> {
  const net = await createTestnet(options)
  try {
    const north = await net.domain('north.example', [{ name: 'hub', roles: ['aca', 'ars', 'agw'] }])
    const south = await net.domain('south.example', [
      { name: 'hub', roles: ['aca', 'ars'] },
      { name: 'gw', roles: ['agw'] }
    ])
    const [northGateway, southGateway] = [north.node('hub'), south.node('gw')]
    if (connected) await net.interconnect(northGateway, southGateway)
    return { net, north, south, northGateway, southGateway }
  } catch (error) {
    await net.stop()
    throw error
  }
}

/** Where to call a node. */
export function at(node: HansaNode): Target {
  return { peer: node.network.peer, addresses: node.network.addresses() }
}

/** Handles of the agents that a gateway could pass calls on to now. */
export function applicable(gateway: HansaNode): string[] {
  return (gateway.agw?.routes() ?? [])
    .filter((route) => route.applicable)
    .map(({ advert }) => advert.handle)
    .sort()
}

/** Words of an answer. */
export { replyText } from '../../src/roles/agent/reply-text.ts'
