import { hex } from '../core/ids/hex.ts'
import { renewalTime } from '../core/pki/renewal.ts'
import type { Role } from '../core/ids/role.ts'
import { sha256 } from '../adapters/system/crypto.ts'
import type { PeerIdentity } from '../ports/identity.ts'
import { HansaError } from '../schema/errors.ts'
import { parseCertificate } from '../wire/x509/certificate.ts'
import { encodePem } from '../wire/x509/pem.ts'
import { fingerprint } from './fingerprint.ts'

/** A certificate of this node as its operator sees it. */
export interface OwnCertificate {
  readonly serial: string
  readonly spiffeId: string
  readonly roles: readonly Role[]
  readonly scopes: readonly string[]
  readonly organisation?: string
  readonly dnsNames: readonly string[]
  readonly peer: string
  readonly key: 'Ed25519'
  /** SHA-256 of the public key, hex. */
  readonly keyId: string
  /** SHA-256 of the public key of the CA, hex. */
  readonly issuer: string
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  /** Of the issuing CA's certificate. */
  readonly issuerFingerprint: string
  readonly chainPem: string
  readonly renewAt: number
}

/** Half of the spread: what is shown is a time, when it happens is drawn. */
const MIDDLE = 0.5

/** `identity` is what verifying `chain` gave. Throws UNAUTHENTICATED before enrolment. */
export function ownView(identity: PeerIdentity | undefined, chain: readonly Uint8Array[]): OwnCertificate {
  const [leaf, issuing] = chain
  if (identity === undefined || leaf === undefined || issuing === undefined) throw new HansaError('UNAUTHENTICATED', 'this node has no certificate yet')
  const { serial, spiffeId, roles, scopes = [], organisation, peer } = identity
  const { notBefore, notAfter, spki, subjectAltNames = [] } = parseCertificate(leaf)
  return {
    ...{ serial, spiffeId, roles, scopes, peer, notBefore, notAfter },
    ...(organisation === undefined ? {} : { organisation }),
    key: 'Ed25519',
    dnsNames: subjectAltNames.filter(({ form }) => form === 'dns').map(({ value }) => value),
    keyId: hex(sha256(spki)),
    issuer: hex(sha256(parseCertificate(issuing).spki)),
    issuerFingerprint: fingerprint(issuing),
    chainPem: chain.map((each) => encodePem('CERTIFICATE', each)).join(''),
    renewAt: renewalTime(notBefore, notAfter, MIDDLE)
  }
}
