import type { Verify } from '../crypto.ts'
import type { Evidence } from './evidence.ts'
import { type Grant, grantOf, scopesWithin } from './grant.ts'
import { type Issued, stateOf } from './issued.ts'
import { type Possession, reviewKey } from './key-policy.ts'
import { dnsNamesOf } from './profile.ts'
import { refused, type Refused } from './refused.ts'

/** What may be signed. */
export interface Reviewed {
  readonly ok: true
  readonly grant: Grant
  readonly key: Possession
  /** Certificates that the new one takes the place of; to be revoked in the same commit. */
  readonly supersedes: readonly Issued[]
  /** Serial of the certificate that the new one takes over from. */
  readonly replaces?: string
  /** PeerId of the node that this P-256 certificate serves TLS for. */
  readonly companionOf?: string
}

export type Review = Reviewed | Refused

/** Certificates of one name in force at a time. Two are enough; a holder who renews without end would fill the ledger and the revocation list. */
const MAX_LIVE = 16

/**
 * Certificates of one name that have not ended by themselves, revoked ones among them: who gave up each before the next would fill the ledger, the list and the audit log all the same.
 */
const MAX_UNENDED = 256

/** How a name comes to a key. */
export interface Claim {
  /** The new holder takes the name over. */
  readonly replace: boolean
  /** Thumbprint of the ACME account whose name it is: its earlier certificates, with other keys, are no rivals. */
  readonly account?: string
}

/**
 * May the key have the name? A name with a live certificate for another key is not given away: its holder would be impersonated; `replace` says that
 * the operator means it. A DNS name has one holder for the same reason. A key serves one name for as long as its certificates are remembered.
 */
export function reviewHolder(evidence: Evidence, key: Possession, grant: Grant, { replace, account }: Claim): Review {
  const { name } = grant
  if (evidence.byKey(key.keyId).some((issued) => issued.name !== name)) return refused('KEY_REFUSED', 'this key has a certificate for another name already')
  const own = (issued: Issued): boolean =>
    issued.keyId === key.keyId || (key.peer !== '' && issued.companionOf === key.peer) || (account !== undefined && issued.account === account)
  // One that is on hold may come back: the name is still its holder's.
  const rivals = evidence.byName(name).filter((issued) => ['good', 'held'].includes(stateOf(issued, evidence.now)) && !own(issued))
  if (rivals.length > 0 && !replace)
    return refused('NAME_TAKEN', `${name} has a live certificate for another key; revoke it first, or make the invite with replace`)
  if (!replace && evidence.accountsOf(name).some((thumbprint) => thumbprint !== account))
    return refused('NAME_TAKEN', `${name} was given to an ACME account; revoke it first, or make the invite with replace`)
  const theirs = dnsNamesOf({ ...grant, domain: evidence.domain }).find((each) => evidence.dnsHolders(each).some((holder) => holder !== name))
  // `replace` is about the name: the operator may not know whom else it would hit.
  if (theirs !== undefined) return refused('NAME_TAKEN', `the DNS name ${theirs} belongs to another holder; revoke what that one has first`)
  return tooMany(evidence, name, rivals) ?? { ok: true, grant, key, supersedes: rivals }
}

/** How the one who renews has proved itself. */
export interface Renewal {
  /** Scopes that are wanted; empty: those of the old certificate. */
  readonly scopes: readonly string[]
  /**
   * `companion`: a P-256 request of an Ed25519 holder is for its TLS companion. `rekey`: the old key has agreed to the new one (RFC 7030 4.2.2 over mTLS, or its signature).
   * `none`: the key stays.
   */
  readonly newKey: 'none' | 'companion' | 'rekey'
}

/** draft 3.1.2: review of a renewal along with the old certificate, which authenticated the call: same holder, same roles, equal or fewer scopes. */
export function reviewRenewal(evidence: Evidence, old: Issued | undefined, verify: Verify, { scopes, newKey }: Renewal): Review {
  const key = reviewKey(evidence, verify, false)
  if (!key.ok) return key
  if (old === undefined) return refused('CERTIFICATE_INVALID', 'the old certificate is not one that this ACA has issued')
  const state = stateOf(old, evidence.now)
  if (state === 'revoked' || state === 'held') return refused('CERTIFICATE_REVOKED', `the old certificate is ${state === 'held' ? 'on hold' : 'revoked'}`)
  if (state === 'expired') return refused('CERTIFICATE_EXPIRED', 'the old certificate has expired; apply again')
  if (evidence.peer !== undefined && evidence.peer !== old.peer)
    return refused('CSR_INVALID', 'the old certificate is not for the key of the node that sent it')
  if (scopes.length > 0 && !scopesWithin(scopes, old.scopes))
    return refused('SCOPE_EXCEEDED', 'a renewal gives the scopes of the old certificate or fewer; for more, apply with what proves them')
  const grant: Grant = { ...grantOf(old), scopes: scopes.length > 0 ? scopes : old.scopes }
  const companion = newKey === 'companion' && key.kind === 'p256' && old.peer !== ''
  if (key.keyId !== old.keyId) {
    // It would be another node by the same name.
    if (old.companionOf !== undefined && key.kind !== 'p256')
      return refused('KEY_REFUSED', 'a TLS companion has a P-256 key; its node renews what it has itself')
    if (!companion && newKey !== 'rekey') return refused('CSR_INVALID', 'a renewal keeps its key; this is another one')
    if (evidence.byKey(key.keyId).some((issued) => issued.name !== old.name))
      return refused('KEY_REFUSED', 'this key has a certificate for another name already')
  } else if (newKey === 'rekey') return refused('INVALID_ARGUMENT', 'a new key is wanted; this is the old one')
  const companionOf = companion ? old.peer : old.companionOf
  return (
    tooMany(evidence, old.name, []) ?? {
      ok: true,
      grant,
      key,
      supersedes: [],
      ...(companion ? {} : { replaces: old.serial }),
      ...(companionOf === undefined || key.kind !== 'p256' ? {} : { companionOf })
    }
  )
}

function tooMany(evidence: Evidence, name: string, leaving: readonly Issued[]): Refused | undefined {
  const unended = evidence.byName(name).filter(({ notAfter }) => notAfter >= evidence.now)
  const live = unended.filter((issued) => stateOf(issued, evidence.now) === 'good' && !leaving.includes(issued))
  if (live.length < MAX_LIVE && unended.length < MAX_UNENDED) return undefined
  const retryAfterMs = Math.min(...(live.length < MAX_LIVE ? unended : live).map(({ notAfter }) => notAfter)) - evidence.now + 1
  const many = live.length < MAX_LIVE ? `${unended.length} certificates of ${name} were made` : `${live.length} certificates of ${name} are in force`
  return refused('RATE_LIMITED', `${many} already; wait until the first of them ends`, { retryAfterMs })
}
