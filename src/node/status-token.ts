import type { Records } from '../ports/records.ts'
import { readStatusToken } from '../roles/member/status-token.ts'
import type { CertificateStatusResponse } from '../schema/generated/hansa/v1/trust_pb.ts'
import { HansaError } from '../schema/errors.ts'

/**
 * Until when the signed word of the ACA on a certificate holds; nothing where there is none. Throws SIGNATURE_INVALID when it is about something else or says
 * something else than the answer that it came with, and as readStatusToken.
 */
export function tokenEnd({ token, serial, state }: CertificateStatusResponse, records: Pick<Records, 'open'>, now: number): { readonly tokenUntil?: number } {
  if (token.length === 0) return {}
  const signed = readStatusToken(token, records, now)
  if (signed.serial !== serial || signed.state !== state) throw new HansaError('SIGNATURE_INVALID', `the ACA says one thing of ${serial} and signs another`)
  return { tokenUntil: Number(signed.nextUpdate) }
}
