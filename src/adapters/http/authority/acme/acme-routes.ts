import type { FastifyInstance } from 'fastify'
import type { AuthorityRouteDeps } from '../authority-deps.ts'
import { accountRoutes } from './account-routes.ts'
import { keyChangeRoute } from './key-change-route.ts'
import { createNonces } from './nonces.ts'
import { orderRoutes } from './order-routes.ts'
import { AcmeProblem, toProblem } from './problem.ts'
import { renewalInfoRoute } from './renewal-info.ts'
import { revokeRoute } from './revoke-route.ts'
import { createDoorkeeper } from './doorkeeper.ts'
import { createAcmeState } from './state.ts'

/** Longest request: a CSR of 8 KiB in two layers of base64 has less. */
const MAX_ACME_BODY = 64 * 1024

/**
 * ACME (RFC 8555) over TLS, for certbot, lego and their like. An account is bound to a voucher (external account binding, 7.3.4), which says what it may have; so authorizations
 * are valid at birth, orders are ready at once, and there are no challenges.
 */
export function acmeRoutes(app: FastifyInstance, deps: AuthorityRouteDeps): void {
  const { clock, store, channel, log } = deps
  const nonces = createNonces(clock)
  const state = createAcmeState(store, clock)
  const doorkeeper = createDoorkeeper({ nonces, state, channel, clock })
  const context = { ...deps, state, doorkeeper }

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/jose+json', { parseAs: 'string', bodyLimit: MAX_ACME_BODY }, (_request, body, done) => done(null, body))
  app.setErrorHandler((thrown, request, reply) => {
    const problem = toProblem(thrown)
    if (problem.type === 'serverInternal') log.error({ err: thrown }, 'a request to ACME failed')
    else log.debug({ path: request.url.slice(0, 200), type: problem.type, reason: problem.message }, 'a request to ACME was refused')
    return reply.code(problem.status).headers(problem.headers).type('application/problem+json').send(JSON.stringify(problem.document))
  })
  app.addHook('onRequest', async (request, reply) => {
    const { base, secure } = channel(request)
    if (!secure) throw new AcmeProblem(403, 'unauthorized', 'ACME is spoken over TLS only: use https')
    reply.header('link', `<${base}/acme/directory>;rel="index"`)
  })
  app.addHook('onSend', async (request, reply) => {
    reply.header('cache-control', reply.getHeader('cache-control') ?? 'no-store')
    // One for the next request, also after an error (RFC 8555 6.5).
    if (request.method === 'POST' || request.url.startsWith('/acme/new-nonce')) reply.header('replay-nonce', nonces.make())
  })

  app.get('/acme/directory', (request, reply) => {
    const at = (path: string): string => `${channel(request).base}/acme/${path}`
    return reply.type('application/json').send(
      JSON.stringify({
        newNonce: at('new-nonce'),
        newAccount: at('new-account'),
        newOrder: at('new-order'),
        revokeCert: at('revoke-cert'),
        keyChange: at('key-change'),
        renewalInfo: at('renewal-info'),
        meta: { externalAccountRequired: true }
      })
    )
  })
  app.head('/acme/new-nonce', (_request, reply) => reply.code(200).send())
  app.get('/acme/new-nonce', { exposeHeadRoute: false }, (_request, reply) => reply.code(204).send())

  for (const routes of [accountRoutes, keyChangeRoute, orderRoutes, revokeRoute, renewalInfoRoute]) routes(app, context)
}
