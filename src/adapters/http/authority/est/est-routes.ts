import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Applicant, Outcome } from '../../../../ports/authority-door.ts'
import { HansaError } from '../../../../schema/errors.ts'
import { writeCertsOnly } from '../../../../wire/x509/certs-only.ts'
import type { AuthorityRouteDeps } from '../authority-deps.ts'
import { decodeBase64, encodeBase64 } from '../base64-body.ts'
import { voucherIn } from './est-credentials.ts'
import { MAX_CSR_BODY, refuseEst, toEstError } from './est-errors.ts'
import { checkSameNames } from './same-names.ts'
import { createWaiting } from './waiting.ts'

const CSR = 'application/pkcs10'
const CERTIFICATES = 'application/pkcs7-mime; smime-type=certs-only'
const PATH = '/.well-known/est'
/** CsrAttrs of nothing (RFC 7030 4.5.2): names come from the voucher, and any key of the profile will do. */
const NO_ATTRIBUTES = Uint8Array.of(0x30, 0)

/**
 * EST (RFC 7030, RFC 8951) over TLS: machines with curl and openssl enrol with a voucher as password, and enrol again with the certificate that they have. An application that waits
 * for a person answers 202; the client sends the same request again.
 */
export function estRoutes(app: FastifyInstance, deps: AuthorityRouteDeps): void {
  const { door, channel } = deps
  const waiting = createWaiting(deps)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(CSR, { parseAs: 'string', bodyLimit: MAX_CSR_BODY }, (_request, body, done) => done(null, body))
  app.setErrorHandler((thrown, _request, reply) => {
    const error = toEstError(thrown)
    if (error.code === 'INTERNAL') deps.log.error({ err: thrown }, 'a request to EST failed')
    return refuseEst(reply, error)
  })
  // Before the body is read: a voucher that came in the open is not made better by using it.
  app.addHook('onRequest', async (request) => {
    if (!channel(request).secure) throw new HansaError('PERMISSION_DENIED', 'EST is spoken over TLS only: use https')
  })

  app.get(`${PATH}/cacerts`, (_request, reply) => {
    // The issuing CAs before the roots; a CA that stands in two chains once.
    const all = [...door.signers.flatMap(({ chain }) => chain), ...door.roots()]
    const once = new Map(all.map((der) => [Buffer.from(der).toString('base64'), der]))
    return sendBase64(reply, 'application/pkcs7-mime', writeCertsOnly([...once.values()]))
  })
  app.get(`${PATH}/csrattrs`, (_request, reply) => sendBase64(reply, 'application/csrattrs', NO_ATTRIBUTES))

  app.post(`${PATH}/simpleenroll`, { bodyLimit: MAX_CSR_BODY }, async (request, reply) => {
    const { identity } = channel(request)
    const voucher = voucherIn(request.headers.authorization)
    if (voucher === undefined && identity === undefined)
      throw new HansaError('VOUCHER_INVALID', 'a voucher is wanted, as the password of HTTP Basic or as a Bearer token')
    const csr = csrIn(request)
    const applicant: Applicant = { door: 'est', ...(identity === undefined ? {} : { identity }) }
    const outcome = await waiting.resume({ csr, voucher, spiffeId: identity?.spiffeId }, () =>
      door.apply({ csr, ...(voucher === undefined ? {} : { voucher }) }, applicant)
    )
    return sendOutcome(reply, outcome)
  })

  app.post(`${PATH}/simplereenroll`, { bodyLimit: MAX_CSR_BODY }, async (request, reply) => {
    const { identity, certificate } = channel(request)
    if (identity === undefined || certificate === undefined)
      throw new HansaError('UNAUTHENTICATED', 'the certificate that is to be renewed is wanted in the TLS handshake')
    const csr = csrIn(request)
    checkSameNames(csr, certificate)
    return sendChain(reply, await door.renew(csr, { door: 'est', identity }))
  })
}

function csrIn({ body }: FastifyRequest): Uint8Array {
  if (typeof body !== 'string') throw new HansaError('CONTENT_TYPE_NOT_SUPPORTED', `the body must be ${CSR}`)
  return decodeBase64(body, 'the body')
}

function sendOutcome(reply: FastifyReply, outcome: Outcome): FastifyReply {
  if (outcome.state === 'issued') return sendChain(reply, outcome.chain)
  if (outcome.state === 'rejected') throw new HansaError('APPLICATION_REJECTED', outcome.message)
  throw new HansaError('APPLICATION_PENDING', outcome.message, { retryAfterMs: outcome.retryAfterMs })
}

/** Only the certificate itself; the CAs are at cacerts (RFC 7030 4.2.3). */
function sendChain(reply: FastifyReply, [leaf]: readonly Uint8Array[]): FastifyReply {
  if (leaf === undefined) throw new HansaError('INTERNAL', 'a chain without a certificate')
  return sendBase64(reply, CERTIFICATES, writeCertsOnly([leaf]))
}

function sendBase64(reply: FastifyReply, type: string, body: Uint8Array): FastifyReply {
  return reply.header('content-transfer-encoding', 'base64').header('cache-control', 'no-store').type(type).send(encodeBase64(body))
}
