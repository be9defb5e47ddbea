import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HansaError } from '../../../schema/errors.ts'
import { readAnswerDates } from '../../../wire/x509/list-dates.ts'
import { fromHttpLibrary, replyError } from '../error-reply.ts'
import type { AuthorityRouteDeps } from './authority-deps.ts'
import { decodeBase64 } from './base64-body.ts'
import { publish } from './published.ts'

const REQUEST = 'application/ocsp-request'
const ANSWER = 'application/ocsp-response'
const PATH = '/aca/ocsp'
/** A request about a dozen certificates has 1 KiB. */
const MAX_REQUEST = 16 * 1024
/** As text in the path of a GET; clients use GET up to 255 characters (RFC 5019 5). */
const MAX_PATH = 4_096

/** Status of certificates by OCSP (RFC 6960 appendix A, RFC 5019), plain HTTP included: answers are signed. */
export function ocspRoutes(app: FastifyInstance, { door, clock }: Pick<AuthorityRouteDeps, 'door' | 'clock'>): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(REQUEST, { parseAs: 'buffer', bodyLimit: MAX_REQUEST }, (_request, body, done) => done(null, body))
  app.setErrorHandler((thrown, _request, reply) => replyError(reply, worded(thrown)))

  app.post(PATH, { bodyLimit: MAX_REQUEST }, (request, reply) => {
    if (!Buffer.isBuffer(request.body)) throw wrongType()
    return reply
      .header('cache-control', 'no-store')
      .type(ANSWER)
      .send(Buffer.from(door.ocsp(new Uint8Array(request.body))))
  })
  app.get(`${PATH}/*`, (request, reply) => answerGet(request, reply))

  function answerGet(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const body = door.ocsp(fromPath(request.raw.url ?? ''))
    const dates = readAnswerDates(body)
    if (dates === undefined) return reply.header('cache-control', 'no-store').type(ANSWER).send(Buffer.from(body))
    return publish(request, reply, { body, type: ANSWER, dates }, clock.now())
  }
}

/** The rest of the path is base64, percent-encoded or not (RFC 6960 A.1): a slash belongs to it either way. */
function fromPath(url: string): Uint8Array {
  const text = url.replace(/\?.*$/s, '').slice(PATH.length + 1)
  if (text.length > MAX_PATH) throw new HansaError('FRAME_TOO_LARGE', `a request of ${text.length} characters in the path`, { bound: MAX_PATH })
  let decoded: string
  try {
    decoded = decodeURIComponent(text)
  } catch (cause) {
    throw new HansaError('MALFORMED', 'the path cannot be read', {}, cause)
  }
  return decodeBase64(decoded, 'the path')
}

function worded(thrown: unknown): HansaError {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return wrongType()
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new HansaError('FRAME_TOO_LARGE', 'the request is too large', { bound: MAX_REQUEST })
  return fromHttpLibrary(thrown)
}

function wrongType(): HansaError {
  return new HansaError('CONTENT_TYPE_NOT_SUPPORTED', `the body must be ${REQUEST}`)
}
