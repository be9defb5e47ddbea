import type { HansaNode } from '../../node/hansa-node.ts'
import { CertificateState } from '../../schema/generated/hansa/v1/trust_pb.ts'
import type { NodeOperations } from '../operations.ts'
import type { Certificate, OwnCertificate } from '../trust-types.ts'

type Own = Pick<NodeOperations, 'ownCertificate' | 'ownCertificateStatus' | 'renew' | 'rekey' | 'revokeOwn'>

const STATES: Readonly<Record<number, Certificate['state']>> = {
  [CertificateState.UNSPECIFIED]: 'unknown',
  [CertificateState.GOOD]: 'good',
  [CertificateState.REVOKED]: 'revoked',
  [CertificateState.HELD]: 'held',
  [CertificateState.EXPIRED]: 'expired',
  [CertificateState.UNKNOWN]: 'unknown'
}

/** This node's own certificate (draft 3.1.2). */
export function ownCertificateOperations(node: HansaNode): Own {
  return {
    ownCertificate: async () => own(node),
    async ownCertificateStatus() {
      const { certificate } = own(node)
      const { state, revokedAt, reason, tokenUntil } = await node.desk.certificateStatus()
      return {
        ...certificate,
        state: STATES[state] ?? 'unknown',
        ...(revokedAt > 0n ? { revokedAt: Number(revokedAt), reason } : {}),
        ...(tokenUntil === undefined ? {} : { tokenUntil })
      }
    },
    async renew({ scopes }) {
      await node.member.renew(scopes)
      return own(node)
    },
    async rekey() {
      const certificate = await node.desk.rekey()
      return { certificate: viewOf(certificate, 'good'), replaces: node.desk.ownCertificate().serial }
    },
    async revokeOwn({ reason }) {
      const { serial } = node.desk.ownCertificate()
      return { serial, crlNumber: await node.member.revoke(serial, reason) }
    }
  }
}

function own(node: HansaNode): OwnCertificate {
  const certificate = node.desk.ownCertificate()
  const { chainPem, renewAt, issuerFingerprint } = certificate
  return { certificate: viewOf(certificate, node.clock.now() > certificate.notAfter ? 'expired' : 'good'), issuer: issuerFingerprint, chainPem, renewAt }
}

function viewOf(certificate: ReturnType<HansaNode['desk']['ownCertificate']>, state: Certificate['state']): Certificate {
  const { serial, spiffeId, roles, scopes, organisation, dnsNames, peer, key, keyId, issuer, notBefore, notAfter } = certificate
  return {
    ...{ serial, spiffeId, peer, key, keyId, issuer, notBefore, notAfter, state },
    roles: [...roles],
    scopes: [...scopes],
    dnsNames: [...dnsNames],
    ...(organisation === undefined ? {} : { organisation })
  }
}
