import { stateOf } from '../../core/pki/issued.ts'
import { CertificateState } from '../../schema/generated/hansa/v1/trust_pb.ts'
import type { Book } from './book.ts'

export const STATES = {
  good: CertificateState.GOOD,
  held: CertificateState.HELD,
  revoked: CertificateState.REVOKED,
  expired: CertificateState.EXPIRED
}

/** draft 3.1.2: certificate status query. */
export function standingOf({ ledger, deps }: Book, serial: string) {
  const issued = ledger.certificate(serial)
  if (issued === undefined) return { serial: serial.slice(0, 64), state: CertificateState.UNKNOWN }
  const { spiffeId, notBefore, notAfter, revokedAt = 0, reason = '' } = issued
  const state = STATES[stateOf(issued, deps.clock.now())]
  return { serial, state, spiffeId, notBefore: BigInt(notBefore), notAfter: BigInt(notAfter), revokedAt: BigInt(revokedAt), reason }
}
