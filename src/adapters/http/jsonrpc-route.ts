import type { FastifyInstance } from 'fastify'
import { parseCall, renderFailure, renderResult } from '../../wire/binding/a2a-jsonrpc-server.ts'
import { callRoute, type CallRouteDeps } from './call-route.ts'
import { replyJsonRpcError } from './error-reply.ts'

/** POST /agents/{handle}/jsonrpc: A2A 1.0 and 0.3 in JSON-RPC, unary and server-sent events. */
export function jsonRpcRoute(app: FastifyInstance, deps: CallRouteDeps): void {
  callRoute(app, deps, {
    methods: ['POST'],
    url: '/agents/:handle/jsonrpc',
    read(request, reply, version) {
      const parsed = parseCall(request.body instanceof Uint8Array ? request.body : new Uint8Array(), version)
      if (!parsed.ok) return replyJsonRpcError(reply, parsed.id, parsed.error, version, parsed.jsonRpc)
      const { id, operation, message } = parsed
      return {
        operation,
        message,
        type: 'application/json',
        render: (response) => renderResult(id, operation, response, version),
        renderError: (error) => ({ data: renderFailure(id, error, undefined, version) }),
        refuse: (to, error) => replyJsonRpcError(to, id, error, version)
      }
    },
    refuse: (reply, error, version) => replyJsonRpcError(reply, null, error, version)
  })
}
