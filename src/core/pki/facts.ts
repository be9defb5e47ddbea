/** What the rules need of a certificate; wire/x509 reads it from DER. */
export interface CertificateFacts {
  readonly tbs: Uint8Array
  readonly signature: Uint8Array
  readonly signatureAlgorithm: string
  readonly version: number
  /** Lower-case hex without leading zeros. */
  readonly serial: string
  /** Names as DER. */
  readonly issuer: Uint8Array
  readonly subject: Uint8Array
  /** Milliseconds since the epoch, both inclusive. */
  readonly notBefore: number
  readonly notAfter: number
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
  readonly extensions: readonly { readonly oid: string; readonly critical: boolean }[]
  readonly basicConstraints?: { readonly ca: boolean; readonly pathLength?: number }
  readonly keyUsage?: readonly string[]
  readonly extendedKeyUsage?: readonly string[]
  readonly subjectAltNames?: readonly NameFacts[]
  readonly nameConstraints?: ConstraintFacts
  readonly subjectKeyIdentifier?: string
  readonly authorityKeyIdentifier?: string
  /** Our own extension. */
  readonly holder?: { readonly roles: readonly string[]; readonly scopes: readonly string[]; readonly organisation?: string }
}

export interface NameFacts {
  readonly form: 'uri' | 'dns' | 'ip' | 'other'
  /** As written; for `ip` the bytes in hex. */
  readonly value: string
}

export interface ConstraintFacts {
  readonly permitted: readonly NameFacts[]
  readonly excluded: readonly NameFacts[]
}

/** What the rules need of a revocation list. */
export interface CrlFacts {
  readonly tbs: Uint8Array
  readonly signature: Uint8Array
  readonly signatureAlgorithm: string
  readonly issuer: Uint8Array
  readonly thisUpdate: number
  readonly nextUpdate: number
  readonly number: number
  readonly authorityKeyIdentifier?: string
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}
