import type { Clock } from '../../ports/clock.ts'
import type { Identities, PeerIdentity } from '../../ports/identity.ts'
import type { Log } from '../../ports/log.ts'
import type { Channel, Frame } from '../../ports/network.ts'
import type { Admission } from '../../ports/rpc.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { type CallOpen, CallOpenSchema } from '../../schema/generated/hansa/v1/call_pb.ts'
import { OPEN } from '../../wire/frames.ts'
import { decode } from '../../wire/decode.ts'
import { type Method, methods, type Protocol } from '../../wire/methods.ts'
import { DRAIN_BYTES, DRAIN_MS, LAST_ANSWERS_MS, MAX_CALLS, MAX_DEADLINE_MS, MAX_STREAMS_PER_PEER, MAX_STREAMS_PER_STRANGER, SERVER_IDLE_MS } from './bounds.ts'
import { CallInput } from './call-input.ts'
import { authorize } from './callers.ts'
import { helloFrame, readHello, Remote } from './hello.ts'
import { RequestMemory } from './request-memory.ts'
import { type AnyHandler, ServerCall } from './server-call.ts'
import { trailerFrame } from './trailer.ts'

const METHODS: ReadonlyMap<string, Method> = new Map(Object.values(methods).map((method) => [method.id, method]))
/** W3C trace context, version 00. */
const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

export interface ServerDeps {
  readonly identities: Identities
  readonly admission: Admission
  readonly clock: Clock
  readonly log: Log
  /** Own PeerId: names this node in errors before it has a certificate. */
  readonly peer: string
}

/** One stream as the server sees it. */
interface Served {
  readonly channel: Channel
  readonly remote: Pick<Remote, 'peer' | 'identity' | 'require' | 'stands' | 'reconsider'>
  /** The call that runs, if any: it is told when the stream ends. */
  call: AbortController | undefined
}

/** The serving side: one loop per stream, one call at a time on it. */
export class Server {
  readonly #deps: ServerDeps
  readonly #handlers = new Map<string, AnyHandler>()
  readonly #streams = new Set<Served>()
  readonly #perPeer = new Map<string, number>()
  readonly #memory = new RequestMemory()
  /** Handlers that run, also those whose call is over. */
  #calls = 0
  #stopping = false
  #onCallEnd: (() => void) | undefined

  constructor(deps: ServerDeps) {
    this.#deps = deps
  }

