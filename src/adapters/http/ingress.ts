import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Clock } from '../../ports/clock.ts'
import type { GatewayDoor } from '../../ports/gateway-door.ts'
import type { Log } from '../../ports/log.ts'
import { HansaError } from '../../schema/errors.ts'
import { type AuthorityDocuments, authorityRoutes } from './authority-routes.ts'
import { type Clients, identify } from './client-identity.ts'
import { documentRoutes } from './document-routes.ts'
import { fromHttpLibrary, MAX_BODY, replyError } from './error-reply.ts'
import { jsonRpcRoute } from './jsonrpc-route.ts'
import { parseListen, urlOf } from './listen-address.ts'

export interface IngressDeps {
  readonly door: GatewayDoor
  readonly clock: Clock
  readonly log: Log
  /** Own verified identity; undefined before enrolment. */
  readonly self: () => { readonly spiffeId: string; readonly domain: string } | undefined
  /** host:port; port 0 means any free one. */
  readonly listen: string
  /** Base URL that others use, without a slash at the end; from `listen` when absent. */
  readonly announce?: string
  readonly clients: Clients
  /** Version of this software, for the gateway's card. */
  readonly version: string
  /** Where the node has the ACA role. */
  readonly aca?: AuthorityDocuments
  /** How long open calls may go on when the ingress stops, in milliseconds. */
  readonly drainMs?: number
}

export interface Ingress {
  /** Resolves with the base URL. Throws PORT_TAKEN, CONFIG_INVALID. */
  start(): Promise<string>
  stop(): Promise<void>
  /** Base URL under which clients reach this gateway; undefined before start. */
  readonly address: string | undefined
}

/** The gateway's HTTP door for clients that know nothing of Hansa (CONTRACT: gateway ingress). */
export function createIngress(deps: IngressDeps): Ingress {
  const open = new Set<AbortController>()
  let app: FastifyInstance | undefined
  let base: string | undefined

  async function start(): Promise<string> {
    const listen = parseListen(deps.listen)
    app = createServer()
    try {
      await app.listen(listen)
    } catch (thrown) {
      throw portError(thrown, deps.listen)
    }
    const { port } = app.server.address() as AddressInfo
    base = deps.announce?.replace(/\/+$/, '') ?? urlOf({ host: listen.host, port })
    return base
  }

  function createServer(): FastifyInstance {
    const server = Fastify({
      bodyLimit: MAX_BODY,
      // Time for a client to send its whole request: 16 MiB at 1 Mbit/s. Answers may take as long as the agent works.
      requestTimeout: 120_000,
      forceCloseConnections: true,
      // A handle is a name of 63 and a domain of 253 characters.
      routerOptions: { maxParamLength: 320 }
    })
    // Sockets cost memory even when they say nothing.
    server.server.maxConnections = 10_000
    server.removeAllContentTypeParsers()
    server.addContentTypeParser(['application/json', 'application/a2a+json'], { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    server.setNotFoundHandler((_request, reply) => replyError(reply, new HansaError('NOT_FOUND', 'there is nothing at this path')))
    server.setErrorHandler((thrown, _request, reply) => {
      const error = fromHttpLibrary(thrown)
      if (error.code === 'INTERNAL') deps.log.error({ err: thrown }, 'a request failed')
      return replyError(reply, error)
    })
    const who = (request: { raw: Parameters<typeof identify>[0] }): ReturnType<typeof identify> => identify(request.raw, deps.self(), deps.clients)
    jsonRpcRoute(server, { door: deps.door, clock: deps.clock, identify: who, open })
    documentRoutes(server, { door: deps.door, self: deps.self, version: deps.version, base: () => base ?? '', identify: who })
    if (deps.aca !== undefined) authorityRoutes(server, deps.aca)
    return server
  }

  return {
    start,
    async stop() {
      const server = app
      app = undefined
      if (server === undefined) return
      await drained(deps.drainMs ?? 3_000)
      await server.close()
    },
    get address() {
      return base
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

function portError(thrown: unknown, listen: string): unknown {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  if (code === 'EADDRINUSE') return new HansaError('PORT_TAKEN', `somebody listens at ${listen} already`, { listen }, thrown)
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL')
    return new HansaError('CONFIG_INVALID', `this machine cannot listen at ${listen} (${code})`, { listen }, thrown)
  return thrown
}
