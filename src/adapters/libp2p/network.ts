import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { Channel, ConnectedPeer, Network } from '../../ports/network.ts'
import type { Log } from '../../ports/log.ts'
import { HansaError } from '../../schema/errors.ts'
import { openFailure } from './failures.ts'
import { StreamChannel } from './streams.ts'

/** Streams of one protocol on one connection. A gateway carries many calls over one connection; libp2p's own default is 32. */
const MAX_STREAMS = 4_000
/** Addresses of one peer that are tried; more is an attempt to make us dial for somebody else. */
const MAX_ADDRESSES = 16

/** The Network port over a libp2p node. */
export class Libp2pNetwork implements Network {
  readonly peer: string
  readonly #node: Libp2p
  readonly #log: Log

  constructor(node: Libp2p, log: Log) {
    this.#node = node
    this.#log = log
    this.peer = node.peerId.toString()
  }

  addresses(): string[] {
    return this.#node.getMultiaddrs().map(String)
  }

  async open(peer: string, addresses: readonly string[], protocol: string, signal?: AbortSignal): Promise<Channel> {
    try {
      const connection = this.#connection(peer) ?? (await this.#dialPeer(peer, addresses, signal))
      const stream = await connection.newStream(protocol, { signal, maxOutboundStreams: MAX_STREAMS })
      return new StreamChannel(stream, peer)
    } catch (error) {
      throw openFailure(error, peer, signal)
    }
  }

  async handle(protocol: string, fn: (channel: Channel) => void): Promise<void> {
    await this.#node.handle(
      protocol,
      (stream, connection) => {
        const channel = new StreamChannel(stream, connection.remotePeer.toString())
        try {
          fn(channel)
        } catch (error) {
          channel.abort(error instanceof Error ? error : undefined)
        }
      },
      { maxInboundStreams: MAX_STREAMS, maxOutboundStreams: MAX_STREAMS }
    )
  }

  async dial(address: string, signal?: AbortSignal): Promise<string> {
    const target = parseAddress(address)
    try {
      const connection = await this.#node.dial(target, { signal })
      return connection.remotePeer.toString()
    } catch (error) {
      throw openFailure(error, address, signal)
    }
  }

  async hangUp(peer: string): Promise<void> {
    const id = parsePeer(peer)
    // close() waits for streams to end in order; those of a revoked peer must not.
    for (const connection of this.#node.getConnections(id)) connection.abort(new HansaError('CONNECTION_LOST', 'hung up'))
    await this.#node.hangUp(id)
  }

  peers(): ConnectedPeer[] {
    const peers = new Map<string, ConnectedPeer>()
    for (const connection of this.#node.getConnections()) {
      if (connection.status !== 'open') continue
      const peer = connection.remotePeer.toString()
      peers.set(peer, { peer, address: connection.remoteAddr.toString(), direction: connection.direction })
    }
    return [...peers.values()]
  }

  onConnect(fn: (peer: string) => void): void {
    this.#node.addEventListener('peer:connect', (event) => this.#tell(fn, event.detail))
  }

  onDisconnect(fn: (peer: string) => void): void {
    this.#node.addEventListener('peer:disconnect', (event) => this.#tell(fn, event.detail))
  }

  /** A listener that throws would end the process. */
  #tell(fn: (peer: string) => void, peer: PeerId): void {
    try {
      fn(peer.toString())
    } catch (error) {
      this.#log.error({ err: error, peer: peer.toString() }, 'a listener for connections failed')
    }
  }

  #connection(peer: string): Connection | undefined {
    return this.#node.getConnections(parsePeer(peer)).find((one) => one.status === 'open')
  }

  async #dialPeer(peer: string, addresses: readonly string[], signal: AbortSignal | undefined): Promise<Connection> {
    const targets = addresses.slice(0, MAX_ADDRESSES).flatMap((address) => withPeer(address, peer))
    return this.#node.dial(targets.length > 0 ? targets : parsePeer(peer), { signal })
  }
}

function parsePeer(peer: string): PeerId {
  try {
    return peerIdFromString(peer)
  } catch (cause) {
    throw new HansaError('INVALID_ARGUMENT', `${JSON.stringify(peer.slice(0, 80))} is not a PeerId`, {}, cause)
  }
}

function parseAddress(address: string): Multiaddr {
  try {
    return multiaddr(address)
  } catch (cause) {
    throw new HansaError('INVALID_ARGUMENT', `${JSON.stringify(address.slice(0, 200))} is not an address such as /ip4/127.0.0.1/tcp/4001`, {}, cause)
  }
}

/** The address with the peer that must answer there; nothing when it is no address or names another peer. */
function withPeer(address: string, peer: string): Multiaddr[] {
  try {
    const parsed = multiaddr(address)
    const named = parsed.getComponents().findLast((component) => component.name === 'p2p')?.value
    if (named === undefined) return [parsed.encapsulate(`/p2p/${peer}`)]
    return named === peer ? [parsed] : []
  } catch {
    return []
  }
}
