import type { Clock } from '../../ports/clock.ts'
import type { Identities } from '../../ports/identity.ts'
import type { Log } from '../../ports/log.ts'
import type { Channel, Frame } from '../../ports/network.ts'
import type { Admission } from '../../ports/rpc.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { type CallOpen, CallOpenSchema } from '../../schema/generated/hansa/v1/call_pb.ts'
import { decode } from '../../wire/decode.ts'
import { type Method, methods, type Protocol } from '../../wire/methods.ts'
import { DRAIN_BYTES, DRAIN_MS, MAX_CALLS, MAX_DEADLINE_MS } from './bounds.ts'
import { CallInput } from './call-input.ts'
import { authorize } from './callers.ts'
import type { Remote } from './hello.ts'
import { ByteBudget } from '../../core/structures/byte-budget.ts'
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
export interface Served {
  readonly channel: Channel
  readonly remote: Pick<Remote, 'peer' | 'identity' | 'require' | 'stands' | 'reconsider'>
  /** The call that runs, if any: it is told when the stream ends. */
  call: AbortController | undefined
}

/** The calls that this node serves: who may, for how long, with how much, and what becomes of them. */
export class Calls {
  readonly #deps: ServerDeps
  readonly #handlers = new Map<string, AnyHandler>()
  readonly #memory = new ByteBudget()
  /** Handlers that run, also those whose call is over. */
  #running = 0

  constructor(deps: ServerDeps) {
    this.#deps = deps
  }

  register(method: Method, handler: AnyHandler): void {
    if (this.#handlers.has(method.id)) throw new HansaError('INTERNAL', `two handlers for ${method.id}`)
    this.#handlers.set(method.id, handler)
  }

  /** Serves one call; true when the stream can carry another. `ended` is called when the caller has been told, before the rest of its request is dropped. */
  async serve(served: Served, protocol: Protocol, frame: Frame, ended: () => void): Promise<boolean> {
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
      if (this.#running >= MAX_CALLS) throw new HansaError('OVERLOADED', `${MAX_CALLS} calls are running`, { bound: MAX_CALLS })
      const release = this.#deps.admission.admit(method, caller)
      this.#running++
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
      const settled = () => {
        this.#running--
        memory.release()
        release()
      }
      work.then(settled, settled)
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
    ended()
    return told && input.drain(this.#deps.clock)
  }

  /** Sends the trailer; false when nobody takes it. */
  async #tellEnd(channel: Channel, failure: HansaError | undefined, trailer: Uint8Array | undefined): Promise<boolean> {
    // A caller that does not read must not hold the call's place beyond its time.
    const cancel = this.#deps.clock.after(DRAIN_MS, () => channel.abort())
    try {
      await channel.write(trailerFrame(failure?.at(nameOf(this.#deps)), trailer))
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
}

/** This node in errors. */
export function nameOf({ identities, peer }: Pick<ServerDeps, 'identities' | 'peer'>): string {
  return identities.self()?.spiffeId ?? peer
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
