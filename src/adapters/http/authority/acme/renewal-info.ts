import type { FastifyInstance } from 'fastify'
import { hex } from '../../../../core/ids/hex.ts'
import { parseCertificate } from '../../../../wire/x509/certificate.ts'
import type { AcmeContext } from './context.ts'
import { bytesOf } from './json.ts'
import { AcmeProblem } from './problem.ts'

/** Between two questions, in seconds. */
const MAX_RETRY_S = 21_600
const MIN_RETRY_S = 60

/** When a certificate should be renewed (RFC 9773): after two thirds of its life, or now when it was revoked. Public, as the standing of certificates is. */
export function renewalInfoRoute(app: FastifyInstance, { door, clock }: AcmeContext): void {
  app.get<{ Params: { id: string } }>('/acme/renewal-info/:id', (request, reply) => {
    const [authority, number, ...rest] = request.params.id.split('.')
    if (rest.length > 0) throw new AcmeProblem(400, 'malformed', 'the key identifier of the CA, a dot and the serial number are wanted')
    const keyIdentifier = hex(bytesOf(authority, 'the key identifier', 64))
    const serial = hex(bytesOf(number, 'the serial number', 32)).replace(/^0+/, '')
    const signer = door.signers.find(({ chain: [own] }) => own !== undefined && parseCertificate(own).subjectKeyIdentifier === keyIdentifier)
    const { state, notBefore, notAfter, issuer } = door.standing(serial)
    if (signer === undefined || state === 'unknown' || notBefore === undefined || notAfter === undefined || (issuer !== undefined && issuer !== signer.id))
      throw new AcmeProblem(404, 'malformed', 'there is no such certificate')
    const life = notAfter - notBefore
    const now = clock.now()
    const [start, end] = state === 'revoked' ? [now - 2_000, now - 1_000] : [notBefore + (life * 2) / 3, notBefore + (life * 5) / 6]
    const retry = Math.max(MIN_RETRY_S, Math.min(MAX_RETRY_S, Math.floor(life / 10_000)))
    return reply
      .header('retry-after', retry)
      .type('application/json')
      .send(JSON.stringify({ suggestedWindow: { start: new Date(start).toISOString(), end: new Date(end).toISOString() } }))
  })
}
