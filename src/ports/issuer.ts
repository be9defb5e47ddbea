import type { Role } from '../core/ids/role.ts'

/** The issuing CA's key at work. Whoever gets something signed checks it before it leaves. */
export interface Issuer {
  readonly domain: string
  /** Issuing CA first, root last, DER. */
  readonly chain: readonly Uint8Array[]
  /** Signs a leaf certificate, DER. `serial` is 16 bytes, positive. */
  issue(leaf: LeafContents): Promise<Uint8Array>
  /** Ed25519 signature with the issuing key, for revocation lists. */
  sign(data: Uint8Array): Uint8Array
}

export interface LeafContents {
  readonly serial: Uint8Array
  readonly spiffeId: string
  /** DNS name beside the SPIFFE ID, within the domain. */
  readonly dnsName?: string
  readonly roles: readonly Role[]
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
}
