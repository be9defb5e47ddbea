import type { FastifyInstance } from 'fastify'
import { HansaError } from '../../schema/errors.ts'
import { replyError } from './error-reply.ts'

/** The trust bundle of the domain for SPIFFE implementations (draft 2.2: trust between domains). Public, as roots are. */
export function bundleRoute(app: FastifyInstance, json: () => string | undefined): void {
  app.get('/aca/bundle.json', (_request, reply) => {
    const bundle = json()
    if (bundle === undefined) return replyError(reply, new HansaError('NOT_FOUND', 'this node has no trust bundle yet'))
    return reply.type('application/json').header('cache-control', 'public, max-age=60').send(bundle)
  })
}
