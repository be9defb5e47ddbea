import { verifyChain } from '../../core/pki/chain.ts'
import { hex } from '../../core/ids/hex.ts'
import { sameBytes } from '../../core/pki/facts.ts'
import { parseCertificate } from '../../wire/x509/certificate.ts'
import type { AcaDeps } from './deps.ts'
import type { Ledger } from './ledger.ts'

/** Remembers the keys of all CAs that are here now, so that none is certified for a holder, now or when it has been replaced. The caller commits. */
export function adoptCas({ issuer, sha256 }: AcaDeps, ledger: Ledger): void {
  const all = [...issuer.chain, ...issuer.roots, ...issuer.signers.flatMap(({ chain }) => chain)]
  for (const der of all) ledger.putCaKey(hex(sha256(parseCertificate(der).spki)))
}

/**
 * The certificate of the ACA's own node was signed while its home was made, before there was a ledger; from here on it is like any other: it is listed,
 * renewed and revoked. The caller commits.
 */
export function adoptOwn({ chain, issuer, verify, clock, sha256 }: AcaDeps, ledger: Ledger): void {
  const [leaf, issuing] = chain()
  const by = issuer.signers.find(({ chain: [own] }) => own !== undefined && issuing !== undefined && sameBytes(issuing, own))
  if (leaf === undefined || by === undefined) return
  const verdict = verifyChain(chain().map(parseCertificate), clock.now(), verify)
  if (!verdict.ok || ledger.certificate(verdict.identity.serial) !== undefined) return
  const { serial, name, spiffeId, roles, scopes, organisation, peer } = verdict.identity
  const { notBefore, notAfter, spki, subjectAltNames = [] } = parseCertificate(leaf)
  ledger.putCertificate({
    ...{ serial, name, spiffeId, roles, scopes, peer, notBefore, notAfter },
    ...(organisation === undefined ? {} : { organisation }),
    dnsNames: subjectAltNames.filter(({ form }) => form === 'dns').map(({ value }) => value),
    keyId: hex(sha256(spki)),
    issuer: by.id
  })
}
