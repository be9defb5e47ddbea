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
  /** The subject as a name that can be constrained, and e-mail addresses in it; none for an empty subject. */
  readonly subjectNames: readonly NameFacts[]
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
  /** URIs of the revocation lists on which it would stand. */
  readonly crlDistributionPoints?: readonly string[]
  /** Our own extension. */
  readonly holder?: { readonly roles: readonly string[]; readonly scopes: readonly string[]; readonly organisation?: string }
}

export interface NameFacts {
  readonly form: 'uri' | 'dns' | 'ip' | 'email' | 'directory' | 'other'
  /**
   * As written; for `ip` the bytes in hex (in a constraint: address, then mask); for `directory` a text in which equal names are equal, and a name that another
   * one begins with is a prefix of it, or `?` when it cannot be compared; for `other` the kind.
   */
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
  /** What it is about, when that is not all that its issuer has certified: certificates that point to one of `uris`, and users or CAs only. */
  readonly scope?: { readonly uris?: readonly string[]; readonly only?: 'users' | 'cas' }
  /** By serial, lower-case hex without leading zeros. */
  readonly revoked: ReadonlyMap<string, { readonly at: number; readonly reason: number }>
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** True for a certificate whose subject and issuer are the same name (RFC 5280 6.1): a root, or a CA that changes its key. */
export function isSelfIssued({ subject, issuer }: Pick<CertificateFacts, 'subject' | 'issuer'>): boolean {
  return sameBytes(subject, issuer)
}
