import type { HansaNode } from '../../node/hansa-node.ts'
import { HansaError } from '../../schema/errors.ts'
import { CertificateState } from '../../schema/generated/hansa/v1/trust_pb.ts'
import type { NodeOperations } from '../operations.ts'
import type { Certificate, OwnCertificate } from '../types.ts'

type Authority = NonNullable<HansaNode['aca']>
type View = ReturnType<Authority['list']>[number]
type TrustOperations = Pick<
  NodeOperations,
  'invite' | 'swarmInvite' | 'certificates' | 'certificate' | 'revoke' | 'crl' | 'roots' | 'unlist' | 'ownCertificate' | 'ownCertificateStatus' | 'renew'
>

const STATES: Readonly<Record<number, Certificate['state']>> = {
  [CertificateState.UNSPECIFIED]: 'unknown',
  [CertificateState.GOOD]: 'good',
  [CertificateState.REVOKED]: 'revoked',
  [CertificateState.HELD]: 'held',
  [CertificateState.EXPIRED]: 'expired',
  [CertificateState.UNKNOWN]: 'unknown'
}

/** The ACA's desk, and this node's own certificate (draft 3.1). */
export function trustOperations(node: HansaNode): TrustOperations {
  const { domain } = node.home.config
  const authority = (): Authority => {
    if (node.aca === undefined) throw new HansaError('ROLE_MISSING', 'this node is no certificate authority', { role: 'aca' })
    return node.aca
  }
  return {
    async invite({ roles, name, ttlMs, uses, replace }) {
      const made = await node.desk.invite({ roles, ttlMs, uses, replace, ...(name === undefined ? {} : { name }) })
      return { invite: made.invite, domain, expiresAt: made.expiresAt, roles: [...made.roles], uses }
    },
    swarmInvite: async ({ ttlMs }) => ({ ...node.desk.swarmInvite(ttlMs), domain, roles: [] }),
    certificates: async () => ({ certificates: authority().list().map(certificateOf) }),
    certificate: async ({ certificate }) => ({ certificates: authority().show(certificate).map(certificateOf) }),
    async revoke({ certificate, reason }) {
      const { revoked, crlNumber } = await authority().revoke(certificate, reason)
      return { revoked: revoked.map(certificateOf), crlNumber }
    },
    async crl() {
      const list = authority().crl()
      const revoked = [...list.revoked].map(([serial, { at, reason }]) => ({ serial, revokedAt: at, reason: reasonName(reason) }))
      return { domain, number: list.number, thisUpdate: list.thisUpdate, nextUpdate: list.nextUpdate, revoked, pem: node.desk.pem('X509 CRL', list.der) }
    },
    async unlist({ domain: listed }) {
      if (!(await node.identities.unlist(listed))) throw new HansaError('NOT_FOUND', `${JSON.stringify(listed)} is not listed here`)
      return { domain: listed }
    },
    roots: async () => ({ domains: node.desk.roots().map((each) => ({ ...each, roots: [...each.roots] })) }),
    ownCertificate: async () => own(node),
    async ownCertificateStatus() {
      const { serial, spiffeId, roles, peer, notBefore, notAfter } = node.desk.ownCertificate()
      const { state, revokedAt, reason } = await node.desk.certificateStatus()
      const revocation = state === CertificateState.REVOKED ? { revokedAt: Number(revokedAt), reason } : {}
      return { serial, spiffeId, roles: [...roles], peer, notBefore, notAfter, state: STATES[state] ?? 'unknown', ...revocation }
    },
    async renew() {
      await node.member.renew()
      return own(node)
    }
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

function certificateOf({ serial, spiffeId, roles, peer, notBefore, notAfter, state, revokedAt, reason }: View): Certificate {
  const revocation = revokedAt === undefined ? {} : { revokedAt, reason: reason ?? 'unspecified' }
  return { serial, spiffeId, roles: [...roles], peer, notBefore, notAfter, state, ...revocation }
}

function own(node: HansaNode): OwnCertificate {
  const { issuer, chainPem, renewAt, serial, spiffeId, roles, peer, notBefore, notAfter } = node.desk.ownCertificate()
  const state = node.clock.now() > notAfter ? 'expired' : 'good'
  return { certificate: { serial, spiffeId, roles: [...roles], peer, notBefore, notAfter, state }, issuer, chainPem, renewAt }
}
