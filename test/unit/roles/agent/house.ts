import { agent, type AgentService } from '../../../../src/roles/agent/agent.ts'
import type { Members } from '../../../../src/roles/agent/candidates.ts'
import type { AgentConfig } from '../../../../src/roles/agent/config.ts'
import { HansaError } from '../../../../src/schema/errors.ts'
import { sha256 } from '../../../../src/adapters/system/crypto.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { MemoryStore } from '../../../support/memory-store.ts'
import { DOMAIN, FakeAgent, FakeIdentities, FakeRecords, FakeRpc, identity, nodeInfo, silentLog } from './fakes.ts'

export const ME = identity('agent', 'flight')
export const ARS = identity('ars', 'ars1')
export const GW1 = identity('agw', 'gw1')
export const GW2 = identity('agw', 'gw2')

/** One agent role over fakes: a registration server and gateways are served by the test. */
export function house(config: AgentConfig = {}, known = [ARS, GW1, GW2], enrolled = true, store = new MemoryStore()) {
  const clock = new FakeClock()
  const rpc = new FakeRpc()
  const identities = new FakeIdentities(ME, [ARS, GW1, GW2, identity('agent', 'hotel'), identity('ars', 'ars9', 'south.example')])
  if (!enrolled) identities.me = undefined
  const records = new FakeRecords(identities)
  const nodes = known.map(nodeInfo)
  const self = nodeInfo(ME)
  const members: Members = {
    self: () => {
      if (identities.me === undefined) throw new HansaError('UNAUTHENTICATED', 'this node has no certificate yet')
      return self
    },
    find: (role) => nodes.filter((node) => node.roles.includes(role))
  }
  const client = new FakeAgent()
  const listeners: ((peer: string) => void)[] = []
  const network = { onDisconnect: (fn: (peer: string) => void) => void listeners.push(fn) }
  const service: AgentService = agent(config).create({ clock, log: silentLog, rpc, records, identities, members, client, network, store, sha256 })
  /** The connection to a peer ends. */
  const disconnect = (peer: string): void => listeners.forEach((fn) => fn(peer))
  return { disconnect, store, sha256, clock, rpc, identities, records, members, nodes, self, client, service, domain: DOMAIN }
}
