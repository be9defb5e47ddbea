import type { Clock } from '../../../ports/clock.ts'
import type { Identities } from '../../../ports/identity.ts'
import type { Records } from '../../../ports/records.ts'
import { HansaError } from '../../../schema/errors.ts'
import type { SignedRecord } from '../../../schema/generated/hansa/v1/call_pb.ts'
import { OriginAssertionSchema } from '../../../schema/generated/hansa/v1/gateway_pb.ts'

/** Principals times domains remembered; the oldest gives way, at the price of one signature. */
const MAX_ASSERTIONS = 4096

export interface OriginIssuer {
  /** This gateway's signed word that `principal` (SPIFFE ID) is behind a call for an agent of `audience` (a domain). */
  vouch(principal: string, audience: string): SignedRecord
}

/** Signs one assertion per principal and audience and uses it again until a fifth of its life is left, so that no call pays for a signature. */
export function createOriginIssuer(deps: {
  readonly clock: Clock
  readonly records: Records
  readonly identities: Identities
  readonly assertionMs: number
}): OriginIssuer {
  const made = new Map<string, { readonly record: SignedRecord; readonly until: number; readonly serial: string }>()
  return {
    vouch(principal, audience) {
      const self = deps.identities.self()
      if (self === undefined) throw new HansaError('UNAUTHENTICATED', 'this gateway has no certificate yet')
      const now = deps.clock.now()
      const key = `${audience} ${principal}`
      const known = made.get(key)
      // A renewed certificate signs anew: receivers refuse the old one when it has expired.
      if (known !== undefined && known.until > now && known.serial === self.serial) return known.record
      made.delete(key)
      const record = deps.records.seal(OriginAssertionSchema, {
        issuer: self.spiffeId,
        principal,
        audience,
        issuedAt: BigInt(now),
        expiresAt: BigInt(now + deps.assertionMs)
      })
      made.set(key, { record, until: now + deps.assertionMs * 0.8, serial: self.serial })
      if (made.size > MAX_ASSERTIONS) for (const oldest of made.keys()) return (made.delete(oldest), record)
      return record
    }
  }
}
