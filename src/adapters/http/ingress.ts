import { createServer as createHttpServer, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import type { Clock } from '../../ports/clock.ts'
import type { ClientFacts, GatewayDoor, Identify, Principal } from '../../ports/gateway-door.ts'
import type { Log } from '../../ports/log.ts'
import { HansaError } from '../../schema/errors.ts'
import type { AuthoritySettings, Channel } from './authority/authority-deps.ts'
import { authorityRoutes } from './authority/authority-routes.ts'
import { channelOf } from './authority/channel.ts'
import { bundleRoute } from './bundle-route.ts'
import { baseOf } from './base-url.ts'
import type { CardSigner } from './card-signature.ts'
import { identifyRequest } from './client-identity.ts'
import { documentRoutes } from './document-routes.ts'
import { fromHttpLibrary, MAX_BODY, replyError } from './error-reply.ts'
import { jsonRpcRoute } from './jsonrpc-route.ts'
import type { Offer } from './offer.ts'
import { createProxies, type Forwarded } from './proxies.ts'
import { pushRoute } from './push-route.ts'
import { restRoute } from './rest-route.ts'

export interface IngressDeps {
  readonly door: GatewayDoor
  readonly clock: Clock
  readonly log: Log
  /** Own verified identity; undefined before enrolment. */
  readonly self: () => { readonly spiffeId: string; readonly domain: string } | undefined
  /** Base URL under which clients reach this gateway, without a slash at the end; undefined before the port is open. */
  readonly base: () => string | undefined
  /** True when that is what the operator announces, and not merely where the port listens. */
  readonly announced?: boolean
  readonly identify: Identify
  /** IP addresses and networks of the operator's proxies: their X-Forwarded headers are believed. */
  readonly proxies?: readonly string[]
  /** Bindings that agents are served on, for their cards, in order of preference. */
  readonly offers: readonly Offer[]
  /** What cards are signed with; undefined before the gateway has a certificate. */
  readonly signer: () => CardSigner | undefined
  /** Version of this software, for the gateway's card. */
  readonly version: string
  /** Where the node has the ACA role. */
  readonly authority?: AuthoritySettings
  /** What works less well than it should, a sentence each; /readyz says so. */
  readonly degraded?: () => readonly string[]
  /** Trust bundle of the domain in SPIFFE's format, JSON; undefined while there is none. */
  readonly bundle?: () => string | undefined
  /** How long open calls may go on when the ingress stops, in milliseconds. */
  readonly drainMs?: number
}

export interface Ingress {
  start(): Promise<void>
  /** Takes a socket on which HTTP/1.1 is spoken. */
  accept(socket: Socket, client: ClientFacts): void
  stop(): Promise<void>
}

/** Longest head of a request and longest request, in milliseconds: 16 MiB at 1 Mbit/s. Answers may take as long as the agent works. */
const REQUEST_MS = 120_000
const HEAD_MS = 20_000

/** The gateway's HTTP door for clients that know nothing of Hansa (CONTRACT: gateway ingress). Its sockets come from the one port; it listens nowhere itself. */
export function createIngress(deps: IngressDeps): Ingress {
  const open = new Set<AbortController>()
  const clients = new WeakMap<object, ClientFacts>()
  const proxies = createProxies(deps.proxies ?? [])
  let app: FastifyInstance | undefined

  async function start(): Promise<void> {
    const made = createServer()
    await made.ready()
    // A server that never listens does not begin to watch for slow requests by itself.
    made.server.emit('listening')
    app = made
  }

  function createServer(): FastifyInstance {
    const server = Fastify({
      bodyLimit: MAX_BODY,
      serverFactory: (handler) => createHttpServer({ requestTimeout: REQUEST_MS, headersTimeout: HEAD_MS, keepAliveTimeout: 5_000 }, handler),
      forceCloseConnections: true,
      // What the router refuses itself: a path that cannot be decoded.
      frameworkErrors: (thrown, _request, reply) => void replyError(reply as FastifyReply, fromHttpLibrary(thrown)),
      // The token of a webhook (push-route.ts); a handle is a name of 63 and a domain of 253 characters.
      routerOptions: { maxParamLength: 800 }
    })
    server.removeAllContentTypeParsers()
    server.addContentTypeParser(['application/json', 'application/a2a+json'], { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    server.setNotFoundHandler((_request, reply) => replyError(reply, new HansaError('NOT_FOUND', 'there is nothing at this path')))
    server.setErrorHandler((thrown, _request, reply) => {
      const error = fromHttpLibrary(thrown)
      if (error.code === 'INTERNAL') deps.log.error({ err: thrown }, 'a request failed')
      return replyError(reply, error)
    })
    const factsOf = (raw: IncomingMessage): ClientFacts => clients.get(raw.socket) ?? {}
    const forwarded = (raw: IncomingMessage): Forwarded | undefined => proxies.read(raw, factsOf(raw).address)
    const own = (raw: IncomingMessage): string => baseOf(raw.socket, deps.base() ?? '', deps.announced === true)
    const identify = ({ raw }: { raw: IncomingMessage }): Principal =>
      identifyRequest(raw, factsOf(raw), deps.identify, { forwarded: forwarded(raw), ownHost: URL.parse(own(raw))?.host })
    const base = ({ raw }: { raw: IncomingMessage }): string => forwarded(raw)?.base ?? own(raw)
    const { door, clock, self, version, offers, signer } = deps
    for (const route of [jsonRpcRoute, restRoute]) route(server, { door, clock, identify, open })
    pushRoute(server, { door, open })
    documentRoutes(server, { door, clock, self, version, offers, signer, base, identify, degraded: deps.degraded })
    const channel = ({ raw }: { raw: IncomingMessage }): Channel =>
      channelOf(raw.socket, factsOf(raw), { announced: deps.base() ?? '', forwarded: forwarded(raw) })
    if (deps.authority !== undefined) authorityRoutes(server, { ...deps.authority, clock, log: deps.log, channel }, deps.authority)
    if (deps.bundle !== undefined) bundleRoute(server, deps.bundle)
    return server
  }

  return {
    start,
    accept(socket, client) {
      if (app === undefined) {
        socket.destroy()
        return
      }
      clients.set(socket, client)
      app.server.emit('connection', socket)
    },
    async stop() {
      const server = app
      app = undefined
      if (server === undefined) return
      await drained(deps.drainMs ?? 3_000)
      // Ends the watch for slow requests; there is no listener that it could close.
      server.server.close()
      server.server.closeAllConnections()
      await server.close()
    }
  }

  /** Resolves when no call is open, or when those that were have had their time and have been told. */
  async function drained(ms: number): Promise<void> {
    for (let waited = 0; open.size > 0 && waited < ms; waited += 50) await new Promise<void>((resolve) => deps.clock.after(50, resolve))
    for (const life of open) life.abort(new HansaError('OVERLOADED', 'the gateway is stopping'))
    // A turn for the answers that say so.
    if (open.size > 0) await new Promise<void>((resolve) => setImmediate(resolve))
  }
}
