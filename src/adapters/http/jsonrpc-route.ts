import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { parseHandle } from '../../core/ids/agent-id.ts'
import { quote } from '../../core/ids/domain.ts'
import type { Clock } from '../../ports/clock.ts'
import type { GatewayDoor, Principal } from '../../ports/gateway-door.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { type ParsedCall, parseCall, renderFailure, renderResult } from '../../wire/binding/a2a-jsonrpc-server.ts'
import { checkVersion } from '../../wire/binding/a2a-version.ts'
import { traceContext } from '../../wire/trace-context.ts'
import { fromHttpLibrary, replyJsonRpcError } from './error-reply.ts'
import { createEventStream } from './event-stream.ts'

/** Proxies give up on a silent stream after 30 to 60 s. */
const KEEP_ALIVE_MS = 15_000

/** Longest deadline that the network carries (call.proto), in milliseconds. */
const MAX_TIMEOUT_MS = 3_600_000

export interface JsonRpcRouteDeps {
  readonly door: GatewayDoor
  readonly clock: Clock
  /** Throws UNAUTHENTICATED. */
  readonly identify: (request: FastifyRequest) => Principal
  /** Calls open now; the server ends them when it stops. */
  readonly open: Set<AbortController>
}

type Route = { Params: { handle: string } }

/**
 * POST /agents/{handle}/jsonrpc: A2A 1.0 JSON-RPC, unary and server-sent events. First half of the translation of protocols (draft 2.5, 3.3.2): out of the
 * sender's format into the canonical message.
 */
export function jsonRpcRoute(app: FastifyInstance, deps: JsonRpcRouteDeps): void {
  const principals = new WeakMap<FastifyRequest, Principal>()

  app.route<Route>({
    method: 'POST',
    url: '/agents/:handle/jsonrpc',
    // Before the body is read: who may not call costs no memory.
    onRequest: (request, reply, done) => {
      const principal = deps.identify(request)
      const release = deps.door.admit(principal, 'call')
      reply.raw.once('close', release)
      principals.set(request, principal)
      checkVersion(versionOf(request))
      done()
    },
    errorHandler: (thrown, _request, reply) => void replyJsonRpcError(reply, null, fromHttpLibrary(thrown)),
    handler: async (request, reply) => {
      const principal = principals.get(request)
      if (principal === undefined) throw new HansaError('UNAUTHENTICATED', 'the request was not admitted')
      const parsed = parseCall(request.body instanceof Uint8Array ? request.body : new Uint8Array())
      if (!parsed.ok) return replyJsonRpcError(reply, parsed.id, parsed.error, parsed.jsonRpc)
      const life = new AbortController()
      deps.open.add(life)
      reply.raw.once('close', () => {
        deps.open.delete(life)
        life.abort(new HansaError('CANCELED', 'the client went away'))
      })
      return answer(deps, principal, request, reply, parsed, life.signal)
    }
  })
}

async function answer(
  deps: JsonRpcRouteDeps,
  principal: Principal,
  request: FastifyRequest<Route>,
  reply: FastifyReply,
  parsed: ParsedCall & { ok: true },
  signal: AbortSignal
): Promise<FastifyReply> {
  const { id, operation, message } = parsed
  try {
    const responses = deps.door.call({ principal, target: targetOf(request.params.handle), operation, message, signal, ...optionsOf(request) })
    const render = (response: Parameters<typeof renderResult>[2]): string => renderResult(id, operation, response)
    if (operation.streaming) return await streamEvents(deps.clock, reply, map(responses, render), (error) => renderFailure(id, error), signal)
    let body: string | undefined
    // To its end, though one answer is all that comes: a call that is left early is cut, and its streams with it.
    for await (const response of responses) body = render(response)
    return reply.type('application/json').send(body)
  } catch (thrown) {
    return replyJsonRpcError(reply, id, toHansaError(thrown))
  }
}

/** An error before the first event is an ordinary answer, with its HTTP status; later it is the last event. */
async function streamEvents(
  clock: Clock,
  reply: FastifyReply,
  events: AsyncIterable<string>,
  renderError: (error: HansaError) => string,
  signal: AbortSignal
): Promise<FastifyReply> {
  const stream = createEventStream(reply.raw)
  const stop = clock.every(KEEP_ALIVE_MS, () => {
    if (!reply.sent) reply.hijack()
    stream.keepAlive()
  })
  try {
    for await (const event of events) {
      if (!reply.sent) reply.hijack()
      await stream.send(event, signal)
    }
    if (!reply.sent) reply.hijack()
  } catch (thrown) {
    if (!stream.started) throw thrown
    if (!signal.aborted || !reply.raw.destroyed) await stream.send(renderError(toHansaError(thrown)), AbortSignal.abort()).catch(() => undefined)
  } finally {
    stop()
  }
  stream.end()
  return reply
}

async function* map<T, U>(source: AsyncIterable<T>, fn: (item: T) => U): AsyncGenerator<U, void, undefined> {
  for await (const item of source) yield fn(item)
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

function optionsOf({ headers }: FastifyRequest<Route>): { extensions: string[]; timeoutMs?: number; traceparent?: string; tracestate?: string } {
  const timeout = Number(headers['request-timeout-ms'])
  return {
    extensions: String(headers['a2a-extensions'] ?? '')
      .split(',')
      .map((uri) => uri.trim())
      .filter((uri) => uri !== ''),
    timeoutMs: Number.isInteger(timeout) && timeout > 0 ? Math.min(timeout, MAX_TIMEOUT_MS) : undefined,
    ...traceContext(headers['traceparent'], headers['tracestate'])
  }
}
