import { constants } from 'node:crypto'
import type { Socket } from 'node:net'
import { createSecureContext, createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls'
import type { PeerIdentity } from '../../ports/identity.ts'
import type { Log } from '../../ports/log.ts'
import { HansaError } from '../../schema/errors.ts'
import { peerChain } from './peer-chain.ts'

/** PEM of a chain that is shown and of its key. */
export interface ShownCertificate {
  readonly chain: string
  readonly key: string
}

/** What TLS needs of the node. */
export interface TlsSettings {
  /** One for each kind of key: OpenSSL shows the one that a client can check. Asked for each time, since certificates are renewed; none before enrolment. */
  readonly certificates: () => readonly ShownCertificate[]
  /** Issuing CAs and roots that clients may leave out of what they show, DER. */
  readonly known: () => readonly Uint8Array[]
  /** Who a client is by its chain, leaf first, root last; the handshake has proved the key of the leaf. Throws for a chain that is not believed. */
  readonly verify: (chain: readonly Uint8Array[]) => PeerIdentity
}

/** Server preference: HTTP/2 means gRPC here, so a client that offers both gets HTTP/1.1. */
const ALPN = ['mqtt', 'http/1.1', 'h2']

/** Longest handshake, in milliseconds. */
const HANDSHAKE_MS = 10_000

/**
 * Of every context; setting one forgets what the one before had. No CAs: OpenSSL's judgement is not asked for, and its list of public ones is large. TLS 1.3: in TLS 1.2 the server's
 * key signs bytes that begin with what the client chose, and ours signs other things as well.
 */
const CONTEXT: SecureContextOptions = { ca: [], minVersion: 'TLSv1.3', secureOptions: constants.SSL_OP_NO_TICKET }

export interface TlsDoor {
  /** Throws CONFIG_INVALID when the certificate cannot be shown. */
  check(): void
  /** Takes a socket on which TLS begins. */
  accept(socket: Socket): void
}

/**
 * TLS of the one port, with certificates of the network on both sides. Session tickets are off: a resumed session would show a certificate that nobody has checked again.
 * A client that shows a certificate which is not believed is cut off, not served as a stranger.
 */
export function createTlsDoor(settings: TlsSettings, log: Log, secured: (socket: TLSSocket, identity: PeerIdentity | undefined) => void): TlsDoor {
  const server: Server = createServer({
    ...CONTEXT,
    ALPNProtocols: ALPN,
    requestCert: true,
    // Verified by our own rules below: OpenSSL knows neither our roots by domain nor our roles.
    rejectUnauthorized: false,
    sessionTimeout: 1,
    handshakeTimeout: HANDSHAKE_MS
  })
  let shown: readonly string[] = []

  server.on('secureConnection', (socket) => {
    socket.on('error', () => socket.destroy())
    let identity: PeerIdentity | undefined
    try {
      const chain = peerChain(socket, settings.known())
      identity = chain.length === 0 ? undefined : settings.verify(chain)
    } catch (error) {
      log.info({ address: socket.remoteAddress, reason: error instanceof Error ? error.message : 'not believed' }, 'a TLS client was refused')
      socket.destroy()
      return
    }
    secured(socket, identity)
  })
  server.on('tlsClientError', (error, socket) => {
    log.debug({ reason: error.message }, 'a TLS handshake failed')
    socket.destroy()
  })

  function show(own: readonly ShownCertificate[]): void {
    const chains = own.map(({ chain }) => chain)
    if (chains.length === shown.length && chains.every((chain, index) => chain === shown[index])) return
    server.setSecureContext({ ...CONTEXT, cert: chains, key: own.map(({ key }) => key) })
    shown = chains
  }

  return {
    check() {
      const own = settings.certificates()
      try {
        if (own.length > 0) createSecureContext({ ...CONTEXT, cert: own.map(({ chain }) => chain), key: own.map(({ key }) => key) })
      } catch (cause) {
        throw new HansaError(
          'CONFIG_INVALID',
          'gateway.tls: TLS cannot be served with this certificate and key; PEM is wanted, and a key that goes with it',
          {},
          cause
        )
      }
    },
    accept(socket) {
      const own = settings.certificates()
      try {
        if (own.length === 0) throw new HansaError('OVERLOADED', 'the gateway has no certificate yet')
        show(own)
        server.emit('connection', socket)
      } catch (error) {
        log.warn({ err: error }, 'TLS cannot be served')
        socket.destroy()
      }
    }
  }
}
