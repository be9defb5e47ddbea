import type { UnaryHandler } from '../../../ports/rpc.ts'
import { type ErrorCode, HansaError, toHansaError } from '../../../schema/errors.ts'
import type { NodeInfo } from '../../../schema/generated/hansa/v1/trust_pb.ts'
import { methods } from '../../../wire/methods.ts'
import type { ControlDeps } from './control-deps.ts'

/** What says of a server that it is not there or not well; the next one is asked. Everything else is an answer, and no other server is to be asked round it. */
const NEXT: ReadonlySet<ErrorCode> = new Set([
  'PEER_UNREACHABLE',
  'CONNECTION_LOST',
  'DEADLINE_EXCEEDED',
  'OVERLOADED',
  'METHOD_NOT_FOUND',
  'PROTOCOL_VERSION',
  'STORE_FAILED',
  // It shows another certificate than the one of a server of this domain, or one that no longer holds.
  'PERMISSION_DENIED',
  'UNKNOWN_DOMAIN',
  'CERTIFICATE_INVALID',
  'CERTIFICATE_EXPIRED',
  'CERTIFICATE_REVOKED'
])

type Deps = Pick<ControlDeps, 'clock' | 'rpc' | 'members' | 'identities' | 'log'>

/**
 * Agents discovery through the gateway (draft 3.2.3, 3.5). The caller's quota has been applied before the request was decoded; the server sees the gateway, which may ask
 * for all of its agents. Servers are asked one after the other, each with its share of the time that is left, so that one that hangs leaves some for the next.
 * Throws PEER_UNREACHABLE when no server of the domain can be reached, DEADLINE_EXCEEDED, and what a server refuses with.
 */
export function gatewayDiscover(deps: Deps): UnaryHandler<typeof methods.gatewayDiscover> {
  return async (request, { signal, timeoutMs }) => {
    const { clock, rpc, log } = deps
    const domain = deps.identities.self()?.domain ?? ''
    const end = clock.monotonic() + timeoutMs
    const servers = serversOf(deps)
    let failure = new HansaError('PEER_UNREACHABLE', `no registration server of ${domain} is known to this gateway`, { domain })
    for (const [index, server] of servers.entries()) {
      const left = Math.floor(end - clock.monotonic())
      if (left < 1) break
      const share = Math.ceil(left / (servers.length - index))
      const target = { peer: server.peerId, addresses: server.multiaddrs, expect: { domain, role: 'ars' } }
      try {
        return await rpc.call(target, methods.discover, request, { signal, timeoutMs: share })
      } catch (thrown) {
        const error = toHansaError(thrown)
        if (signal.aborted || !NEXT.has(error.code)) throw error
        log.debug({ ars: server.spiffeId, error }, 'a registration server did not answer a discovery')
        failure = new HansaError('PEER_UNREACHABLE', `no registration server of ${domain} answers: ${error.message}`, { domain }, error)
      }
    }
    throw failure
  }
}

/** Registration servers of the own domain, this node first. */
function serversOf({ members }: Deps): NodeInfo[] {
  const self = members.self()
  const others = members.find('ars').filter(({ peerId }) => peerId !== self.peerId)
  return self.roles.includes('ars') ? [self, ...others] : others
}
