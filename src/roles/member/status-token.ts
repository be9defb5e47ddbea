import type { Records } from '../../ports/records.ts'
import { HansaError } from '../../schema/errors.ts'
import { SignedRecordSchema } from '../../schema/generated/hansa/v1/call_pb.ts'
import { type StatusToken, StatusTokenSchema } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { decode } from '../../wire/decode.ts'

/** How far the clock of the ACA may be ahead. Milliseconds. */
const SKEW_MS = 60_000
/** A token with its chain has 3 KiB. */
const MAX_BYTES = 32 * 1024

/**
 * draft 3.1.2: the ACA's word on one certificate, which its holder may show where no list has arrived. Believed when a node with the role aca of the domain that it
 * speaks for has signed it, and it is fresh at `now` (milliseconds since the epoch). Whether it is about the certificate at hand is told by `domain`, `issuer` and
 * `serial`. Throws MALFORMED, SIGNATURE_INVALID, PERMISSION_DENIED, RECORD_STALE, and as Records.open.
 */
export function readStatusToken(token: Uint8Array, records: Pick<Records, 'open'>, now: number): StatusToken {
  if (token.length > MAX_BYTES) throw new HansaError('MALFORMED', `a status token of ${token.length} bytes; the bound is ${MAX_BYTES}`)
  const { message, signer } = records.open(StatusTokenSchema, decode(SignedRecordSchema, token))
  if (signer.domain !== message.domain || !signer.roles.includes('aca'))
    throw new HansaError('PERMISSION_DENIED', `${signer.spiffeId} cannot tell the state of certificates of ${message.domain.slice(0, 253)}`, {
      domain: signer.domain
    })
  if (now + SKEW_MS < Number(message.thisUpdate) || now > Number(message.nextUpdate))
    throw new HansaError('RECORD_STALE', `a status token for ${message.thisUpdate} to ${message.nextUpdate} ms since the epoch; it is ${now}`)
  return message
}
