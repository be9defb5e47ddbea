import type { FastifyReply } from 'fastify'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { type JsonRpcId, renderFailure } from '../../wire/binding/a2a-jsonrpc-server.ts'
import { renderRestError } from '../../wire/binding/a2a-rest-server.ts'
import type { A2aVersion } from '../../wire/binding/a2a-version.ts'
import { ERROR_STATUS } from '../../wire/binding/error-status.ts'

/** Content types of the REST binding. */
export const REST_TYPES: Readonly<Record<A2aVersion, string>> = { '1.0': 'application/a2a+json', '0.3': 'application/json' }

/** Answers with a JSON-RPC error and the HTTP status of its kind. */
export function replyJsonRpcError(reply: FastifyReply, id: JsonRpcId, error: HansaError, version: A2aVersion = '1.0', jsonRpc?: number): FastifyReply {
  return head(reply, error)
    .type('application/json')
    .send(renderFailure(id, error, jsonRpc, version))
}

/** Answers with the error in the form of A2A's REST binding. */
export function replyRestError(reply: FastifyReply, error: HansaError, version: A2aVersion): FastifyReply {
  return head(reply, error).code(ERROR_STATUS[error.code].rest).type(REST_TYPES[version]).send(renderRestError(error, version))
}

/** Answers with the error of a path that is no binding's, in the same form (google.rpc.Status as JSON). */
export function replyError(reply: FastifyReply, error: HansaError): FastifyReply {
  return head(reply, error).code(ERROR_STATUS[error.code].rest).type('application/json').send(renderRestError(error))
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
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new HansaError('CONTENT_TYPE_NOT_SUPPORTED', 'the body must be application/json or application/a2a+json', {}, thrown)
  if (code === 'FST_ERR_BAD_URL' || code === 'FST_ERR_MAX_PARAM_LENGTH') return new HansaError('MALFORMED', 'the path cannot be read', {}, thrown)
  if (typeof code === 'string' && code.startsWith('FST_ERR_CTP')) return new HansaError('MALFORMED', 'the body cannot be read', {}, thrown)
  return toHansaError(thrown)
}

/** The largest message that the network carries (wire/methods.ts: relay). */
export const MAX_BODY = 16 * 1024 * 1024
