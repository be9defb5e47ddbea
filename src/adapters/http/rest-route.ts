import type { FastifyInstance } from 'fastify'
import { toHansaError } from '../../schema/errors.ts'
import { parseRestRequest, renderRestError, renderRestResponse } from '../../wire/binding/a2a-rest-server.ts'
import { callRoute, type CallRouteDeps } from './call-route.ts'
import { replyRestError, REST_TYPES } from './error-reply.ts'

/** /agents/{handle}/rest/...: A2A's HTTP+JSON binding, 1.0 and (below /v1) 0.3, unary and server-sent events. */
export function restRoute(app: FastifyInstance, deps: CallRouteDeps): void {
  callRoute(app, deps, {
    methods: ['GET', 'POST', 'DELETE'],
    url: '/agents/:handle/rest/*',
    read(request, reply, version) {
      try {
        const { path, query } = targetOf(request.raw.url ?? '')
        const body = request.body instanceof Uint8Array ? request.body : new Uint8Array()
        const { operation, message } = parseRestRequest({ method: request.method, path, query, body, version, handle: request.params.handle })
        return {
          operation,
          message,
          type: REST_TYPES[version],
          render: (response) => renderRestResponse(operation, response, version),
          // The SDKs of both versions tell an error by the name of its event.
          renderError: (error) => ({ data: renderRestError(error, version), event: 'error' }),
          refuse: (to, error) => replyRestError(to, error, version)
        }
      } catch (thrown) {
        return replyRestError(reply, toHansaError(thrown), version)
      }
    },
    refuse: replyRestError
  })
}

/** The path as it was sent: an ID may hold a slash, encoded, which the router has decoded. */
function targetOf(url: string): { path: string[]; query: URLSearchParams } {
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  return { path: path.split('/').slice(4), query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)) }
}
