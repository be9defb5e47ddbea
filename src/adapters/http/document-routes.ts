import { createHash } from 'node:crypto'
import { fromJson, type JsonValue } from '@bufbuild/protobuf'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { GatewayDoor, Principal } from '../../ports/gateway-door.ts'
import { HansaError } from '../../schema/errors.ts'
import { type StreamResponse, StreamResponseSchema } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { traceContext } from '../../wire/trace-context.ts'
import { fromHttpLibrary, replyError } from './error-reply.ts'
import { aiCatalog, gatewayCard, facesOf } from './gateway-documents.ts'
import { serveCard } from './served-card.ts'

export interface DocumentRouteDeps {
  readonly door: GatewayDoor
  readonly self: () => { readonly spiffeId: string; readonly domain: string } | undefined
  readonly version: string
  /** Base URL, from the configuration; never from a Host header, which the client chooses. */
  readonly base: () => string
  /** Throws UNAUTHENTICATED. */
  readonly identify: (request: FastifyRequest) => Principal
}

/** Cards, catalog and health. */
export function documentRoutes(app: FastifyInstance, deps: DocumentRouteDeps): void {
  const { door } = deps
  const errorHandler = (thrown: unknown, _request: FastifyRequest, reply: FastifyReply): void => void replyError(reply, fromHttpLibrary(thrown))

  function self(): { readonly spiffeId: string; readonly domain: string } {
    const known = deps.self()
    if (known === undefined) throw new HansaError('OVERLOADED', 'the gateway has no certificate yet')
    return known
  }

  app.get('/healthz', (_request, reply) => reply.send({ status: 'ok' }))
  app.get('/readyz', (_request, reply) => (door.ready() ? reply.send({ status: 'ready' }) : reply.code(503).send({ status: 'not ready' })))

  app.get('/.well-known/agent-card.json', { errorHandler }, (request, reply) =>
    sendDocument(request, reply, gatewayCard(deps.base(), self(), deps.version), 'public, max-age=300')
  )
  app.get('/.well-known/ai-catalog.json', { errorHandler }, (request, reply) => {
    const principal = deps.identify(request)
    door.admit(principal, 'discovery')()
    const catalog = aiCatalog(deps.base(), self().domain, door.reachable(principal))
    return sendDocument(request, reply, catalog, 'private, max-age=5', 'application/ai-catalog+json')
  })
  app.get<{ Params: { handle: string } }>('/agents/:handle/.well-known/agent-card.json', { errorHandler }, async (request, reply) => {
    const principal = deps.identify(request)
    const release = door.admit(principal, 'call')
    const life = new AbortController()
    reply.raw.once('close', () => life.abort())
    try {
      const card = await door.card(principal, request.params.handle, life.signal)
      return sendDocument(request, reply, serveCard(card, facesOf(deps.base(), request.params.handle)), 'private, max-age=60')
    } finally {
      release()
    }
  })

  // What an agent posts here was meant for a webhook of a client. The token is the proof; nobody has to say who posts.
  app.post<{ Params: { handle: string; token: string } }>('/agents/:handle/push/:token', { errorHandler, bodyLimit: MAX_EVENT }, async (request, reply) => {
    const life = new AbortController()
    reply.raw.once('close', () => life.abort())
    const { traceparent } = traceContext(request.headers['traceparent'], request.headers['tracestate'])
    await door.notify(request.params.handle, request.params.token, eventOf(request.body), { signal: life.signal, traceparent })
    return reply.send({})
  })
}

/** The largest event that one gateway tells another (wire/methods.ts: notify), with room for its other fields. */
const MAX_EVENT = 3 * 1024 * 1024

/** An agent may be newer than we are: fields that we do not know are left out. Throws INVALID_ARGUMENT. */
function eventOf(body: unknown): StreamResponse {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body instanceof Uint8Array ? body : new Uint8Array())
    return fromJson(StreamResponseSchema, JSON.parse(text) as JsonValue, { ignoreUnknownFields: true })
  } catch (cause) {
    throw new HansaError('INVALID_ARGUMENT', 'an event of a task (StreamResponse) is wanted', {}, cause)
  }
}

/** With an ETag, so that a client which asks again costs a few bytes. */
function sendDocument(request: FastifyRequest, reply: FastifyReply, body: string, cache: string, type = 'application/json'): FastifyReply {
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`
  reply.header('etag', etag).header('cache-control', cache)
  if (request.headers['if-none-match'] === etag) return reply.code(304).send()
  return reply.type(type).send(body)
}
