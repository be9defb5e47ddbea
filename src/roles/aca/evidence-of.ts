import { hex } from '../../core/ids/hex.ts'
import type { CsrFacts, Evidence } from '../../core/pki/evidence.ts'
import type { Book } from './book.ts'
import { dnsHolders } from './dns-holders.ts'

/** What the ACA knows when it decides about a request that came from `peer` (undefined: not over the network). */
export function evidenceOf(book: Book, der: Uint8Array, csr: CsrFacts, peer: string | undefined): Evidence {
  const { ledger, deps, accounts } = book
  const { issuer, sha256, clock } = deps
  const now = clock.now()
  return {
    csr,
    keyId: hex(sha256(csr.spki)),
    csrId: hex(sha256(der)),
    peer,
    domain: issuer.domain,
    now,
    byName: (name) => ledger.byName(name),
    byKey: (keyId) => ledger.byKey(keyId),
    dnsHolders: (dnsName) => dnsHolders(book, dnsName, now),
    accountsOf: (name) => accounts.byName(name).map(([thumbprint]) => thumbprint),
    blocked: (keyId) => ledger.isBlocked(keyId),
    caKey: (keyId) => ledger.isCaKey(keyId)
  }
}
