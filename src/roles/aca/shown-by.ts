import type { Issued } from '../../core/pki/issued.ts'
import type { PeerIdentity } from '../../ports/identity.ts'
import type { Ledger } from './ledger.ts'

/**
 * What the ledger has of the certificate that somebody has shown; undefined when this ACA has not issued it. A serial alone says nothing: other domains that are listed here number
 * their certificates as they like, also as ours are numbered.
 */
export function shownBy(identity: PeerIdentity | undefined, ledger: Ledger): Issued | undefined {
  const issued = identity === undefined ? undefined : ledger.certificate(identity.serial)
  return issued?.spiffeId === identity?.spiffeId ? issued : undefined
}
