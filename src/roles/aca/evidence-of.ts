import { hex } from '../../core/ids/hex.ts'
import type { CsrFacts, Evidence } from '../../core/pki/evidence.ts'
import type { Book } from './book.ts'

/** What the ACA knows when it decides about a request that came from `peer` (undefined: not over the network). */
export function evidenceOf({ ledger, deps, cas }: Book, der: Uint8Array, csr: CsrFacts, peer: string | undefined): Evidence {
  const { issuer, sha256, clock } = deps
  return {
    csr,
    keyId: hex(sha256(csr.spki)),
    csrId: hex(sha256(der)),
    peer,
    domain: issuer.domain,
    now: clock.now(),
    byName: (name) => ledger.byName(name),
    byKey: (keyId) => ledger.byKey(keyId),
    blocked: (keyId) => ledger.isBlocked(keyId),
    caKey: (keyId) => [...issuer.chain, ...issuer.roots, ...issuer.signers.flatMap(({ chain }) => chain)].some((ca) => cas.read(ca).keyId === keyId)
  }
}
