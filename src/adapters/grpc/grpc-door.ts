import type { Duplex } from 'node:stream'
import { type ConnectionInjector, type handleServerStreamingCall, Server, ServerCredentials } from '@grpc/grpc-js'
import type { Clock } from '../../ports/clock.ts'
import type { ClientFacts, GatewayDoor, Identify } from '../../ports/gateway-door.ts'
import type { Log } from '../../ports/log.ts'
import { HansaError } from '../../schema/errors.ts'
import { GRPC_BINDINGS } from '../../wire/binding/a2a-grpc.ts'
import { A2A_VERSION } from '../../wire/binding/a2a-version.ts'
import { createAdmission } from './admission.ts'
import { answer } from './answer.ts'

export interface GrpcDoorDeps {
  readonly door: GatewayDoor
  readonly clock: Clock
  readonly log: Log
  readonly identify: Identify
  /** How long open calls may go on when the door stops, in milliseconds. */
  readonly drainMs?: number
  /** Calls open now, where several doors share the set. */
  readonly open?: Set<AbortController>
}

export interface GrpcDoor {
  /** Serves HTTP/2 on a socket that speaks it, plain or decrypted, from its first byte. The socket is the door's from then on. */
  accept(socket: Duplex, client: ClientFacts): void
  stop(): Promise<void>
  /** What stands in a card for this door. */
  readonly offered: readonly { readonly binding: string; readonly version: string }[]
  /** Open connections. */
  readonly connections: number
}

/** The largest message that the network carries (wire/methods.ts: relay). */
const MAX_MESSAGE = 16 * 1024 * 1024

/** A last answer takes one trip; a client that does not read is not waited for. In milliseconds. */
const GOODBYE_MS = 500

const OPTIONS = {
  'grpc.max_receive_message_length': MAX_MESSAGE,
  'grpc.max_send_message_length': MAX_MESSAGE,
  // As many as HTTP/2 asks a server to allow at least (RFC 9113, 6.5.2).
  'grpc.max_concurrent_streams': 100,
  // A client that has gone without a word is noticed in 80 s; proxies and NATs keep the line meanwhile.
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.max_connection_idle_ms': 300_000,
  // MiB for headers and unsent answers of all streams of a connection; new streams are refused above it.
  'grpc-node.max_session_memory': 128,
  'grpc.enable_channelz': 0
}

const bytes = (message: Buffer): Buffer => message

/**
 * The gateway's gRPC door, for clients that know nothing of Hansa. The tenant of a request is the handle of the agent; A2A 0.3 has no tenant, so there the
 * metadata x-hansa-agent or the host that is called ({name}.{domain}) says which.
 */
export function createGrpcDoor(deps: GrpcDoorDeps): GrpcDoor {
  const open = deps.open ?? new Set<AbortController>()
  const connections = new Map<Duplex, ConnectionInjector>()
  let stopping = false

  /** A server for each connection: the library does not say reliably which connection a call came on, and callers must never be mixed up. */
  function accept(socket: Duplex, client: ClientFacts): void {
    // The session has its own sight of errors; before and after it nobody would.
    socket.on('error', () => undefined)
    if (stopping || socket.destroyed) return void socket.destroy()
    const admission = createAdmission(client, { ...deps, open, closing: () => stopping }, () => socket.destroy())
    const server = new Server({ ...OPTIONS, interceptors: [admission.interceptor] })
    for (const binding of Object.values(GRPC_BINDINGS))
      for (const operation of binding.operations) {
        const handler: handleServerStreamingCall<Buffer, Buffer> = (call) => void answer(deps, binding, operation, call, admission.admitted(call.metadata))
        server.register(binding.path(operation), handler, bytes, bytes, 'serverStream')
      }
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
    connections.set(socket, injector)
    socket.once('close', () => {
      connections.delete(socket)
      injector.destroy()
      server.forceShutdown()
    })
    injector.injectConnection(socket)
  }

  /** Resolves when no call is open, or when those that were have had their time and have been told. */
  async function drained(ms: number): Promise<void> {
    for (let waited = 0; open.size > 0 && waited < ms; waited += 50) await new Promise<void>((resolve) => deps.clock.after(50, resolve))
    for (const life of open) life.abort(new HansaError('OVERLOADED', 'the gateway is stopping'))
  }

  /** Resolves when every connection has sent what it had to say, or has had a moment for it. */
  async function saidGoodbye(): Promise<void> {
    const closed = [...connections].map(([socket, injector]) => {
      const end = new Promise<void>((resolve) => socket.once('close', () => resolve()))
      injector.drain(GOODBYE_MS)
      return end
    })
    let stop: () => void = () => undefined
    const late = new Promise<void>((resolve) => (stop = deps.clock.after(GOODBYE_MS, resolve)))
    await Promise.race([Promise.all(closed), late])
    stop()
  }

  return {
    accept,
    async stop() {
      if (stopping) return
      stopping = true
      await drained(deps.drainMs ?? 3_000)
      await saidGoodbye()
      for (const socket of connections.keys()) socket.destroy()
    },
    // An interface of 0.3 in a card could not say which agent it is.
    offered: [{ binding: 'GRPC', version: A2A_VERSION }],
    get connections() {
      return connections.size
    }
  }
}
