import type { HansaNode } from '../../node/hansa-node.ts'
import { HansaError } from '../../schema/errors.ts'
import type { Application } from '../application-types.ts'
import type { AdminRequest, NodeOperations } from '../operations.ts'
import type { Certificate } from '../trust-types.ts'

type Authority = NonNullable<HansaNode['aca']>
type View = ReturnType<Authority['list']>[number]
type Applied = ReturnType<Authority['application']>
type CaDesk = Pick<
  NodeOperations,
  | 'applications'
  | 'application'
  | 'approve'
  | 'reject'
  | 'certificates'
  | 'certificate'
  | 'revoke'
  | 'revokeOrganisation'
  | 'release'
  | 'crl'
  | 'audit'
  | 'auditVerify'
>

/** Entries that one question brings when it does not say how many. */
const AUDIT_LIMIT = 100

/** The ACA's desk (draft 3.1.1, 3.1.2). */
export function caDeskOperations(node: HansaNode): CaDesk {
  const { domain } = node.home.config
  const authority = (): Authority => {
    if (node.aca === undefined) throw new HansaError('ROLE_MISSING', 'this node is no certificate authority', { role: 'aca' })
    return node.aca
  }
  return {
    applications: async () => ({ applications: authority().pending().map(applicationOf) }),
    application: async ({ application }) => applicationOf(authority().application(application)),
    approve: async (request) => applicationOf(await authority().approve(request.application, { ...approvalOf(request), ...changesOf(request) })),
    reject: async (request) => applicationOf(await authority().reject(request.application, request.why, approvalOf(request))),
    certificates: async () => ({ certificates: authority().list().map(certificateOf) }),
    certificate: async ({ certificate }) => ({ certificates: authority().show(certificate).map(certificateOf) }),
    async revoke({ certificate, reason }) {
      const { revoked, crlNumber } = await authority().revoke(certificate, reason)
      return { revoked: revoked.map(certificateOf), crlNumber }
    },
    async revokeOrganisation({ organisation, reason }) {
      const { revoked, crlNumber } = await authority().revokeOrganisation(organisation, reason)
      return { revoked: revoked.map(certificateOf), crlNumber }
    },
    async release({ certificate }) {
      const { released, crlNumber } = await authority().release(certificate)
      return { released: released.map(certificateOf), crlNumber }
    },
    async crl({ issuer }) {
      const list = authority().crl(issuer)
      const revoked = [...list.revoked].map(([serial, { at, reason }]) => ({ serial, revokedAt: at, reason: reasonName(reason) }))
      return { domain, number: list.number, thisUpdate: list.thisUpdate, nextUpdate: list.nextUpdate, revoked, pem: node.desk.pem('X509 CRL', list.der) }
    },
    async audit({ from, limit }) {
      const entries = authority().audit({ ...(from === undefined ? {} : { from: Number(from) }), limit: limit === undefined ? AUDIT_LIMIT : Number(limit) })
      return { entries: entries.map((entry) => ({ ...entry, details: { ...entry.details } })) }
    },
    auditVerify: async () => authority().verifyAudit()
  }
}

function approvalOf({ approver, signature }: Pick<AdminRequest<'approve'>, 'approver' | 'signature'>) {
  return {
    ...(approver === undefined ? {} : { approver }),
    ...(signature === undefined ? {} : { signature: new Uint8Array(Buffer.from(signature, 'base64')) })
  }
}

function changesOf({ name, roles, scopes }: AdminRequest<'approve'>) {
  return { ...(name === undefined ? {} : { name }), ...(roles === undefined ? {} : { roles }), ...(scopes === undefined ? {} : { scopes }) }
}

function applicationOf({ asked, skills, documents, verdicts, approvals, ...rest }: Applied): Application {
  return {
    ...rest,
    asked: { ...asked, roles: [...asked.roles], scopes: [...asked.scopes], dnsNames: [...asked.dnsNames] },
    skills: [...skills],
    documents: [...documents],
    verdicts: [...verdicts],
    approvals: [...approvals]
  }
}

/** RFC 5280 5.3.1 by number. */
const REASONS = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  '',
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise'
]

function reasonName(number: number): string {
  return REASONS[number] ?? String(number)
}

function certificateOf(view: View): Certificate {
  const { serial, spiffeId, roles, scopes, organisation, dnsNames, peer, keyId, issuer, notBefore, notAfter, state, revokedAt, reason, replaces } = view
  return {
    ...{ serial, spiffeId, peer, keyId, issuer, notBefore, notAfter, state },
    roles: [...roles],
    scopes: [...scopes],
    dnsNames: [...dnsNames],
    key: peer === '' ? 'P-256' : 'Ed25519',
    ...(organisation === undefined ? {} : { organisation }),
    ...(revokedAt === undefined ? {} : { revokedAt, reason: reason ?? 'unspecified' }),
    ...(replaces === undefined ? {} : { replaces })
  }
}
