import type { Clock } from '../../ports/clock.ts'
import type { Identities, PeerIdentity } from '../../ports/identity.ts'
import type { Log } from '../../ports/log.ts'
import type { Network } from '../../ports/network.ts'
import type { Admission, Rpc } from '../../ports/rpc.ts'
import { HansaError } from '../../schema/errors.ts'
import { type Protocol, PROTOCOLS } from '../../wire/methods.ts'
import { Client } from './client.ts'
import { channelPair } from './loopback.ts'
import { Server } from './server.ts'
import type { AnyUnaryHandler } from './server-call.ts'
import { makeSession, type Session } from './session.ts'

const SWEEP_MS = 10_000

export interface RpcDeps {
  readonly network: Network
  readonly identities: Identities
  readonly admission: Admission
  readonly clock: Clock
  readonly log: Log
}

/** The RPC engine over any network. Handlers may be registered before or after `start`; calls out work from the beginning. */
export function createRpc(deps: RpcDeps): Rpc & { start(): Promise<void>; stop(): Promise<void> } {
  const { network, identities, clock, log } = deps
  const server = new Server({ identities, admission: deps.admission, clock, log, peer: network.peer })
  const client = new Client({ network, identities, clock, local })
  let stopSweep = () => {}

  /** This node as its own peer: no network and no hello, but the same rules, bounds and back-pressure. */
  function local(protocol: Protocol): Session {
    const [near, far] = channelPair(network.peer)
    const self = {
      peer: network.peer,
      get identity() {
        return identities.self()
      },
      require() {
        const identity = identities.self()
        if (identity === undefined) throw new HansaError('UNAUTHENTICATED', 'this node has no certificate yet')
        identities.check(identity)
        return identity
      },
      stands: true,
      reconsider() {}
    }
    server.serve(far, protocol, self).catch((error: unknown) => far.abort(error instanceof Error ? error : undefined))
    return makeSession(near, protocol, self, identities.chain()[0], clock)
  }

  return {
    call: (target, method, request, options) => client.call(target, method, request, options),
    open: (target, method, header, options) => client.open(target, method, header, options),
    hello: (target, options) => client.hello(target, options),
    // The table of methods gives a handler the request type that it takes; the map of handlers cannot say so.
    handle: (method, handler) => server.register(method, { kind: 'unary', run: handler as unknown as AnyUnaryHandler }),
    handleStream: (method, handler) => server.register(method, { kind: 'stream', run: handler }),
    identities: () => {
      const seen = new Map<string, PeerIdentity>()
      for (const { remote } of client.pool.open) {
        if (remote.peer !== network.peer && remote.identity !== undefined) seen.set(remote.peer, remote.identity)
      }
      for (const identity of server.identities()) if (identity.peer !== network.peer) seen.set(identity.peer, identity)
      return [...seen.values()]
    },
    start: async () => {
      identities.onChange(() => {
        client.pool.dropFallen()
        server.dropFallen()
      })
      network.onDisconnect((peer) => client.pool.dropPeer(peer))
      stopSweep = clock.every(SWEEP_MS, () => client.pool.sweep())
      for (const [protocol, id] of Object.entries(PROTOCOLS) as [Protocol, string][]) {
        await network.handle(id, (channel) => void server.accept(channel, protocol))
      }
    },
    stop: async () => {
      stopSweep()
      // Calls that still run here may need calls of their own.
      await server.stop()
      await client.pool.stop()
    }
  }
}
