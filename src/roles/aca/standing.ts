import { type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { type State, stateOf } from '../../core/pki/issued.ts'
import type { Standing } from '../../ports/authority-door.ts'
import { SignedRecordSchema } from '../../schema/generated/hansa/v1/call_pb.ts'
import { CertificateState, type CertificateStatusResponseSchema, StatusTokenSchema } from '../../schema/generated/hansa/v1/trust_pb.ts'
import type { Book } from './book.ts'
import { STATUS_LIFE_MS } from './config.ts'

const STATES: Readonly<Record<State | 'unknown', CertificateState>> = {
  good: CertificateState.GOOD,
  held: CertificateState.HELD,
  revoked: CertificateState.REVOKED,
  expired: CertificateState.EXPIRED,
  unknown: CertificateState.UNKNOWN
}

/** What certificates are numbered with; only such a text is signed. */
const SERIAL = /^[1-9a-f][0-9a-f]{0,39}$/
const MAX_ECHO = 64

/** draft 3.1.2: what the ledger knows of a serial. What was never issued is unknown, never good. */
export function standingOf({ ledger, deps }: Book, serial: string): Standing {
  const issued = ledger.certificate(serial)
  if (issued === undefined) return { serial: serial.slice(0, MAX_ECHO), state: 'unknown' }
  const { spiffeId, issuer, notBefore, notAfter, revokedAt, reason } = issued
  return {
    ...{ serial, state: stateOf(issued, deps.clock.now()), spiffeId, issuer, notBefore, notAfter },
    ...(revokedAt === undefined ? {} : { revokedAt }),
    ...(reason === undefined ? {} : { reason })
  }
}

/** draft 3.1.2: certificate status query, with a token that its holder can show to others where no list has arrived (roles/member/status-token.ts). */
export function statusOf(book: Book, serial: string): MessageInitShape<typeof CertificateStatusResponseSchema> {
  const standing = standingOf(book, serial)
  const { spiffeId = '', notBefore = 0, notAfter = 0, revokedAt = 0, reason = '' } = standing
  return {
    ...{ serial: standing.serial, state: STATES[standing.state], spiffeId, reason },
    ...{ notBefore: BigInt(notBefore), notAfter: BigInt(notAfter), revokedAt: BigInt(revokedAt) },
    ...(SERIAL.test(standing.serial) ? { token: tokenOf(book, standing) } : {})
  }
}

function tokenOf({ deps }: Book, { serial, state, issuer = '', notAfter = Infinity }: Standing): Uint8Array {
  const now = deps.clock.now()
  // Good until it ends by itself; what is bad stays bad.
  const nextUpdate = state === 'good' ? Math.min(now + STATUS_LIFE_MS, notAfter) : now + STATUS_LIFE_MS
  const token = { domain: deps.issuer.domain, serial, issuer, state: STATES[state], thisUpdate: BigInt(now), nextUpdate: BigInt(nextUpdate) }
  return toBinary(SignedRecordSchema, deps.records.seal(StatusTokenSchema, token))
}
