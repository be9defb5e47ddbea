import type { Message } from '@bufbuild/protobuf'
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { parseHandle } from '../../core/ids/agent-id.ts'
import { quote } from '../../core/ids/domain.ts'
import type { Clock } from '../../ports/clock.ts'
import type { GatewayDoor, Principal } from '../../ports/gateway-door.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { type A2aVersion, a2aVersionOf } from '../../wire/binding/a2a-version.ts'
import type { Operation } from '../../wire/operations.ts'
import { readCallHeaders } from './call-headers.ts'
import { fromHttpLibrary } from './error-reply.ts'
import { createEventStream } from './event-stream.ts'

/** Proxies give up on a silent stream after 30 to 60 s. */
const KEEP_ALIVE_MS = 15_000

export interface CallRouteDeps {
  readonly door: GatewayDoor
  readonly clock: Clock
  /** Throws UNAUTHENTICATED. */
  readonly identify: (request: FastifyRequest) => Principal
  /** Calls open now; the server ends them when it stops. */
  readonly open: Set<AbortController>
}

/** A request that has been read, and how its answers are written. */
export interface ReadCall {
  readonly operation: Operation
  readonly message: Message
  /** Content type of a unary answer. */
  readonly type: string
  /** A unary answer, or one event of a stream. */
  render(response: Message): string
  /** An error that comes after the first event. */
  renderError(error: HansaError): { readonly data: string; readonly event?: string }
  /** An error before. */
  refuse(reply: FastifyReply, error: HansaError): FastifyReply
}

/** What one binding over HTTP does its own way. */
export interface CallBinding {
  readonly methods: HTTPMethods[]
  /** Path with the parameter `handle`. */
  readonly url: string
  /** Answers itself where the request is none. */
  read(request: FastifyRequest<Route>, reply: FastifyReply, version: A2aVersion): ReadCall | FastifyReply
  /** An error before the request has been read. `version`: what the client speaks, where it says so intelligibly. */
  refuse(reply: FastifyReply, error: HansaError, version: A2aVersion): FastifyReply
}

export type Route = { Params: { handle: string } }

/**
 * Calls to an agent over HTTP, whatever the binding: first half of the translation of protocols (draft 2.5, 3.3.2), out of the sender's format into the canonical
 * message. Who may not call is refused before the body is read; a client that goes away aborts its call; a stream is no faster than its reader.
 */
export function callRoute(app: FastifyInstance, deps: CallRouteDeps, binding: CallBinding): void {
  const admitted = new WeakMap<FastifyRequest, { readonly principal: Principal; readonly version: A2aVersion }>()

  app.route<Route>({
    method: binding.methods,
    url: binding.url,
    exposeHeadRoute: false,
    onRequest: (request, reply, done) => {
      const principal = deps.identify(request)
      const release = deps.door.admit(principal, 'call')
      reply.raw.once('close', release)
      admitted.set(request, { principal, version: a2aVersionOf(versionOf(request)) })
      done()
    },
    errorHandler: (thrown, request, reply) => void binding.refuse(reply, fromHttpLibrary(thrown), lenientVersion(request)),
    handler: async (request, reply) => {
      const caller = admitted.get(request)
      if (caller === undefined) throw new HansaError('UNAUTHENTICATED', 'the request was not admitted')
      const call = binding.read(request, reply, caller.version)
      if (!('operation' in call)) return call
      const life = new AbortController()
      deps.open.add(life)
      reply.raw.once('close', () => {
        deps.open.delete(life)
        life.abort(new HansaError('CANCELED', 'the client went away'))
      })
      return answer(deps, caller.principal, request, reply, call, life.signal)
    }
  })
}

async function answer(
  deps: CallRouteDeps,
  principal: Principal,
  request: FastifyRequest<Route>,
  reply: FastifyReply,
  call: ReadCall,
  signal: AbortSignal
): Promise<FastifyReply> {
  const { operation, message } = call
  try {
    const target = targetOf(request.params.handle)
    const responses = deps.door.call({ principal, target, operation, message, signal, ...readCallHeaders(request.headers) })
    if (operation.streaming) return await streamEvents(deps.clock, reply, responses, call, signal)
    let body: string | undefined
    // To its end, though one answer is all that comes: a call that is left early is cut, and its streams with it.
    for await (const response of responses) body = call.render(response)
    return reply.type(call.type).send(body)
  } catch (thrown) {
    return call.refuse(reply, toHansaError(thrown))
  }
}

/** An error before the first event is an ordinary answer, with its HTTP status; later it is the last event. */
async function streamEvents(clock: Clock, reply: FastifyReply, responses: AsyncIterable<Message>, call: ReadCall, signal: AbortSignal): Promise<FastifyReply> {
  const stream = createEventStream(reply.raw)
  const begin = (): void => {
    if (!reply.sent) reply.hijack()
  }
  const stop = clock.every(KEEP_ALIVE_MS, () => {
    begin()
    stream.keepAlive()
  })
  try {
    for await (const response of responses) {
      const data = call.render(response)
      begin()
      await stream.send(data, signal)
    }
    begin()
  } catch (thrown) {
    if (!stream.started) throw thrown
    const { data, event } = call.renderError(toHansaError(thrown))
    if (!signal.aborted || !reply.raw.destroyed) await stream.send(data, AbortSignal.abort(), event).catch(() => undefined)
  } finally {
    stop()
  }
  stream.end()
  return reply
}

/** A name that cannot be an agent's is an agent that does not exist. */
function targetOf(handle: string): string {
  try {
    parseHandle(handle)
    return handle
  } catch (cause) {
    throw new HansaError('AGENT_NOT_FOUND', `no agent has the handle ${quote(handle)}`, { agent: handle.slice(0, 80) }, cause)
  }
}

/** As header or query parameter (A2A 3.6). */
function versionOf(request: FastifyRequest): string | undefined {
  const header = request.headers['a2a-version']
  if (header !== undefined) return String(header)
  const query = (request.query as Readonly<Record<string, unknown>>)['A2A-Version']
  return typeof query === 'string' ? query : undefined
}

/** For the form of an error: a version that is not spoken is told in the newest. */
function lenientVersion(request: FastifyRequest): A2aVersion {
  try {
    return a2aVersionOf(versionOf(request))
  } catch {
    return '1.0'
  }
}
