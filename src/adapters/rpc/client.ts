import { create, toBinary } from '@bufbuild/protobuf'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Clock } from '../../ports/clock.ts'
import type { Identities, PeerIdentity } from '../../ports/identity.ts'
import type { Network } from '../../ports/network.ts'
import type { CallOptions, ClientStream, Target } from '../../ports/rpc.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import type { Method, Protocol, ResponseOf, StreamMethod, UnaryMethod } from '../../wire/methods.ts'
import { decode } from '../../wire/decode.ts'
import { checkMessageLength, readMessage, writeMessage } from '../../wire/messages.ts'
import { ClientCall } from './client-call.ts'
import { cancelReason, Deadline } from './deadline.ts'
import { checkExpected } from './hello.ts'
import { Pool } from './pool.ts'
import { openSession, type Session } from './session.ts'

const EMPTY = new Uint8Array()
const HELLO_CALL_MS = 10_000

export interface ClientDeps {
  readonly network: Network
  readonly identities: Identities
  readonly clock: Clock
  /** A session with this very node. */
  readonly local: (protocol: Protocol) => Session
}

/** The calling side. */
export class Client {
  readonly #deps: ClientDeps
  readonly pool: Pool

  constructor(deps: ClientDeps) {
    this.#deps = deps
    this.pool = new Pool(deps.identities, deps.clock)
  }

  async call<M extends UnaryMethod>(target: Target, method: M, request: MessageInitShape<M['request']>, options?: CallOptions): Promise<ResponseOf<M>> {
    const bytes = toBinary<M['request']>(method.request, create<M['request']>(method.request, request))
    checkMessageLength(bytes.length, method.maxRequestBytes)
    const deadline = new Deadline(this.#deps.clock, method.id, method.timeoutMs, options)
    try {
      const pooled = this.pool.take(target.peer, method.protocol)
      if (pooled !== undefined) {
        const answer = await this.#exchange(pooled, target, method, bytes, deadline, options)
        if (answer !== 'unsent') return decode(method.response, answer) as ResponseOf<M>
      }
      const answer = await this.#exchange(await this.#open(target, method.protocol, deadline), target, method, bytes, deadline, options)
      if (answer === 'unsent') throw new HansaError('CONNECTION_LOST', `${target.peer} ended the stream before the request`)
      return decode(method.response, answer) as ResponseOf<M>
    } catch (error) {
      throw this.#here(error)
    } finally {
      deadline.clear()
    }
  }

  async open(target: Target, method: StreamMethod, header: Uint8Array, options?: CallOptions): Promise<ClientStream> {
    const deadline = new Deadline(this.#deps.clock, method.id, method.timeoutMs, options)
    try {
      const session = this.pool.take(target.peer, method.protocol) ?? (await this.#open(target, method.protocol, deadline))
      this.#checkCallee(session, target, method)
      const call = new ClientCall(session, this.pool, method, deadline)
      await call.sendOpen(header, options?.traceparent)
      return call
    } catch (error) {
      deadline.clear()
      throw this.#here(error)
    }
  }

  async hello(target: Target, options?: CallOptions): Promise<PeerIdentity> {
    const deadline = new Deadline(this.#deps.clock, 'hello', HELLO_CALL_MS, options)
    try {
      const session = this.pool.take(target.peer, 'rpc') ?? (await this.#open(target, 'rpc', deadline))
      try {
        const identity = session.remote.require()
        checkExpected(identity, target)
        return identity
      } finally {
        this.pool.put(session)
      }
    } catch (error) {
      throw this.#here(error)
    } finally {
      deadline.clear()
    }
  }

  /**
   * One request and its answer. 'unsent' when the callee certainly did not take the request: it ended the stream in order before any answer, which a server does
   * only between calls. Any other loss may have come after the request was carried out, so it is the caller's to judge.
   */
  async #exchange(session: Session, target: Target, method: Method, bytes: Uint8Array, deadline: Deadline, options: CallOptions | undefined) {
    this.#checkCallee(session, target, method)
    const call = new ClientCall(session, this.pool, method, deadline)
    try {
      const sending = send(call, bytes, options?.traceparent)
      // Why sending failed is told by what is read.
      sending.catch(() => {})
      const answer = await readMessage(call, method.maxBytes)
      if (answer === undefined) throw new HansaError('MALFORMED', `no message in the answer to ${method.id}`)
      if ((await call.read()) !== undefined) throw new HansaError('MALFORMED', `two messages in the answer to ${method.id}`)
      return answer
    } catch (error) {
      if (call.refusedUnread) return 'unsent' as const
      // Nothing happens to a call that has had its trailer.
      call.abort(toHansaError(error))
      throw error
    }
  }

  /** Nothing is sent to a node that is not who is wanted. A method that anyone may call may also be asked of anyone: a newcomer knows no roots yet. */
  #checkCallee(session: Session, target: Target, method: Method): void {
    if (method.callers.from === 'anyone' && target.expect === undefined) return
    try {
      checkExpected(session.remote.require(), target)
    } catch (error) {
      this.pool.put(session)
      throw error
    }
  }

  async #open(target: Target, protocol: Protocol, deadline: Deadline): Promise<Session> {
    const { network, identities, clock } = this.#deps
    if (deadline.signal.aborted) throw cancelReason(deadline.signal.reason)
    const session = target.peer === network.peer ? this.#deps.local(protocol) : await openSession(network, identities, clock, target, protocol, deadline.signal)
    this.pool.add(session)
    return session
  }

  /** Errors that arose on this side say so. */
  #here(error: unknown): HansaError {
    return toHansaError(error).at(this.#deps.identities.self()?.spiffeId ?? this.#deps.network.peer)
  }
}

/** OPEN, the message and END leave in one write when they fit. */
async function send(call: ClientCall, bytes: Uint8Array, traceparent: string | undefined): Promise<void> {
  await call.sendOpen(EMPTY, traceparent)
  await writeMessage(call, bytes)
  await call.end()
}
