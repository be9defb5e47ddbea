import type { Role } from '../core/ids/role.ts'

/** The CA keys of a node with the role aca at work. Whoever gets something signed checks it before it leaves. */
export interface Issuer {
  readonly domain: string
  /** The issuing CA that signs now first, its root last, DER. */
  readonly chain: readonly Uint8Array[]
  /** Signs a leaf certificate with the issuing CA that signs now, DER. */
  issue(leaf: LeafContents): Promise<Uint8Array>
  /** CAs whose revocation lists and OCSP answers this node signs: the one that signs now first, then those that it has replaced, until all that they issued has ended. */
  readonly signers: readonly CaSigner[]
  /** Roots of the domain, DER; two while one takes over from the other. */
  readonly roots: readonly Uint8Array[]
  /** Lists that the roots have signed, from the files that the operator brings: which issuing CAs are revoked. */
  readonly rootLists: readonly { readonly crl: Uint8Array; readonly chain: readonly Uint8Array[] }[]
}

export interface CaSigner {
  /** SHA-256 of its SubjectPublicKeyInfo, hex. */
  readonly id: string
  /** This CA first, root last, DER. */
  readonly chain: readonly Uint8Array[]
  /** Ed25519 signature. */
  sign(data: Uint8Array): Uint8Array
}

export interface LeafContents {
  /** 16 bytes, positive. */
  readonly serial: Uint8Array
  readonly spiffeId: string
  /** DNS names beside the SPIFFE ID, within the domain. */
  readonly dnsNames: readonly string[]
  readonly roles: readonly Role[]
  /** See Grant.scopes. */
  readonly scopes: readonly string[]
  readonly organisation?: string
  /** SHA-256 of the application that it is issued for. */
  readonly evidence?: Uint8Array
  /** SubjectPublicKeyInfo, DER: Ed25519, or P-256 for TLS clients and servers outside the network. */
  readonly publicKey: Uint8Array
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  /** Where its status is to be had; absent where no such address is known. */
  readonly pointers?: Pointers
}

/** http: URLs (RFC 5280 4.2.1.13, 4.2.2.1: never https:, whose own certificate would have to be checked first). */
export interface Pointers {
  readonly crl: string
  readonly ocsp: string
  /** The issuing CA's certificate, DER. */
  readonly issuer: string
}
