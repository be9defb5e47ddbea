import type { FastifyReply } from 'fastify'
import { type ErrorCode, HansaError, toHansaError } from '../../../../schema/errors.ts'
import { ERROR_STATUS } from '../../../../wire/binding/error-status.ts'

/** 8 KiB of DER in base64 with its line breaks. */
export const MAX_CSR_BODY = 16 * 1024

/** Where EST has a status of its own (RFC 7030 4.2.3); all others answer as they do elsewhere. */
const STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  APPLICATION_PENDING: 202,
  APPLICATION_REJECTED: 403,
  VOUCHER_INVALID: 401,
  UNAUTHENTICATED: 401,
  CSR_INVALID: 400,
  KEY_REFUSED: 400,
  MALFORMED: 400,
  INVALID_ARGUMENT: 400,
  NAME_TAKEN: 403,
  SCOPE_EXCEEDED: 403,
  PERMISSION_DENIED: 403,
  CERTIFICATE_REVOKED: 403,
  NOT_FOUND: 403,
  CONTENT_TYPE_NOT_SUPPORTED: 415,
  FRAME_TOO_LARGE: 413,
  OVERLOADED: 503,
  RATE_LIMITED: 429
}

/** Answers in words, as a person with curl reads them. */
export function refuseEst(reply: FastifyReply, error: HansaError): FastifyReply {
  const status = STATUS[error.code] ?? ERROR_STATUS[error.code].rest
  if (status === 401) reply.header('www-authenticate', 'Basic realm="voucher", charset="UTF-8"')
  const wait = Number(error.metadata['retryAfterMs'] ?? 1_000)
  if (status === 202 || status === 503 || status === 429) reply.header('retry-after', Math.max(1, Math.ceil(wait / 1000)))
  return reply.code(status).header('cache-control', 'no-store').type('text/plain; charset=utf-8').send(`${error.message}\n`)
}

/** Anything thrown, also by the HTTP library, in our codes. */
export function toEstError(thrown: unknown): HansaError {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new HansaError('CONTENT_TYPE_NOT_SUPPORTED', 'the body must be application/pkcs10, in base64')
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new HansaError('FRAME_TOO_LARGE', `the request has more than ${MAX_CSR_BODY} bytes`, { bound: MAX_CSR_BODY })
  if (typeof code === 'string' && code.startsWith('FST_ERR_')) return new HansaError('MALFORMED', 'the request cannot be read')
  return toHansaError(thrown)
}
