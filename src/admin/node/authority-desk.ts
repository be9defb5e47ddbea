import type { HansaNode } from '../../node/hansa-node.ts'
import type { Application } from '../application-types.ts'
import type { AuditEntry } from '../trust-types.ts'
type Aca = NonNullable<HansaNode['aca']>
type View = ReturnType<Aca['list']>[number]
export interface AuthorityDesk {
  pending(): Application[]
  application(ref: string): Application
  approve(ref: string, approval: object): Promise<Application>
  reject(ref: string, why: string, approval: object): Promise<Application>
  release(x: string): Promise<{ released: View[]; crlNumber: number }>
  revokeOrganisation(organisation: string, reason: string): Promise<{ revoked: View[]; crlNumber: number }>
  audit(options: { from?: number; limit?: number }): AuditEntry[]
  verifyAudit(): { ok: boolean; entries: number; head: string; brokenAt?: number; why?: string }
  crl(issuer?: string): ReturnType<Aca['crl']>
}
