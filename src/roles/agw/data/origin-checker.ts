import { parseSpiffeId } from '../../../core/ids/spiffe-id.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Identities, PeerIdentity } from '../../../ports/identity.ts'
import type { Records } from '../../../ports/records.ts'
import { HansaError } from '../../../schema/errors.ts'
import type { SignedRecord } from '../../../schema/generated/hansa/v1/call_pb.ts'
import { type OriginAssertion, OriginAssertionSchema } from '../../../schema/generated/hansa/v1/gateway_pb.ts'

/** Longest life of an assertion, in milliseconds: what gateway.proto says. A network constant. */
export const MAX_ASSERTION_MS = 600_000

/** Clocks of domains that don't know each other may differ by this much, in milliseconds. */
const CLOCK_SKEW_MS = 60_000

/** Assertions remembered; the oldest gives way, at the price of one check of a signature. */
const MAX_REMEMBERED = 8192

interface Believed {
  readonly payload: Uint8Array
  readonly assertion: OriginAssertion
  readonly signer: PeerIdentity
}

export interface OriginChecker {
  /**
   * What the first gateway says of the caller, believed only when it is a gateway of a listed domain, speaks of its own domain, and speaks now.
   * A gateway of this gateway's own domain may speak of anybody, within the domain: it passes on what has waited in its inbox, as it would to the agent itself.
   * Throws SIGNATURE_INVALID, MALFORMED, PERMISSION_DENIED, UNAUTHENTICATED (stale), and what Identities.check throws.
   */
  check(record: SignedRecord): OriginAssertion
}

/** Checks each signature once; afterwards the same bytes cost a look-up, a check of dates and of revocation. */
export function createOriginChecker(deps: { readonly clock: Clock; readonly records: Records; readonly identities: Identities }): OriginChecker {
  const believed = new Map<string, Believed>()
  // Who was revoked or unlisted must be verified from the beginning.
  deps.identities.onChange(() => believed.clear())

  function verify(record: SignedRecord): Believed {
    const { message: assertion, signer } = deps.records.open(OriginAssertionSchema, record)
    if (!signer.roles.includes('agw')) throw denied(`${signer.spiffeId} is no gateway and cannot vouch for a caller`)
    if (assertion.issuer !== signer.spiffeId) throw denied(`${signer.spiffeId} vouches in the name of another`)
    const passesOn = signer.own && assertion.audience === signer.domain
    if (parseSpiffeId(assertion.principal).domain !== signer.domain && !passesOn) throw denied(`${signer.spiffeId} vouches for a caller of another domain`)
    return { payload: record.payload, assertion, signer }
  }

  function find(record: SignedRecord): Believed {
    // A signature is unique to key and payload; the payload is compared, so the key of the map proves nothing by itself.
    const key = String.fromCharCode(...record.signature.subarray(0, 128))
    const known = believed.get(key)
    if (known !== undefined && sameBytes(known.payload, record.payload)) return known
    const fresh = verify(record)
    believed.set(key, fresh)
    if (believed.size > MAX_REMEMBERED) {
      const [oldest] = believed.keys()
      if (oldest !== undefined) believed.delete(oldest)
    }
    return fresh
  }

  return {
    check(record) {
      const { assertion, signer } = find(record)
      deps.identities.check(signer)
      const now = deps.clock.now()
      const issued = Number(assertion.issuedAt)
      const expires = Number(assertion.expiresAt)
      if (expires - issued > MAX_ASSERTION_MS || expires <= issued) throw denied(`${signer.spiffeId} vouches for an impossible time`)
      if (now > expires + CLOCK_SKEW_MS || now < issued - CLOCK_SKEW_MS)
        throw new HansaError('UNAUTHENTICATED', `the word of ${signer.spiffeId} for ${assertion.principal} is not of now; compare the clocks of both gateways`)
      return assertion
    }
  }
}

function denied(message: string): HansaError {
  return new HansaError('PERMISSION_DENIED', message)
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}
