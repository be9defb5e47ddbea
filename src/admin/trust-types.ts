import { z } from 'zod'
import { roles } from './roles-type.ts'

/** The trust plane in the admin API (draft 3.1): vouchers, certificates, lists. Times are milliseconds since the epoch; hashes are lower-case hex. */

const DAY_MS = 86_400_000
const count = z.string().regex(/^\d{1,9}$/)
export const scopes = z.array(z.string().max(200)).max(32)
export const reason = z.string().max(64).meta({ description: 'RFC 5280 5.3.1 reason name.' })

const voucherFields = {
  roles: roles.min(1).max(4),
  name: z.string().max(63).optional(),
  scopes: scopes.default([]).meta({ description: 'Ceiling of what the holder may offer and do; none: no ceiling.' }),
  organisation: z.string().max(256).optional(),
  dnsNames: z.array(z.string().max(253)).max(16).default([]).meta({ description: 'Names within the domain, for TLS clients outside the network.' }),
  boundTo: z
    .string()
    .regex(/^SHA256:[0-9a-fA-F]{64}$/)
    .optional()
    .meta({ description: 'Hash of the public key (SubjectPublicKeyInfo) or of the request (CSR) that it is good for alone.' }),
  ttlMs: z
    .int()
    .min(1000)
    .max(30 * DAY_MS),
  uses: z.int().min(1).max(1000),
  replace: z.boolean().default(false).meta({ description: 'The new holder takes the name over from a live certificate, which is revoked.' })
}
export const inviteRequest = z.strictObject(voucherFields)
export type InviteRequest = z.infer<typeof inviteRequest>
export const voucherRequest = z.strictObject({
  ...voucherFields,
  door: z.enum(['acme', 'est']).meta({ description: 'What it is for; refused where that door is shut.' })
})

const longTtl = z
  .int()
  .min(1000)
  .max(365 * DAY_MS)
export const swarmInviteRequest = z.strictObject({ ttlMs: longTtl })
export const openInviteRequest = z.strictObject({ ttlMs: longTtl, roles: roles.min(1).max(4).meta({ description: 'What may be applied for.' }) })
export const inviteResponse = z.object({ invite: z.string(), domain: z.string(), expiresAt: z.number(), roles, uses: z.int().optional() })

/** What a machine without Hansa enrols with: by EST the secret, by ACME the id and the key of an external account binding. */
export const voucherResponse = z.object({
  id: z.string(),
  secret: z.string(),
  eabKey: z.string().meta({ description: 'base64url' }),
  name: z.string(),
  domain: z.string(),
  roles,
  uses: z.int(),
  expiresAt: z.number(),
  dnsNames: z.array(z.string()).meta({ description: 'What the first certificate may have; with several uses, some depend on its number.' }),
  origin: z.string().optional().meta({ description: 'https: origin of the doors of this node, by a name that its certificate has.' }),
  roots: z
    .object({ url: z.string(), sha256: z.string().meta({ description: 'SHA-256 of the whole file that is there.' }) })
    .optional()
    .meta({ description: 'What the doors are verified by; absent where they show a certificate of somebody else.' })
})
export type VoucherResponse = z.infer<typeof voucherResponse>

export const certificate = z.object({
  serial: z.string(),
  spiffeId: z.string(),
  roles,
  scopes: z.array(z.string()),
  organisation: z.string().optional(),
  dnsNames: z.array(z.string()),
  peer: z.string().meta({ description: 'PeerId; empty for a key that no node of the swarm has.' }),
  key: z.enum(['Ed25519', 'P-256']),
  keyId: z.string().meta({ description: 'SHA-256 of the public key.' }),
  issuer: z.string().meta({ description: 'SHA-256 of the public key of the CA: the id of its list.' }),
  notBefore: z.number(),
  notAfter: z.number(),
  state: z.enum(['good', 'held', 'revoked', 'expired', 'unknown']),
  revokedAt: z.number().optional(),
  reason: z.string().optional(),
  replaces: z.string().optional().meta({ description: 'Serial that it took over from.' }),
  tokenUntil: z.number().optional().meta({ description: "End of the ACA's signed word on its state." })
})
export type Certificate = z.infer<typeof certificate>

export const certificateRequest = z.strictObject({ certificate: z.string().min(1).max(512).meta({ description: 'Serial, SPIFFE ID, handle or PeerId.' }) })
export const certificateList = z.object({ certificates: z.array(certificate) })

export const revokeRequest = z.strictObject({ ...certificateRequest.shape, reason })
export const revokeOrganisationRequest = z.strictObject({ organisation: z.string().min(1).max(256), reason })
export const revokeResponse = z.object({ revoked: z.array(certificate), crlNumber: z.number() })
export const releaseResponse = z.object({ released: z.array(certificate), crlNumber: z.number() })

export const crlRequest = z.strictObject({ issuer: z.string().max(64).optional().meta({ description: 'Id of the CA; the one that signs now otherwise.' }) })
export const crlResponse = z.object({
  domain: z.string(),
  number: z.number(),
  thisUpdate: z.number(),
  nextUpdate: z.number(),
  revoked: z.array(z.object({ serial: z.string(), revokedAt: z.number(), reason: z.string() })),
  pem: z.string()
})

export const rootList = z.object({
  domains: z.array(
    z.object({
      domain: z.string(),
      own: z.boolean(),
      roots: z.array(
        z.object({ sha256: z.string().meta({ description: 'SHA256: and the lower-case hex fingerprint, as gw connect --root takes it.' }), pem: z.string() })
      )
    })
  )
})
export const unlistRequest = z.strictObject({ domain: z.string().min(1).max(253) })
export const unlistResponse = z.object({ domain: z.string() })

export const auditRequest = z.strictObject({ from: count.optional().meta({ description: 'Number of the first entry.' }), limit: count.optional() })
export const auditEntry = z.object({
  number: z.int(),
  at: z.number(),
  event: z.string(),
  by: z.string(),
  subject: z.string(),
  details: z.record(z.string(), z.string()),
  previous: z.string().meta({ description: 'Hash of the entry before.' })
})
export const auditList = z.object({ entries: z.array(auditEntry) })
export const auditVerification = z.object({
  ok: z.boolean(),
  entries: z.int(),
  head: z.string().meta({ description: 'Hash of the newest entry, over all before it.' }),
  brokenAt: z.int().optional(),
  why: z.string().optional()
})

export const ownCertificate = z.object({ certificate, issuer: z.string(), chainPem: z.string(), renewAt: z.number().optional() })
export type OwnCertificate = z.infer<typeof ownCertificate>

export const renewRequest = z.strictObject({ scopes: scopes.default([]).meta({ description: 'Fewer than it has; none: the same.' }) })
export const rekeyResponse = z.object({ certificate, replaces: z.string().meta({ description: 'Serial of the certificate that the node still uses.' }) })
export const revokeOwnRequest = z.strictObject({ reason })
export const revokeOwnResponse = z.object({ serial: z.string(), crlNumber: z.number() })
