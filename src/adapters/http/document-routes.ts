import type { JsonObject } from '@bufbuild/protobuf'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { parseHandle } from '../../core/ids/agent-id.ts'
import { quote } from '../../core/ids/domain.ts'
import type { Clock } from '../../ports/clock.ts'
import type { GatewayDoor, Principal } from '../../ports/gateway-door.ts'
import { HansaError } from '../../schema/errors.ts'
import { A2A_VERSION } from '../../wire/binding/a2a-version.ts'
import { cardTo03 } from '../../wire/binding/v03/card.ts'
import { type CardSigner, signCard } from './card-signature.ts'
import { fromHttpLibrary, replyError } from './error-reply.ts'
import { aiCatalog, gatewayCard } from './gateway-documents.ts'
import { interfacesOf, type Offer } from './offer.ts'
import { createDocumentSender } from './send-document.ts'
import { serveCard } from './served-card.ts'

export interface DocumentRouteDeps {
  readonly door: GatewayDoor
  readonly clock: Clock
  readonly self: () => { readonly spiffeId: string; readonly domain: string } | undefined
  readonly version: string
  /** Base URL for this client; never from a Host header, which the client chooses: what is served here is signed. */
  readonly base: (request: FastifyRequest) => string
  /** Bindings that cards of agents name, in order of preference. */
  readonly offers: readonly Offer[]
  /** Undefined before the gateway has a certificate. */
  readonly signer: () => CardSigner | undefined
  /** What works less well than it should. */
  readonly degraded?: () => readonly string[]
  /** Throws UNAUTHENTICATED. */
  readonly identify: (request: FastifyRequest) => Principal
}

/** Cards, catalog and health. */
export function documentRoutes(app: FastifyInstance, deps: DocumentRouteDeps): void {
  const { door } = deps
  const send = createDocumentSender(() => deps.clock.now())
  const errorHandler = (thrown: unknown, _request: FastifyRequest, reply: FastifyReply): void => void replyError(reply, fromHttpLibrary(thrown))

  function known<T>(what: T | undefined): T {
    if (what === undefined) throw new HansaError('OVERLOADED', 'the gateway has no certificate yet')
    return what
  }

  app.get('/healthz', (_request, reply) => reply.send({ status: 'ok' }))
  app.get('/readyz', (_request, reply) => {
    if (!door.ready()) return reply.code(503).send({ status: 'not ready' })
    // A node that is less well informed still serves: an ACA that is down must not take its domain out of every load balancer. Which domains it lists is nobody's business.
    const complaints = deps.degraded?.().length ?? 0
    return reply.send({ status: 'ready', ...(complaints === 0 ? {} : { degraded: `${complaints} revocation lists are missing or overdue; see hansa doctor` }) })
  })

  app.get('/.well-known/agent-card.json', { errorHandler }, (request, reply) => {
    const card = gatewayCard(deps.base(request), known(deps.self()), deps.version)
    return send(request, reply, { body: signCard(card, known(deps.signer())), cache: 'public, max-age=300' })
  })
  app.get('/.well-known/ai-catalog.json', { errorHandler }, (request, reply) => {
    const principal = deps.identify(request)
    door.admit(principal, 'discovery')()
    const body = aiCatalog(deps.base(request), known(deps.self()).domain, door.reachable(principal))
    return send(request, reply, { body, cache: 'private, max-age=5', type: 'application/ai-catalog+json' })
  })
  const route = (name: string, signed: (card: JsonObject, request: FastifyRequest) => string): void => {
    app.get<{ Params: { handle: string } }>(`/agents/:handle/.well-known/${name}`, { errorHandler }, (request, reply) => sendCard(request, reply, signed))
  }
  // Who names no version may speak 0.3 (A2A 3.6.2), and looks for its members.
  route('agent-card.json', (card, { headers }) => signCard(card, known(deps.signer()), headers['a2a-version'] === A2A_VERSION ? {} : membersOf03(card)))
  // Where older clients of 0.3 look, in their own form.
  route('agent.json', (card) => signCard(cardTo03(card), known(deps.signer())))

  async function sendCard(
    request: FastifyRequest<{ Params: { handle: string } }>,
    reply: FastifyReply,
    signed: (card: JsonObject, request: FastifyRequest) => string
  ): Promise<FastifyReply> {
    const principal = deps.identify(request)
    const release = door.admit(principal, 'call')
    const life = new AbortController()
    reply.raw.once('close', () => life.abort())
    try {
      const handle = checked(request.params.handle)
      const card = serveCard(await door.card(principal, handle, life.signal), handle, interfacesOf(deps.offers, deps.base(request), handle))
      reply.header('vary', 'a2a-version')
      return send(request, reply, { body: signed(card, request), cache: 'private, max-age=60' })
    } finally {
      release()
    }
  }
}

/** What a client of 0.3 needs of a card to call the agent; the rest has the same names in both versions. Nothing where 0.3 is not served. */
function membersOf03(card: JsonObject): JsonObject {
  let written: JsonObject
  try {
    written = cardTo03(card)
  } catch (thrown) {
    if (thrown instanceof HansaError && thrown.code === 'VERSION_NOT_SUPPORTED') return {}
    throw thrown
  }
  const { protocolVersion, url, preferredTransport, additionalInterfaces } = written
  return {
    protocolVersion: protocolVersion ?? '',
    url: url ?? '',
    preferredTransport: preferredTransport ?? '',
    additionalInterfaces: additionalInterfaces ?? []
  }
}

/** A name that cannot be an agent's is an agent that does not exist. */
function checked(handle: string): string {
  try {
    parseHandle(handle)
    return handle
  } catch (cause) {
    throw new HansaError('AGENT_NOT_FOUND', `no agent has the handle ${quote(handle)}`, { agent: handle.slice(0, 80) }, cause)
  }
}
