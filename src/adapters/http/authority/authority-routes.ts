import type { FastifyInstance } from 'fastify'
import { acmeRoutes } from './acme/acme-routes.ts'
import type { AuthorityRouteDeps, AuthoritySettings } from './authority-deps.ts'
import { estRoutes } from './est/est-routes.ts'
import { ocspRoutes } from './ocsp-routes.ts'
import { publishedRoutes } from './published-routes.ts'

/** What an ACA offers clients that know nothing of Hansa (draft 2.2, 3.1): its documents, OCSP, EST and ACME. */
export function authorityRoutes(app: FastifyInstance, deps: AuthorityRouteDeps, offered: Pick<AuthoritySettings, 'est' | 'acme'>): void {
  publishedRoutes(app, deps)
  // Each in a scope of its own: they have content types and forms of errors of their own.
  void app.register((scope, _options, done) => {
    ocspRoutes(scope, deps)
    done()
  })
  if (offered.est)
    void app.register((scope, _options, done) => {
      estRoutes(scope, deps)
      done()
    })
  if (offered.acme)
    void app.register((scope, _options, done) => {
      acmeRoutes(scope, deps)
      done()
    })
}
