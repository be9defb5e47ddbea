import { verifyChain } from '../../core/pki/chain.ts'
import { sameBytes } from '../../core/pki/facts.ts'
import { parseCertificate } from '../../wire/x509/certificate.ts'
import type { AcaDeps } from './deps.ts'
import type { Ledger } from './ledger.ts'

/**
 * The certificate of the ACA's own node was signed while its home was made, before there was a ledger; from here on it is like any other: it is listed,
 * renewed and revoked. The caller commits.
 */
export function adoptOwn({ chain, issuer, verify, clock }: AcaDeps, ledger: Ledger): void {
  const [leaf, issuing] = chain()
  const [own] = issuer.chain
  if (leaf === undefined || issuing === undefined || own === undefined || !sameBytes(issuing, own)) return
  const verdict = verifyChain(chain().map(parseCertificate), clock.now(), verify)
  if (!verdict.ok || ledger.certificate(verdict.identity.serial) !== undefined) return
  const { serial, name, spiffeId, roles, peer } = verdict.identity
  const { notBefore, notAfter } = parseCertificate(leaf)
  ledger.putCertificate({ serial, name, spiffeId, roles, peer, notBefore, notAfter })
}
