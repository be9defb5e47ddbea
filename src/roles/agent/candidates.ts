import type { Role } from '../../core/ids/role.ts'
import type { Target } from '../../ports/rpc.ts'
import { type HansaError, toHansaError } from '../../schema/errors.ts'
import type { NodeInfo } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { isRefusal } from './retry.ts'

/** The nodes of the own domain that are known now (the member role implements it). Hints: each proves itself when it is called. */
export interface Members {
  self(): NodeInfo
  find(role: Role): readonly NodeInfo[]
}

/** Nodes with a role in the order in which to ask them: the node itself, then `first`, then the others, `last` at the end. */
export function candidates(members: Members, role: Role, order: { readonly first?: string; readonly last?: string } = {}): NodeInfo[] {
  const self = members.self()
  const rank = (node: NodeInfo) => (node.peerId === order.last ? 3 : node.peerId === self.peerId ? 0 : node.peerId === order.first ? 1 : 2)
  const nodes = new Map<string, NodeInfo>(members.find(role).map((node) => [node.peerId, node]))
  if (self.roles.includes(role)) nodes.set(self.peerId, self)
  return [...nodes.values()].sort((a, b) => rank(a) - rank(b))
}

/** How to call a node in its role; the identity that it shows must be of `domain` and have the role. */
export function targetOf(node: NodeInfo, role: Role, domain: string): Target {
  return { peer: node.peerId, addresses: node.multiaddrs, expect: { domain, role } }
}

/**
 * Asks one node after the other until one answers. Throws `none` when there is nobody, else the first refusal, else the last failure. An error for
 * which `final` says so is thrown at once: asking somebody else would be going round it.
 */
export async function firstAnswer<T>(
  nodes: readonly NodeInfo[],
  none: HansaError,
  ask: (node: NodeInfo) => Promise<T>,
  final: (error: HansaError) => boolean = (error) => error.code === 'CANCELED'
): Promise<T> {
  let failure = none
  for (const node of nodes) {
    try {
      return await ask(node)
    } catch (thrown) {
      const error = toHansaError(thrown)
      if (final(error)) throw error
      if (!isRefusal(failure)) failure = error
    }
  }
  throw failure
}
