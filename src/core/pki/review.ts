import type { Verify } from '../crypto.ts'
import { peerIdOf } from '../ids/peer-id.ts'
import { type ErrorCode, HansaError } from '../../schema/errors.ts'
import { type Grant, grantOf } from './grant.ts'
import { type Issued, stateOf } from './issued.ts'
import { nextName, type Voucher } from './voucher.ts'

/** What an application asks for: certification of a key. wire/x509 reads it from the CSR; the names in the CSR are never looked at. */
export interface CsrFacts {
  readonly info: Uint8Array
  readonly spki: Uint8Array
  readonly signature: Uint8Array
  readonly signatureAlgorithm: string
}

/** What the ACA knows when it decides. */
export interface Evidence {
  readonly csr: CsrFacts
  /** PeerId that the transport proved; undefined when the application did not come over the network. */
  readonly peer: string | undefined
  readonly now: number
  /** Certificates issued for a name. */
  byName(name: string): readonly Issued[]
  /** Certificates issued for a key. */
  byPeer(peer: string): readonly Issued[]
  /** True for a key that was given up as compromised, and for the CA's own. */
  blocked(peer: string): boolean
}

export type Review =
  | (Grant & {
      readonly ok: true
      readonly peer: string
      /** Certificates that the new one takes the place of; to be revoked in the same commit. */
      readonly supersedes: readonly Issued[]
    })
  | { readonly ok: false; readonly error: HansaError }

/**
 * draft 3.1.1: review of an application. The voucher says who; the CSR proves the key. A name with a live certificate for another key is not given away:
 * its holder would be impersonated; a voucher made with `replace` says that the operator means it. A key serves one name for as long as its certificates are remembered.
 */
export function reviewApplication(evidence: Evidence, voucher: Voucher | undefined, verify: Verify): Review {
  const possession = reviewKey(evidence, verify)
  if (!possession.ok) return possession
  const { peer } = possession
  if (voucher === undefined) return refused('VOUCHER_INVALID', 'no such voucher')
  if (evidence.now > voucher.expiresAt) return refused('VOUCHER_INVALID', 'the voucher has expired')
  if (voucher.used >= voucher.uses) return refused('VOUCHER_INVALID', 'the voucher has been used')
  const name = nextName(voucher)
  if (evidence.byPeer(peer).some((issued) => issued.name !== name)) return refused('CSR_INVALID', 'this key has a certificate for another name already')
  const rivals = evidence.byName(name).filter((issued) => issued.peer !== peer && stateOf(issued, evidence.now) === 'good')
  if (rivals.length > 0 && !voucher.replace)
    return refused('VOUCHER_INVALID', `${name} has a live certificate for another key; revoke it first, or make the invite with replace`)
  return { ok: true, ...grantOf(voucher), name, peer, supersedes: rivals }
}

/** Certificates of one key in force at a time. Two are enough; a holder who renews without end would fill the ledger and the revocation list. */
const MAX_LIVE = 16

/** draft 3.1.2: review of a renewal along with the old certificate, which authenticated the call: same holder, same key, same roles. */
export function reviewRenewal(evidence: Evidence, old: Issued | undefined, verify: Verify): Review {
  const possession = reviewKey(evidence, verify)
  if (!possession.ok) return possession
  if (old === undefined) return refused('CERTIFICATE_INVALID', 'the old certificate is not one that this ACA has issued')
  const state = stateOf(old, evidence.now)
  if (state === 'revoked') return refused('CERTIFICATE_REVOKED', 'the old certificate is revoked')
  if (state === 'expired') return refused('CERTIFICATE_EXPIRED', 'the old certificate has expired; apply again')
  if (old.peer !== possession.peer) return refused('CSR_INVALID', 'a renewal keeps its key; this is another one')
  const live = evidence.byPeer(old.peer).filter((issued) => stateOf(issued, evidence.now) === 'good')
  if (live.length >= MAX_LIVE) {
    const retryAfterMs = Math.min(...live.map(({ notAfter }) => notAfter)) - evidence.now + 1
    return { ok: false, error: new HansaError('RATE_LIMITED', `${live.length} certificates of this node are in force already`, { retryAfterMs }) }
  }
  return { ok: true, ...grantOf(old), peer: old.peer, supersedes: [] }
}

function reviewKey(evidence: Evidence, verify: Verify): { readonly ok: true; readonly peer: string } | { readonly ok: false; readonly error: HansaError } {
  const { csr } = evidence
  const peer = peerIdOf(csr.spki)
  if (peer === undefined || csr.signatureAlgorithm !== '1.3.101.112') return refused('CSR_INVALID', 'the key of the request is not Ed25519')
  if (evidence.peer !== undefined && evidence.peer !== peer) return refused('CSR_INVALID', 'the key of the request is not the key of the node that sent it')
  if (evidence.blocked(peer)) return refused('CSR_INVALID', 'this key may not be certified: it was given up as compromised, or is a CA key')
  if (!verify(csr.spki, csr.info, csr.signature)) return refused('CSR_INVALID', 'the request is not signed by the key that it is for')
  return { ok: true, peer }
}

function refused(code: ErrorCode, message: string): { readonly ok: false; readonly error: HansaError } {
  return { ok: false, error: new HansaError(code, message) }
}