  register(method: Method, handler: AnyHandler): void {
    if (this.#handlers.has(method.id)) throw new HansaError('INTERNAL', `two handlers for ${method.id}`)
    this.#handlers.set(method.id, handler)
  }

  /** Serves a stream of another node, from its hello on. */
  async accept(channel: Channel, protocol: Protocol): Promise<void> {
    const open = this.#perPeer.get(channel.peer) ?? 0
    if (this.#stopping || open >= MAX_STREAMS_PER_PEER) {
      const why = this.#stopping ? 'this node is stopping' : `${open} streams are open already`
      await this.#refuse(channel, new HansaError('OVERLOADED', why, this.#stopping ? {} : { bound: MAX_STREAMS_PER_PEER }))
      return
    }
    this.#perPeer.set(channel.peer, open + 1)
    channel.onClose(() => {
      const left = (this.#perPeer.get(channel.peer) ?? 1) - 1
      if (left === 0) this.#perPeer.delete(channel.peer)
      else this.#perPeer.set(channel.peer, left)
    })
    const { identities, clock } = this.#deps
    try {
      const remote = new Remote(channel.peer, await readHello(channel, clock), identities, clock)
      if (open >= MAX_STREAMS_PER_STRANGER && remote.identity === undefined)
        throw new HansaError('OVERLOADED', `${open} streams without a certificate are open already`, { bound: MAX_STREAMS_PER_STRANGER })
      await channel.write(helloFrame(identities.chain()))
      await this.serve(channel, protocol, remote)
    } catch (error) {
      await this.#refuse(channel, toHansaError(error))
    }
  }

  /** Serves a stream whose other side is known. Throws what makes the stream useless. */
  async serve(channel: Channel, protocol: Protocol, remote: Served['remote']): Promise<void> {
    const served: Served = { channel, remote, call: undefined }
    this.#streams.add(served)
    channel.onClose(() => {
      this.#streams.delete(served)
      served.call?.abort(new HansaError('CANCELED', 'the caller went away'))
    })
    for (let open = await this.#nextOpen(channel); open !== undefined; open = await this.#nextOpen(channel)) {
      if (await this.#call(served, protocol, open)) continue
      await this.#linger(channel)
      return
    }
    await channel.close()
  }

  identities(): PeerIdentity[] {
    return [...this.#streams].flatMap(({ remote }) => remote.identity ?? [])
  }

  dropFallen(): void {
    for (const { channel, remote } of [...this.#streams]) {
      remote.reconsider()

      if (!remote.stands) channel.abort(new HansaError('CONNECTION_LOST', `${remote.peer} is not believed any more`))
    }
  }

  /** Ends idle streams, lets running calls end for at most DRAIN_MS, then resets what is left. */
  async stop(): Promise<void> {
    this.#stopping = true
    for (const { channel, call } of [...this.#streams]) if (call === undefined) void channel.close()
    if (this.#busy()) {
      await new Promise<void>((resolve) => {
        const cancel = this.#deps.clock.after(DRAIN_MS, resolve)
        this.#onCallEnd = () => {
          if (this.#busy()) return
          cancel()
          resolve()
        }
      })
    }
    const ended: Promise<void>[] = []
    for (const { channel, call } of [...this.#streams]) {
      if (call !== undefined) channel.abort(new HansaError('CONNECTION_LOST', 'this node is stopping'))
      else {
        ended.push(new Promise((resolve) => channel.onClose(() => resolve())))
        void this.#linger(channel)
      }
    }
    // The network stops after this, and what it has not handed over then is lost: the other sides end their streams when they have read the last answers.
    await this.#atMost(LAST_ANSWERS_MS, Promise.all(ended))
  }

  async #atMost(ms: number, work: Promise<unknown>): Promise<void> {
    let cancel = (): void => undefined
    await Promise.race([work, new Promise<void>((resolve) => (cancel = this.#deps.clock.after(ms, resolve)))])
    cancel()
  }

  #busy(): boolean {
    return [...this.#streams].some(({ call }) => call !== undefined)
  }

  /** The next call's OPEN; undefined when the stream is at its end. A stream that we end in order takes no call any more: callers rely on that. */
  async #nextOpen(channel: Channel): Promise<Frame | undefined> {
    let idle = false
    const cancel = this.#deps.clock.after(SERVER_IDLE_MS, () => {
      idle = true
      void this.#linger(channel)
    })
    try {
      const frame = await channel.read()
      if (idle || this.#stopping || frame === undefined) return undefined
      if (frame.type !== OPEN) throw new HansaError('MALFORMED', `a frame of type ${frame.type} between calls`)
      return frame
    } finally {
      cancel()
    }
  }

  /** Serves one call; true when the stream can carry another. */
  async #call(served: Served, protocol: Protocol, frame: Frame): Promise<boolean> {
    const controller = new AbortController()
    served.call = controller
    let input = new CallInput(served.channel, DRAIN_BYTES)
    let call: ServerCall | undefined
    let cancelTimer: (() => void) | undefined
    let failure: HansaError | undefined
    let methodId = ''
    try {
      const open = decode(CallOpenSchema, frame.payload)
      methodId = open.method.slice(0, 100)
      const { method, handler } = this.#lookUp(open, protocol)
      const timeoutMs = Math.min(open.deadlineMs, longest(method))
      if (timeoutMs === 0) throw new HansaError('INVALID_ARGUMENT', `${methodId} with no time left`)
      const caller = authorize(method, served.remote, this.#deps.identities.self()?.domain ?? '')
      if (this.#calls >= MAX_CALLS) throw new HansaError('OVERLOADED', `${MAX_CALLS} calls are running`, { bound: MAX_CALLS })
      const release = this.#deps.admission.admit(method, caller)
      this.#calls++
      const memory = this.#memory.open(served.channel.peer)
      // What a stream brings goes on at once; a whole request is held.
      input = new CallInput(served.channel, method.maxRequestBytes, method.kind === 'unary' ? memory.take : undefined)
      const traceparent = TRACEPARENT.test(open.traceparent) ? open.traceparent : undefined
      call = new ServerCall(served.channel, input, method.maxBytes, { caller, signal: controller.signal, timeoutMs, traceparent, header: open.header })
      cancelTimer = this.#deps.clock.after(timeoutMs, () =>
        controller.abort(new HansaError('DEADLINE_EXCEEDED', `${methodId}: not done within ${timeoutMs} ms`, { timeoutMs }))
      )
      const work = run(method, handler, call)
      // The caller's slot is free when the handler has really ended, not when it was told to: else a flood of canceled calls would be free.
      const ended = () => {
        this.#calls--
        memory.release()
        release()
      }
      work.then(ended, ended)
      await Promise.race([work, aborted(controller.signal)])
    } catch (error) {
      failure = toHansaError(controller.signal.aborted ? controller.signal.reason : error)
      if (failure.code === 'INTERNAL')
        this.#deps.log.error({ err: failure.cause ?? failure, method: methodId, peer: served.remote.peer }, 'a call failed inside')
    }
    cancelTimer?.()
    call?.finish()
    const told = await this.#tellEnd(served.channel, failure, call?.trailer)
    served.call = undefined
    this.#onCallEnd?.()
    return told && input.drain(this.#deps.clock)
  }

  /** Sends the trailer; false when nobody takes it. */
  async #tellEnd(channel: Channel, failure: HansaError | undefined, trailer: Uint8Array | undefined): Promise<boolean> {
    // A caller that does not read must not hold the call's place beyond its time.
    const cancel = this.#deps.clock.after(DRAIN_MS, () => channel.abort())
    try {
      await channel.write(trailerFrame(failure?.at(this.#name()), trailer))
      return true
    } catch {
      return false // The caller is gone.
    } finally {
      cancel()
    }
  }

  #lookUp(open: CallOpen, protocol: Protocol): { method: Method; handler: AnyHandler } {
    const method = METHODS.get(open.method)
    const handler = this.#handlers.get(open.method)
    if (method === undefined || handler === undefined || method.protocol !== protocol)
      throw new HansaError('METHOD_NOT_FOUND', `this node does not serve ${JSON.stringify(open.method.slice(0, 100))}`)
    return { method, handler }
  }

  async #refuse(channel: Channel, error: HansaError): Promise<void> {
    if (error.code === 'INTERNAL') this.#deps.log.error({ err: error.cause ?? error, peer: channel.peer }, 'a stream failed inside')
    else this.#deps.log.debug({ code: error.code, reason: error.message, peer: channel.peer }, 'a stream was refused')
    try {
      await channel.write(trailerFrame(error.at(this.#name())))
      await this.#linger(channel)
    } catch {
      channel.abort(error) // Gone already.
    }
  }

  /** Ends our side, and gives the other time to read why before the reset: a reset may overtake what was sent before it. */
  async #linger(channel: Channel): Promise<void> {
    await channel.close()
    const cancel = this.#deps.clock.after(DRAIN_MS, () => channel.abort())
    channel.onClose(() => cancel())
  }

  #name(): string {
    return this.#deps.identities.self()?.spiffeId ?? this.#deps.peer
  }
}

/** A caller may wait for long, but a stranger costs nothing and would hold its place for as long as it is let. */
function longest(method: Method): number {
  return method.callers.from === 'anyone' ? method.timeoutMs : MAX_DEADLINE_MS
}

async function run(method: Method, handler: AnyHandler, call: ServerCall): Promise<void> {
  if (handler.kind === 'stream') await handler.run(call)
  else if (method.kind === 'unary') await call.runUnary(method, handler.run)
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
