import type { HansaNode } from '../../node/hansa-node.ts'
import type { AuditEntry } from '../trust-types.ts'
type Aca = NonNullable<HansaNode['aca']>
type View = ReturnType<Aca['list']>[number]
export interface AuthorityDesk {
  release(x: string): Promise<{ released: View[]; crlNumber: number }>
  revokeOrganisation(organisation: string, reason: string): Promise<{ revoked: View[]; crlNumber: number }>
  audit(options: { from?: number; limit?: number }): AuditEntry[]
  verifyAudit(): { ok: boolean; entries: number; head: string; brokenAt?: number; why?: string }
  crl(issuer?: string): ReturnType<Aca['crl']>
}
