import { create, toBinary } from '@bufbuild/protobuf'
import type { Clock } from '../../ports/clock.ts'
import type { Identities, PeerIdentity } from '../../ports/identity.ts'
import type { Channel, Frame } from '../../ports/network.ts'
import type { Target } from '../../ports/rpc.ts'
import { errorOf, HansaError, toHansaError } from '../../schema/errors.ts'
import { HelloSchema } from '../../schema/generated/hansa/v1/call_pb.ts'
import { decode } from '../../wire/decode.ts'
import { HELLO, TRAILER } from '../../wire/frames.ts'
import { HELLO_MS, HELLO_VERSION, MAX_CHAIN } from './bounds.ts'
import { readTrailer } from './trailer.ts'

/** Least time between two verifications of one refused chain: each costs signatures. */
const RETRY_MS = 1_000

/** The other side of one stream, by the chain in its hello. */
export class Remote {
  readonly peer: string
  readonly #identities: Identities
  readonly #clock: Clock
  readonly #chain: readonly Uint8Array[]
  #identity: PeerIdentity | undefined
  #refusal: HansaError | undefined
  #triedAt = -Infinity

  constructor(peer: string, chain: readonly Uint8Array[], identities: Identities, clock: Clock) {
    this.peer = peer
    this.#chain = chain
    this.#identities = identities
    this.#clock = clock
  }

  /** The verified identity, checked again now; undefined when no chain was shown or it is not believed. */
  get identity(): PeerIdentity | undefined {
    if (this.#chain.length === 0) return undefined
    try {
      return this.require()
    } catch {
      return undefined
    }
  }

  /** The verified identity, checked again now. Throws UNAUTHENTICATED without a chain, else what Identities throws. */
  require(): PeerIdentity {
    if (this.#chain.length === 0) throw new HansaError('UNAUTHENTICATED', `${this.peer} shows no certificate`)
    if (this.#identity === undefined) this.#identity = this.#verify()
    this.#identities.check(this.#identity)
    return this.#identity
  }

  /** False when an identity that was believed is so no more. */
  get stands(): boolean {
    return this.#identity === undefined || this.identity !== undefined
  }

  /** Whom we believe has changed: a refusal is worth asking about again at once. */
  reconsider(): void {
    this.#refusal = undefined
  }

  #verify(): PeerIdentity {
    const now = this.#clock.monotonic()
    if (this.#refusal !== undefined && now - this.#triedAt < RETRY_MS) throw this.#refusal
    this.#triedAt = now
    try {
      return this.#identities.verify(this.peer, this.#chain)
    } catch (error) {
      this.#refusal = toHansaError(error)
      throw this.#refusal
    }
  }
}

export function helloFrame(chain: readonly Uint8Array[]): Frame {
  return { type: HELLO, payload: toBinary(HelloSchema, create(HelloSchema, { version: HELLO_VERSION, chain: [...chain] })) }
}

/** Waits for the other side's HELLO: its chain. Throws PROTOCOL_VERSION, MALFORMED, CONNECTION_LOST, DEADLINE_EXCEEDED, or what it sends in place of a hello. */
export async function readHello(channel: Channel, clock: Clock): Promise<readonly Uint8Array[]> {
  let late = false
  const cancel = clock.after(HELLO_MS, () => {
    late = true
    channel.abort(new HansaError('DEADLINE_EXCEEDED', 'no hello'))
  })
  try {
    const frame = await channel.read()
    if (frame === undefined) throw new HansaError('CONNECTION_LOST', `${channel.peer} ended the stream before its hello`)
    if (frame.type === TRAILER) {
      const { error } = readTrailer(frame)
      throw error === undefined ? new HansaError('MALFORMED', 'a trailer where a hello is wanted') : errorOf(error)
    }
    if (frame.type !== HELLO) throw new HansaError('MALFORMED', `a frame of type ${frame.type} where a hello is wanted`)
    const hello = decode(HelloSchema, frame.payload)
    if (hello.version !== HELLO_VERSION)
      throw new HansaError('PROTOCOL_VERSION', `${channel.peer} speaks version ${hello.version}, we speak ${HELLO_VERSION}`, {
        theirs: hello.version,
        ours: HELLO_VERSION
      })
    if (hello.chain.length > MAX_CHAIN) throw new HansaError('MALFORMED', `a chain of ${hello.chain.length} certificates`, { bound: MAX_CHAIN })
    return hello.chain
  } catch (error) {
    throw late ? new HansaError('DEADLINE_EXCEEDED', `${channel.peer} sent no hello within ${HELLO_MS} ms`, {}, error) : error
  } finally {
    cancel()
  }
}

/** Throws PERMISSION_DENIED when the callee is not who is wanted: a PeerId alone proves no name. */
export function checkExpected(identity: PeerIdentity, target: Target): void {
  const { expect } = target
  if (expect === undefined) return
  const wrong =
    expect.spiffeId !== undefined && expect.spiffeId !== identity.spiffeId
      ? `not ${expect.spiffeId}`
      : expect.domain !== undefined && expect.domain !== identity.domain
        ? `not of ${expect.domain}`
        : expect.role !== undefined && !(identity.roles as readonly string[]).includes(expect.role)
          ? `no ${expect.role}`
          : undefined
  if (wrong !== undefined)
    throw new HansaError('PERMISSION_DENIED', `the node at ${target.peer} is ${identity.spiffeId}, ${wrong}`, {
      domain: identity.domain,
      actual: identity.spiffeId
    })
}
