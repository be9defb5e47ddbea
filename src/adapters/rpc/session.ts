import type { Clock } from '../../ports/clock.ts'
import type { Identities } from '../../ports/identity.ts'
import type { Channel, Frame, Network } from '../../ports/network.ts'
import type { Target } from '../../ports/rpc.ts'
import { HansaError } from '../../schema/errors.ts'
import { type Protocol, PROTOCOLS } from '../../wire/methods.ts'
import { helloFrame, readHello, Remote } from './hello.ts'

/** The client's end of one stream: hellos are exchanged, and it carries one call at a time. */
export interface Session {
  readonly channel: Channel
  readonly protocol: Protocol
  readonly remote: Pick<Remote, 'peer' | 'identity' | 'require' | 'stands' | 'reconsider'>
  /** Own leaf certificate that was shown; another one now means a new hello is due. */
  readonly shown: Uint8Array | undefined
  /** False once the other side has ended the stream in any way, or sent something that belongs to no call. */
  readonly alive: boolean
  /** Next frame of the call. */
  read(): Promise<Frame | undefined>
  /** Watches the stream while no call uses it; `gone` is called when it cannot be used again. */
  watch(gone: () => void): void
  /** Monotonic milliseconds of the last call's end. */
  idleSince: number
}

/** Opens a stream and exchanges hellos. Throws PEER_UNREACHABLE, PROTOCOL_VERSION, CONNECTION_LOST, DEADLINE_EXCEEDED, CANCELED. */
export async function openSession(
  network: Network,
  identities: Identities,
  clock: Clock,
  target: Target,
  protocol: Protocol,
  signal: AbortSignal
): Promise<Session> {
  const channel = await network.open(target.peer, target.addresses ?? [], PROTOCOLS[protocol], signal)
  const cut = () => channel.abort(new HansaError('CANCELED', 'canceled during the hello'))
  signal.addEventListener('abort', cut)
  try {
    signal.throwIfAborted()
    const chain = identities.chain()
    await channel.write(helloFrame(chain))
    const remote = new Remote(target.peer, await readHello(channel, clock), identities, clock)
    return makeSession(channel, protocol, remote, chain[0], clock)
  } catch (error) {
    channel.abort()
    throw signal.aborted ? signal.reason : error
  } finally {
    signal.removeEventListener('abort', cut)
  }
}

export function makeSession(channel: Channel, protocol: Protocol, remote: Session['remote'], shown: Uint8Array | undefined, clock: Clock): Session {
  return new StreamSession(channel, protocol, remote, shown, clock.monotonic())
}

class StreamSession implements Session {
  readonly channel: Channel
  readonly protocol: Protocol
  readonly remote: Session['remote']
  readonly shown: Uint8Array | undefined
  idleSince: number
  alive = true
  /** The read that waits while the stream is idle: only so is an orderly end noticed. It is the first read of the next call. */
  #first: Promise<Frame | undefined> | undefined
  #idle = false

  constructor(channel: Channel, protocol: Protocol, remote: Session['remote'], shown: Uint8Array | undefined, now: number) {
    this.channel = channel
    this.protocol = protocol
    this.remote = remote
    this.shown = shown
    this.idleSince = now
    channel.onClose(() => (this.alive = false))
  }

  read(): Promise<Frame | undefined> {
    const first = this.#first
    this.#idle = false
    this.#first = undefined
    return first ?? this.channel.read()
  }

  watch(gone: () => void): void {
    this.#idle = true
    const first = this.channel.read()
    this.#first = first
    const settled = () => {
      if (!this.#idle || this.#first !== first) return
      this.alive = false
      gone()
    }
    first.then(settled, settled)
  }
}
