import { fromBinary } from '@bufbuild/protobuf'
import type { Records } from '../ports/records.ts'
import { SignedRecordSchema } from '../schema/generated/hansa/v1/call_pb.ts'
import { type CertificateStatusResponse, StatusTokenSchema } from '../schema/generated/hansa/v1/trust_pb.ts'
import { HansaError } from '../schema/errors.ts'

/**
 * Until when the signed word of the ACA on a certificate holds; nothing where there is none. Throws SIGNATURE_INVALID for a token that is not of an ACA, or is
 * about something else.
 */
export function tokenEnd({ token, serial }: CertificateStatusResponse, records: Records): { readonly tokenUntil?: number } {
  if (token.length === 0) return {}
  const { message, signer } = records.open(StatusTokenSchema, fromBinary(SignedRecordSchema, token))
  if (!signer.own || !signer.roles.includes('aca') || message.serial !== serial)
    throw new HansaError('SIGNATURE_INVALID', `the status of ${serial} is signed by ${signer.spiffeId}, or is that of another certificate`)
  return { tokenUntil: Number(message.nextUpdate) }
}
