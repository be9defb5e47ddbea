import type { HansaNode } from '../../node/hansa-node.ts'
import type { NodeOperations } from '../operations.ts'
import type { Diagnosis, NodeStatus } from '../types.ts'
import { statusName } from './statuses.ts'
import { AgentStatus } from '../../schema/generated/hansa/v1/directory_pb.ts'

/** What this node is, whom it is connected with, and whether it fares well. */
export function selfOperations(node: HansaNode): Pick<NodeOperations, 'status' | 'peers' | 'doctor'> {
  return {
    status: async () => statusOf(node),
    async peers() {
      const known = new Map(node.rpc.identities().map((identity) => [identity.peer, identity]))
      const peers = node.network.peers().map(({ peer, address, direction }) => {
        const identity = known.get(peer)
        return { peer, address, direction, ...(identity === undefined ? {} : { spiffeId: identity.spiffeId, roles: [...identity.roles] }) }
      })
      return { peers }
    },
    doctor: async () => diagnose(node)
  }
}

function statusOf(node: HansaNode): NodeStatus {
  const { home, identities, network, ars, agw, agent } = node
  const { domain, name, roles } = home.config
  const self = identities.self()
  const ingress = node.ingress()
  const state = agent?.state()
  const registered = state?.registered?.record
  return {
    version: node.version,
    domain,
    name,
    roles,
    spiffeId: self?.spiffeId ?? '',
    peer: network.peer,
    pid: process.pid,
    startedAt: node.startedAt,
    state: node.state,
    addresses: network.addresses(),
    ...(ingress === undefined ? {} : { ingress }),
    ...(self === undefined ? {} : { certificate: { serial: self.serial, notAfter: self.notAfter } }),
    listedDomains: identities.domains().filter((each) => each !== domain),
    peers: network.peers().length,
    ...(identities.degraded().length === 0 ? {} : { degraded: identities.degraded() }),
    ...(ars === undefined ? {} : { registeredAgents: ars.stats().registered }),
    ...(agw === undefined ? {} : { neighbors: agw.neighbors().length, attachedAgents: agw.attachments().length }),
    ...(registered === undefined
      ? {}
      : {
          agent: {
            resourceId: registered.resourceId,
            handle: registered.handle,
            ...(state?.attached === undefined ? {} : { gateway: state.attached.gateway.spiffeId }),
            status: statusName(state?.lastProbe?.status ?? AgentStatus.UNKNOWN)
          }
        })
  }
}

const DAY = 86_400_000

function diagnose(node: HansaNode): Diagnosis {
  const { identities, network, member, clock, home, agw, agent } = node
  const checks: Diagnosis['checks'] = []
  const check = (name: string, ok: boolean, detail: string, hint: string): void => void checks.push({ check: name, ok, detail, ...(ok ? {} : { hint }) })
  const self = identities.self()
  const left = self === undefined ? 0 : self.notAfter - clock.now()
  check('certificate', left > 0, left > 0 ? `valid for ${(left / DAY).toFixed(1)} days` : 'none, or expired', 'Renew it: hansa cert renew.')
  for (const { domain, state, number } of identities.lists()) {
    const name = domain === home.config.domain ? 'revocation list' : `revocation list of ${domain}`
    const complaint = identities.degraded().find((each) => each.includes(` of ${domain} `))
    check(name, state === 'current', complaint ?? `number ${number}`, `See that the ACA of ${domain} runs and can be reached.`)
  }
  check('swarm', network.peers().length > 0, `${network.peers().length} peers`, 'See swarm.bootstrap in config.yaml, and that those nodes run.')
  const servers = member.find('ars').length
  check('directory', servers > 0, `${servers} registration servers of ${home.config.domain} are known`, 'See that a node with the role ars runs.')
  if (agw !== undefined) {
    const up = agw.neighbors().filter(({ state }) => state === 'up').length
    check('neighbours', up === agw.neighbors().length, `${up} of ${agw.neighbors().length} are up`, 'See hansa gw neighbors.')
  }
  const problem = agent?.state().problem
  if (agent !== undefined)
    check(
      'agent',
      problem === undefined && agent.state().attached !== undefined,
      problem?.message ?? 'registered and attached',
      problem?.hint ?? 'See the log.'
    )
  return { ok: checks.every(({ ok }) => ok), checks }
}
