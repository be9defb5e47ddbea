import type { NodeInfo } from '../../schema/generated/hansa/v1/trust_pb.ts'
import type { Role } from '../../core/ids/role.ts'
import type { Members } from './deps.ts'

/** Gateways of the own domain that are known now, this node among them when it is one. */
export function gatewaysOf(members: Members): NodeInfo[] {
  return nodesOf(members, 'agw')
}

/** Registration servers of the own domain, this node first. */
export function serversOf(members: Members): NodeInfo[] {
  return nodesOf(members, 'ars')
}

function nodesOf(members: Members, role: Role): NodeInfo[] {
  const self = members.self()
  const others = members.find(role).filter(({ peerId }) => peerId !== self.peerId)
  return self.roles.includes(role) ? [self, ...others] : others
}
