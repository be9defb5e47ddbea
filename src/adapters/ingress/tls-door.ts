import { constants } from 'node:crypto'
import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import type { PeerIdentity } from '../../ports/identity.ts'
import type { Log } from '../../ports/log.ts'
import { peerChain } from './peer-chain.ts'
import type { Spoken } from './sniff.ts'

/** What TLS needs of the node. */
export interface TlsSettings {
  /** PEM of the chain that is shown and of its key; asked for each time, since certificates are renewed. Undefined while there is none. */
  readonly certificate: () => { readonly chain: string; readonly key: string } | undefined
  /** Issuing CAs and roots that clients may leave out of what they show, DER. */
  readonly known: () => readonly Uint8Array[]
  /** Who a client is by its chain, leaf first, root last; the handshake has proved the key of the leaf. Throws for a chain that is not believed. */
  readonly verify: (chain: readonly Uint8Array[]) => PeerIdentity
}

/** Server preference: HTTP/2 means gRPC here, so a client that offers both gets HTTP/1.1. */
const ALPN: Readonly<Record<string, Exclude<Spoken, 'tls'>>> = { mqtt: 'mqtt', 'http/1.1': 'http1', h2: 'http2' }

/** Longest handshake, in milliseconds. */
const HANDSHAKE_MS = 10_000

export interface TlsDoor {
  /** Takes a socket on which TLS begins. */
  accept(socket: Socket): void
}

/**
 * TLS of the one port, with certificates of the network on both sides. Session tickets are off: a resumed session would show a certificate that nobody has checked again.
 * A client that shows a certificate which is not believed is cut off, not served as a stranger.
 */
export function createTlsDoor(
  settings: TlsSettings,
  log: Log,
  secured: (socket: TLSSocket, spoken: Exclude<Spoken, 'tls'> | undefined, identity: PeerIdentity | undefined) => void
): TlsDoor {
  const server: Server = createServer({
    ALPNProtocols: Object.keys(ALPN),
    requestCert: true,
    // Verified by our own rules below: OpenSSL knows neither our roots by domain nor our roles.
    rejectUnauthorized: false,
    secureOptions: constants.SSL_OP_NO_TICKET,
    sessionTimeout: 1,
    handshakeTimeout: HANDSHAKE_MS,
    minVersion: 'TLSv1.2'
  })
  let shown: string | undefined

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
    const spoken = typeof socket.alpnProtocol === 'string' ? ALPN[socket.alpnProtocol] : undefined
    secured(socket, spoken, identity)
  })
  server.on('tlsClientError', (error, socket) => {
    log.debug({ reason: error.message }, 'a TLS handshake failed')
    socket.destroy()
  })

  return {
    accept(socket) {
      const own = settings.certificate()
      if (own === undefined) {
        socket.destroy()
        return
      }
      if (own.chain !== shown) {
        server.setSecureContext({ cert: own.chain, key: own.key })
        shown = own.chain
      }
      server.emit('connection', socket)
    }
  }
}
