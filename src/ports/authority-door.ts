import type { Grant } from '../core/pki/grant.ts'
import type { State } from '../core/pki/issued.ts'
import type { Verdict } from '../core/pki/verdict.ts'
import type { PeerIdentity } from './identity.ts'
import type { CaSigner } from './issuer.ts'

/** Through which door an application came: all lead to one issuance function and one policy. */
export type DoorName = 'libp2p' | 'est' | 'acme' | 'cli'

/** Who stands at the door, as far as the door has proved it. */
export interface Applicant {
  readonly door: DoorName
  /** PeerId that the transport proved: a CSR must then be for that key. */
  readonly peer?: string
  /** Certificate that was shown, believed and proved (hello, mTLS). */
  readonly identity?: PeerIdentity
  /** JWK thumbprint (RFC 7638) of an ACME account whose signature was checked. */
  readonly account?: string
}

/** draft 3.1.1: a certificate application. */
export interface Application {
  /** PKCS#10, DER. */
  readonly csr: Uint8Array
  /** Secret of an operator's voucher. */
  readonly voucher?: string
  readonly materials?: Materials
  /** Serial of a revoked certificate that it stands in for (draft 3.1.2). */
  readonly cites?: string
  /** Of what is granted, the names that are wanted in the certificate (an ACME order); all of them otherwise. */
  readonly dnsNames?: readonly string[]
}

export interface Materials {
  readonly oidcToken?: string
  readonly documents: readonly OrganisationDocument[]
  readonly developer?: string
  readonly organisation?: string
  readonly name?: string
  readonly roles: readonly string[]
  readonly scopes: readonly string[]
  readonly skills: readonly string[]
}

export interface OrganisationDocument {
  readonly title: string
  /** SHA-256 of the document, 32 bytes. */
  readonly sha256: Uint8Array
  /** UTF-8 JSON { iss, sub, sha256, iat, exp, key? }: `key` binds it to the applicant with that key (SHA-256 of the SubjectPublicKeyInfo, hex). */
  readonly statement: Uint8Array
  /** Detached JWS over the statement (RFC 7515 appendix F). */
  readonly jws: string
}

/** What came of an application. `applicationId` is secret: who knows it may ask again. */
export type Outcome =
  | { readonly state: 'issued'; readonly applicationId: string; readonly verdicts: readonly Verdict[]; readonly chain: readonly Uint8Array[] }
  | {
      readonly state: 'pending'
      readonly applicationId: string
      readonly verdicts: readonly Verdict[]
      readonly message: string
      readonly retryAfterMs: number
    }
  | { readonly state: 'rejected'; readonly applicationId: string; readonly verdicts: readonly Verdict[]; readonly message: string }

/** A certificate as the ACA remembers it. */
export interface Standing {
  readonly serial: string
  readonly state: State | 'unknown'
  readonly spiffeId?: string
  /** Hex; see Issued.issuer. */
  readonly issuer?: string
  readonly notBefore?: number
  readonly notAfter?: number
  readonly revokedAt?: number
  /** RFC 5280 5.3.1 reason name. */
  readonly reason?: string
}

/** What the foreign doors of an ACA (EST, ACME, OCSP, documents) ask of it. Bytes from outside come in as they are: the ACA parses them. */
export interface AuthorityDoor {
  readonly domain: string
  /** Throws CSR_INVALID, KEY_REFUSED, VOUCHER_INVALID, NAME_TAKEN, SCOPE_EXCEEDED, INVALID_ARGUMENT, OVERLOADED; all else is an outcome. */
  apply(application: Application, applicant: Applicant): Promise<Outcome>
  /** draft 3.1.2: with the old certificate, which `applicant.identity` has proved; the key may be the same or, with EST, a new one (RFC 7030 4.2.2). The chain, leaf first. */
  renew(csr: Uint8Array, applicant: Applicant): Promise<readonly Uint8Array[]>
  /** How an application fares. Throws NOT_FOUND. */
  application(id: string): Outcome
  /**
   * ACME external account binding: burns one use of a voucher, named by its public id, and remembers what it grants for an account key (thumbprint). The same key
   * again gives the same. Throws VOUCHER_INVALID.
   */
  bindAccount(voucherId: string, thumbprint: string): Promise<Grant>
  /** HMAC key (RFC 8555 7.3.4) that goes with a voucher's public id; undefined when no such voucher is open. */
  eabKey(voucherId: string): Uint8Array | undefined
  /** What an account may have; undefined when it has been bound to nothing, or that was revoked. */
  accountGrant(thumbprint: string): Grant | undefined
  /** Revokes one certificate for who has proved its key (`spki`, DER) or the account that got it. Throws PERMISSION_DENIED, NOT_FOUND, INVALID_ARGUMENT (reason). */
  revoke(serial: string, reason: string, by: { readonly spki: Uint8Array } | { readonly account: string }): Promise<void>
  standing(serial: string): Standing
  /** See Issuer. */
  readonly signers: readonly CaSigner[]
  roots(): readonly Uint8Array[]
  /** Current list of one CA (`CaSigner.id`) or of a root; of the CA that signs now when absent. DER. Throws NOT_FOUND. */
  crl(issuer?: string): Uint8Array
  /** Answers an OCSP request (RFC 6960), DER to DER. Never throws: what is wrong is an answer, too. */
  ocsp(request: Uint8Array): Uint8Array
}
