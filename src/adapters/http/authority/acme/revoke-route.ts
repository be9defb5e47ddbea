import type { FastifyInstance } from 'fastify'
import { HansaError } from '../../../../schema/errors.ts'
import { MAX_CERTIFICATE_BYTES, parseCertificate } from '../../../../wire/x509/certificate.ts'
import { spkiOf } from './account-key.ts'
import type { AcmeContext } from './context.ts'
import { bytesOf } from './json.ts'
import { AcmeProblem } from './problem.ts'
import { createRateLimit } from './rate-limit.ts'

/** Reasons (RFC 5280 5.3.1) that the holder of a certificate may give; a hold and what a CA says of itself are the operator's. */
const REASONS: Readonly<Record<number, string>> = {
  0: 'unspecified',
  1: 'keyCompromise',
  3: 'affiliationChanged',
  4: 'superseded',
  5: 'cessationOfOperation',
  9: 'privilegeWithdrawn'
}

/** Revocation by the account that got the certificate, or by the certificate's own key (RFC 8555 7.6). */
export function revokeRoute(app: FastifyInstance, { door, doorkeeper, clock }: AcmeContext): void {
  // Each makes a new list, which may be a large one.
  const limit = createRateLimit(clock, 'revocations', { most: 300, withinMs: 3_600_000 })

  app.post('/acme/revoke-cert', async (request, reply) => {
    const asked = await doorkeeper.byEither(request)
    if ('account' in asked) limit(asked.account.id)
    const { serial } = parseCertificate(bytesOf(asked.payload?.['certificate'], 'certificate', MAX_CERTIFICATE_BYTES))
    const number = asked.payload?.['reason'] ?? 0
    const reason = typeof number === 'number' ? REASONS[number] : undefined
    if (reason === undefined)
      throw new AcmeProblem(
        400,
        'badRevocationReason',
        `reasons that are taken: ${Object.entries(REASONS)
          .map(([code, name]) => `${code} (${name})`)
          .join(', ')}`
      )
    // Of the certificate only its number is used: whose it is, the ACA knows better than what was sent.
    const by = 'account' in asked ? { account: asked.account.bound } : { spki: spkiOf(asked.key) }
    const { state } = door.standing(serial)
    try {
      await door.revoke(serial, reason, by)
    } catch (thrown) {
      // To strangers a certificate that is not theirs and one that does not exist are the same.
      if (thrown instanceof HansaError && (thrown.code === 'NOT_FOUND' || thrown.code === 'PERMISSION_DENIED'))
        throw new AcmeProblem(403, 'unauthorized', 'this is not a certificate of this account or key')
      if (state === 'revoked') throw new AcmeProblem(400, 'alreadyRevoked', 'the certificate was revoked before')
      throw thrown
    }
    if (state === 'revoked') throw new AcmeProblem(400, 'alreadyRevoked', 'the certificate was revoked before')
    return reply.code(200).send()
  })
}
