import type { FastifyReply } from 'fastify'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { type JsonRpcId, renderFailure } from '../../wire/binding/a2a-jsonrpc-server.ts'
import { renderError } from '../../wire/binding/error-info.ts'
import { ERROR_STATUS } from '../../wire/binding/error-status.ts'

/** Answers with a JSON-RPC error and the HTTP status of its kind. */
export function replyJsonRpcError(reply: FastifyReply, id: JsonRpcId, error: HansaError, jsonRpc?: number): FastifyReply {
  return head(reply, error)
    .type('application/json')
    .send(renderFailure(id, error, jsonRpc))
}

/** Answers with the error in the form of A2A's REST binding (google.rpc.Status as JSON). */
export function replyError(reply: FastifyReply, error: HansaError): FastifyReply {
  const { message, data } = renderError(error)
  const { rest: code, grpc: status } = ERROR_STATUS[error.code]
  return head(reply, error)
    .code(code)
    .type('application/json')
    .send(JSON.stringify({ error: { code, status, message, details: data } }))
}

function head(reply: FastifyReply, error: HansaError): FastifyReply {
  if (error.code === 'RATE_LIMITED') reply.header('retry-after', Math.max(1, Math.ceil(Number(error.metadata['retryAfterMs'] ?? 1000) / 1000)))
  if (error.code === 'TOO_MANY_CALLS' || error.code === 'OVERLOADED') reply.header('retry-after', 1)
  // There is no registered scheme for client certificates; the challenge names what is wanted.
  if (ERROR_STATUS[error.code].rest === 401) reply.header('www-authenticate', 'Certificate realm="hansa"')
  return reply.code(ERROR_STATUS[error.code].http)
}

/** What the HTTP library itself refuses, in our codes. */
export function fromHttpLibrary(thrown: unknown): HansaError {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new HansaError('FRAME_TOO_LARGE', 'the request is too large', { bound: MAX_BODY }, thrown)
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new HansaError('CONTENT_TYPE_NOT_SUPPORTED', 'the body must be application/json', {}, thrown)
  if (typeof code === 'string' && code.startsWith('FST_ERR_CTP')) return new HansaError('MALFORMED', 'the body cannot be read', {}, thrown)
  return toHansaError(thrown)
}

/** The largest message that the network carries (wire/methods.ts: relay). */
export const MAX_BODY = 16 * 1024 * 1024
