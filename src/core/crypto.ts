/** Signature check, synchronous: true when `signature` over `data` was made by the key in `spki` (DER SubjectPublicKeyInfo). Never throws. */
export type Verify = (spki: Uint8Array, data: Uint8Array, signature: Uint8Array) => boolean

/** SHA-256, 32 bytes. */
export type Sha256 = (data: Uint8Array) => Uint8Array

/** Hashes by which foreign protocols name keys and names; none of them is what we rest a signature on. */
export type HashName = 'sha1' | 'sha256' | 'sha384' | 'sha512'

export type Digest = (hash: HashName, data: Uint8Array) => Uint8Array
