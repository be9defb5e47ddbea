import type { Issued } from './issued.ts'
import type { NameFacts } from './facts.ts'

/** What an application asks for: certification of a key. wire/x509 reads it from the CSR. */
export interface CsrFacts {
  readonly info: Uint8Array
  readonly spki: Uint8Array
  readonly signature: Uint8Array
  readonly signatureAlgorithm: string
  /** Attributes of the subject, by dotted OID; empty for most requests. */
  readonly subject: readonly { readonly oid: string; readonly value: string }[]
  /** Alternative names that the request asks for. Names never come from here: they must agree with what is granted. */
  readonly alternativeNames: readonly NameFacts[]
}

/** What the ACA knows when it decides. */
export interface Evidence {
  readonly csr: CsrFacts
  /** SHA-256 of the request's SubjectPublicKeyInfo, hex. */
  readonly keyId: string
  /** SHA-256 of the request, hex. */
  readonly csrId: string
  /** PeerId that the transport proved; undefined when the application did not come over the network. */
  readonly peer: string | undefined
  readonly domain: string
  readonly now: number
  /** Certificates issued for a name. */
  byName(name: string): readonly Issued[]
  /** Certificates issued for a key. */
  byKey(keyId: string): readonly Issued[]
  /** Names of those who have a DNS name now. */
  dnsHolders(dnsName: string): readonly string[]
  /** Thumbprints of the ACME accounts that have a name. */
  accountsOf(name: string): readonly string[]
  /** True for a key that was given up as compromised. */
  blocked(keyId: string): boolean
  /** True for the key of a CA of the domain. */
  caKey(keyId: string): boolean
}
