import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Clock } from '../../ports/clock.ts'
import type { ClientFacts } from '../../ports/gateway-door.ts'
import type { PeerIdentity } from '../../ports/identity.ts'
import type { Log } from '../../ports/log.ts'
import { HansaError } from '../../schema/errors.ts'
import { firstBytes } from './first-bytes.ts'
import { parseListen, urlOf } from './listen-address.ts'
import type { Spoken } from './sniff.ts'
import { createTlsDoor, type TlsSettings } from './tls-door.ts'

/** Takes over a socket of its protocol; what it was recognised by is still to be read. */
export type Acceptor = (socket: Socket, client: ClientFacts) => void

export interface PortDeps {
  readonly clock: Clock
  readonly log: Log
  /** host:port; port 0 means any free one. */
  readonly listen: string
  /** By protocol; a client that speaks another is hung up on. */
  readonly acceptors: Readonly<Partial<Record<Exclude<Spoken, 'tls'>, Acceptor>>>
  /** Absent: TLS is not spoken. */
  readonly tls?: TlsSettings
  /** Throws for an identity that is believed no longer. */
  readonly check: (identity: PeerIdentity) => void
}

export interface Port {
  /** Resolves with the base URL under which the port is reached from this machine. Throws PORT_TAKEN, CONFIG_INVALID. */
  start(): Promise<string>
  /** Takes no more connections; those that are open go on until `close`. */
  refuse(): Promise<void>
  /** Cuts what is still open. */
  close(): void
  /** Certificates were revoked: cuts the connections of those who are believed no longer. */
  recheck(): void
}

/** Sockets cost memory even when they say nothing. */
const MAX_CONNECTIONS = 10_000
/** Of these, those that have not said yet what they speak. */
const MAX_SILENT = 1_000
/** Time to say it, in milliseconds. */
const SNIFF_MS = 5_000

/** One TCP port for all foreign clients: HTTP/1.1, HTTP/2 (gRPC), MQTT, each plain or in TLS, recognised by their first bytes (CONTRACT: gateway ingress). */
export function createPort(deps: PortDeps): Port {
  const open = new Map<Socket, PeerIdentity | undefined>()
  /** What has not said yet what it speaks, the oldest first. */
  const silent = new Set<Socket>()
  // Half-open as HTTP servers have it: a client may end its side and wait for the answer.
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    track(socket)
    void recognise(socket)
  })
  server.maxConnections = MAX_CONNECTIONS
  const tls =
    deps.tls === undefined
      ? undefined
      : createTlsDoor(deps.tls, deps.log, (socket, identity) => {
          track(socket, identity)
          // Whatever ALPN has agreed on: who then says nothing would hold a socket for nothing.
          void recognise(socket, identity)
        })

  function track(socket: Socket, identity?: PeerIdentity): void {
    open.set(socket, identity)
    socket.once('close', () => open.delete(socket))
    // Whoever takes the socket over listens as well; without anybody an error would end the process.
    socket.on('error', () => socket.destroy())
  }

  async function recognise(socket: Socket, identity?: PeerIdentity): Promise<void> {
    // Who has been silent for longest gives way, so that a flood of such sockets keeps nobody out who speaks.
    const [oldest] = silent
    if (oldest !== undefined && silent.size >= MAX_SILENT) {
      silent.delete(oldest)
      oldest.destroy()
    }
    silent.add(socket)
    const late = deps.clock.after(SNIFF_MS, () => socket.destroy())
    const spoken = await firstBytes(socket)
    late()
    silent.delete(socket)
    if (spoken === undefined || socket.destroyed) {
      socket.destroy()
      return
    }
    // No TLS inside TLS.
    if (spoken === 'tls') {
      if (tls === undefined || 'encrypted' in socket) socket.destroy()
      else tls.accept(socket)
      return
    }
    hand(socket, spoken, identity)
  }

  function hand(socket: Socket, spoken: Exclude<Spoken, 'tls'>, identity?: PeerIdentity): void {
    // Only HTTP/1 answers a client that has ended its side; any other would hold a connection that nobody is on.
    if (spoken !== 'http1') socket.allowHalfOpen = false
    const acceptor = deps.acceptors[spoken]
    if (acceptor === undefined) socket.destroy()
    else acceptor(socket, { ...(identity === undefined ? {} : { identity }), ...(socket.remoteAddress === undefined ? {} : { address: socket.remoteAddress }) })
  }

  return {
    async start() {
      const listen = parseListen(deps.listen)
      tls?.check()
      await new Promise<void>((resolve, reject) => {
        server.once('error', (error) => reject(portError(error, deps.listen)))
        server.listen(listen, resolve)
      })
      server.on('error', (error) => deps.log.warn({ err: error }, 'the ingress port failed to take a connection'))
      return urlOf({ host: listen.host, port: (server.address() as AddressInfo).port })
    },
    refuse: () => (server.listening ? new Promise((resolve) => void (server.close(() => undefined), resolve())) : Promise.resolve()),
    close() {
      for (const socket of open.keys()) socket.destroy()
    },
    recheck() {
      for (const [socket, identity] of open) {
        if (identity === undefined) continue
        try {
          deps.check(identity)
        } catch {
          deps.log.info({ client: identity.spiffeId }, 'a connection was cut: its certificate no longer holds')
          socket.destroy()
        }
      }
    }
  }
}

function portError(thrown: Error, listen: string): unknown {
  const code = 'code' in thrown ? thrown.code : undefined
  if (code === 'EADDRINUSE') return new HansaError('PORT_TAKEN', `somebody listens at ${listen} already`, { listen }, thrown)
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL')
    return new HansaError('CONFIG_INVALID', `this machine cannot listen at ${listen} (${String(code)})`, { listen }, thrown)
  return thrown
}
