/** How a signature is made; ECDSA with the hash that is named. */
export type SignatureAlgorithm = 'ed25519' | 'ecdsa-sha256' | 'ecdsa-sha384'

/**
 * Signature check, synchronous: true when `signature` over `data` was made by the key in `spki` (DER SubjectPublicKeyInfo) with just this algorithm; Ed25519
 * when none is named, as everywhere but in certificates. ECDSA signatures are DER (RFC 3279 2.2.3). False for keys of another kind. Never throws.
 */
export type Verify = (spki: Uint8Array, data: Uint8Array, signature: Uint8Array, algorithm?: SignatureAlgorithm) => boolean

/** SHA-256, 32 bytes. */
export type Sha256 = (data: Uint8Array) => Uint8Array

/** Hashes by which foreign protocols name keys and names; none of them is what we rest a signature on. */
export type HashName = 'sha1' | 'sha256' | 'sha384' | 'sha512'

export type Digest = (hash: HashName, data: Uint8Array) => Uint8Array
