import { refusalError, refuse } from '../../core/pki/refusal.ts'
import type { Clock } from '../../ports/clock.ts'
import { HansaError } from '../../schema/errors.ts'
import type { VerifiedChain } from './chains.ts'
import type { Revocations } from './revocations.ts'
import type { Staleness } from './staleness.ts'
import type { TrustList } from './trust-list.ts'

export interface Belief {
  /** Throws UNKNOWN_DOMAIN, CERTIFICATE_EXPIRED, CERTIFICATE_REVOKED, CRL_STALE. On the way of every call: two comparisons while nothing has changed. */
  believe(verified: VerifiedChain): void
  /** Roots or lists have changed: everything is decided anew. */
  reconsider(): void
}

interface Decided {
  readonly generation: number
  /** Milliseconds since the epoch. */
  readonly until: number
}

/** Whether a chain that is in order is believed now: its root is listed for its domain, nothing of it has ended or been revoked, and its CA has been heard of lately. */
export function createBelief(deps: {
  readonly clock: Clock
  readonly trust: TrustList
  readonly revocations: Revocations
  readonly staleness: Staleness
  /** The node's own PeerId: it knows of itself without a list, and must be able to start in order to hear one. */
  readonly self: string
  /** A CA was met for the first time; the time of it should reach the disk. */
  readonly noted: () => void
}): Belief {
  const { clock, trust, revocations, staleness } = deps
  const decided = new WeakMap<VerifiedChain, Decided>()
  let generation = 0

  function decide({ identity, rootId, links }: VerifiedChain, now: number): number {
    const about = { domain: identity.domain, spiffeId: identity.spiffeId }
    if (trust.domainOf(rootId) !== identity.domain)
      throw refusalError(refuse('unknown-root', `${identity.spiffeId} comes from a root that is not listed for ${identity.domain}`), about)
    if (now > identity.notAfter) throw refusalError(refuse('expired', `the certificate of ${identity.spiffeId} has expired`), about)
    if (revocations.find(identity.domain, links) !== undefined)
      throw refusalError(refuse('revoked', `the certificate of ${identity.spiffeId} is revoked`), about)
    const issuer = links[0]?.issuer
    if (identity.peer === deps.self || issuer === undefined) return identity.notAfter
    const { until, noted } = staleness.until(identity.domain, issuer, now)
    if (noted) deps.noted()
    if (now > until)
      throw new HansaError('CRL_STALE', `nothing has been heard for too long of the CA that issued the certificate of ${identity.spiffeId}`, about)
    return Math.min(identity.notAfter, until)
  }

  return {
    believe(verified) {
      const now = clock.now()
      const known = decided.get(verified)
      if (known !== undefined && known.generation === generation && now <= known.until) return
      decided.set(verified, { generation, until: decide(verified, now) })
    },
    reconsider: () => void generation++
  }
}
