import type { Channel, ConnectedPeer, Network } from '../../../src/ports/network.ts'
import { HansaError, toHansaError } from '../../../src/schema/errors.ts'
import { type Cut, type Line, MemoryChannel } from './channel.ts'
import type { MemorySwarm } from './swarm.ts'

/** How long a dial over a silent line takes to fail, as libp2p's. */
const DIAL_MS = 10_000

interface Connection {
  readonly direction: 'inbound' | 'outbound'
  readonly channels: Set<MemoryChannel>
}

/** The Network port in memory. */
export class MemoryNetwork implements Network {
  readonly peer: string
  readonly #swarm: MemorySwarm
  readonly #connections = new Map<string, Connection>()
  readonly #handlers = new Map<string, (channel: Channel) => void>()
  readonly #connectFns: ((peer: string) => void)[] = []
  readonly #disconnectFns: ((peer: string) => void)[] = []

  constructor(swarm: MemorySwarm, peer: string) {
    this.#swarm = swarm
    this.peer = peer
  }

  addresses(): string[] {
    return [`/memory/${this.peer}/p2p/${this.peer}`]
  }

  async open(peer: string, addresses: readonly string[], protocol: string, signal?: AbortSignal): Promise<Channel> {
    if (peer === this.peer) throw new HansaError('PEER_UNREACHABLE', 'a node does not dial itself')
    if (!this.#connections.has(peer)) {
      if (!addresses.some((address) => peerOf(address) === peer)) throw new HansaError('PEER_UNREACHABLE', `no address of ${peer} is known`, { peer })
      await this.#connect(peer, signal)
    }
    // Opening takes a round trip, as protocol selection does.
    await this.#roundTrip(peer, signal)
    const remote = this.#swarm.node(peer)?.network
    if (remote === undefined || !this.#connections.has(peer)) throw new HansaError('PEER_UNREACHABLE', `${peer} is gone`, { peer })
    const handler = remote.#handlers.get(protocol)
    if (handler === undefined) throw new HansaError('PROTOCOL_VERSION', `${peer} does not speak ${protocol}`, { peer })
    const near = new MemoryChannel(peer, this.#line(this.peer, peer), this.#cut())
    const far = new MemoryChannel(this.peer, this.#line(peer, this.peer), this.#cut())
    near.join(far)
    far.join(near)
    this.#track(peer, near)
    remote.#track(this.peer, far)
    handler(far)
    return near
  }

  async handle(protocol: string, fn: (channel: Channel) => void): Promise<void> {
    this.#handlers.set(protocol, fn)
  }

  async dial(address: string, signal?: AbortSignal): Promise<string> {
    const peer = peerOf(address)
    if (peer === undefined) throw new HansaError('INVALID_ARGUMENT', `${JSON.stringify(address)} is not an address`)
    await this.#connect(peer, signal)
    return peer
  }

  async hangUp(peer: string): Promise<void> {
    this.disconnect(peer)
  }

  peers(): ConnectedPeer[] {
    return [...this.#connections].map(([peer, { direction }]) => ({ peer, address: `/memory/${peer}`, direction }))
  }

  onConnect(fn: (peer: string) => void): void {
    this.#connectFns.push(fn)
  }

  onDisconnect(fn: (peer: string) => void): void {
    this.#disconnectFns.push(fn)
  }

  /** Both ends lose the connection at once. */
  disconnect(peer: string): void {
    this.#drop(peer)
    const remote = this.#swarm.node(peer)?.network
    if (remote !== undefined) remote.#drop(this.peer)
  }

  stop(): void {
    for (const peer of [...this.#connections.keys()]) this.disconnect(peer)
  }

  async #connect(peer: string, signal: AbortSignal | undefined): Promise<void> {
    if (this.#connections.has(peer)) return
    if (peer === this.peer) throw new HansaError('PEER_UNREACHABLE', 'a node does not dial itself')
    await this.#roundTrip(peer, signal)
    const remote = this.#swarm.node(peer)?.network
    if (remote === undefined || !this.#swarm.connected(this.peer, peer)) throw new HansaError('PEER_UNREACHABLE', `cannot reach ${peer}`, { peer })
    if (this.#connections.has(peer)) return
    this.#connections.set(peer, { direction: 'outbound', channels: new Set() })
    remote.#connections.set(this.peer, { direction: 'inbound', channels: new Set() })
    for (const fn of this.#connectFns) fn(peer)
    for (const fn of remote.#connectFns) fn(this.peer)
  }

  /** Resolves after a round trip; rejects when the line is cut, the other node absent, or (late) the line silent. */
  #roundTrip(peer: string, signal: AbortSignal | undefined): Promise<void> {
    const unreachable = () => new HansaError('PEER_UNREACHABLE', `cannot reach ${peer}`, { peer })
    if (signal?.aborted === true) return Promise.reject(toHansaError(signal.reason))
    if (!this.#swarm.connected(this.peer, peer)) return Promise.reject(unreachable())
    return new Promise((resolve, reject) => {
      const cancel = this.#swarm.clock.after(DIAL_MS, () => done(() => reject(unreachable())))
      const onAbort = () => done(() => reject(toHansaError(signal?.reason)))
      const done = (settle: () => void) => {
        cancel()
        signal?.removeEventListener('abort', onAbort)
        settle()
      }
      signal?.addEventListener('abort', onAbort)
      this.#swarm.carry(this.peer, peer, this.#swarm.delay(), () => this.#swarm.carry(peer, this.peer, this.#swarm.delay(), () => done(resolve)))
    })
  }

  #track(peer: string, channel: MemoryChannel): void {
    const channels = this.#connections.get(peer)?.channels
    channels?.add(channel)
    channel.onClose(() => channels?.delete(channel))
  }

  #drop(peer: string): void {
    const connection = this.#connections.get(peer)
    if (connection === undefined) return
    this.#connections.delete(peer)
    for (const channel of [...connection.channels]) channel.lose(new HansaError('CONNECTION_LOST', 'the connection was lost'))
    for (const fn of this.#disconnectFns) fn(peer)
  }

  /** In order, whatever the jitter: what is sent later never arrives earlier. */
  #line(from: string, to: string): Line {
    let last = 0
    return (deliver) => {
      const now = this.#swarm.clock.monotonic()
      last = Math.max(last, now + this.#swarm.delay())
      this.#swarm.carry(from, to, last - now, deliver)
    }
  }

  #cut(): Cut {
    return (bytes) => {
      const at = Math.floor(this.#swarm.random() * bytes.length)
      return at === 0 ? [bytes] : [bytes.subarray(0, at), bytes.subarray(at)]
    }
  }
}

function peerOf(address: string): string | undefined {
  return /\/p2p\/([^/]+)$/.exec(address)?.[1] ?? /^\/memory\/([^/]+)$/.exec(address)?.[1]
}
