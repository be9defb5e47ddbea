import { z } from 'zod'
import { roles } from './roles-type.ts'
import { scopes } from './trust-types.ts'

/** Applications that wait for a person (draft 3.1.1) in the admin API. Times are milliseconds since the epoch; hashes are lower-case hex. */

const material = ['key', 'voucher', 'oidc', 'document', 'developer', 'organisation', 'name', 'roles', 'scopes', 'skills', 'recovery', 'account'] as const

export const application = z.object({
  ref: z.string().meta({ description: 'Short name; never the secret that the applicant has.' }),
  state: z.enum(['pending', 'issued', 'rejected']),
  door: z.enum(['libp2p', 'est', 'acme', 'cli']),
  at: z.number(),
  expiresAt: z.number(),
  peer: z.string(),
  keyId: z.string(),
  asked: z.object({ name: z.string(), roles, scopes: z.array(z.string()), organisation: z.string().optional(), dnsNames: z.array(z.string()) }),
  developer: z.string().optional(),
  skills: z.array(z.string()),
  documents: z.array(z.object({ title: z.string(), sha256: z.string(), authority: z.string().optional() })),
  cites: z.string().optional().meta({ description: 'Serial of the certificate that it stands in for.' }),
  verdicts: z.array(z.object({ material: z.enum(material), state: z.enum(['verified', 'recorded', 'failed']), detail: z.string() })),
  approvals: z.array(z.object({ approver: z.string(), at: z.number() })),
  approvalsNeeded: z.int(),
  digest: z.string().meta({ description: 'Hash of what was asked: what an approver signs.' }),
  message: z.string().optional(),
  serial: z.string().optional()
})
export type Application = z.infer<typeof application>

export const applicationList = z.object({ applications: z.array(application) })
export const applicationRequest = z.strictObject({ application: z.string().min(1).max(128) })

/** Whose decision it is: absent, that of the holder of the admin token. */
const approval = {
  approver: z.string().max(63).optional(),
  signature: z.base64().max(128).optional().meta({ description: "Ed25519 signature of the approver's key." })
}
export const approveRequest = z.strictObject({
  ...applicationRequest.shape,
  ...approval,
  name: z.string().max(63).optional().meta({ description: 'Instead of what was asked.' }),
  roles: roles.min(1).max(4).optional(),
  scopes: scopes.optional()
})
export const rejectRequest = z.strictObject({ ...applicationRequest.shape, ...approval, why: z.string().min(1).max(1000) })
