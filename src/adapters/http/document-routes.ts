import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { GatewayDoor, Principal } from '../../ports/gateway-door.ts'
import { HansaError } from '../../schema/errors.ts'
import { fromHttpLibrary, replyError } from './error-reply.ts'
import { aiCatalog, gatewayCard, jsonRpcUrl } from './gateway-documents.ts'
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
      return sendDocument(request, reply, serveCard(card, jsonRpcUrl(deps.base(), request.params.handle)), 'private, max-age=60')
    } finally {
      release()
    }
  })
}

/** With an ETag, so that a client which asks again costs a few bytes. */
function sendDocument(request: FastifyRequest, reply: FastifyReply, body: string, cache: string, type = 'application/json'): FastifyReply {
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`
  reply.header('etag', etag).header('cache-control', cache)
  if (request.headers['if-none-match'] === etag) return reply.code(304).send()
  return reply.type(type).send(body)
}
