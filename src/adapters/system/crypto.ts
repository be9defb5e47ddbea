import { createHmac, createPrivateKey, createPublicKey, hash, hkdfSync, type KeyObject, sign, verify } from 'node:crypto'
import { type KeyKind, keyKindOf } from '../../core/ids/key-kind.ts'
import { peerIdOf } from '../../core/ids/peer-id.ts'
import type { Digest, Sha256, SignatureAlgorithm, Verify } from '../../core/crypto.ts'
import type { Signer } from '../../ports/signer.ts'
import { HansaError } from '../../schema/errors.ts'

/** DER head of the PKCS#8 PrivateKeyInfo of an Ed25519 key (RFC 8410 7); the 32 bytes of the seed follow. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')

/** Keys kept parsed: parsing costs as much as half a verification. More than the neighbours and the ARSs of a large swarm. */
const MAX_KEYS = 4096

/** In one call: for what is short, making a Hash takes longer than hashing. */
export const sha256: Sha256 = (data) => hash('sha256', data, 'buffer')

export const digest: Digest = (name, data) => hash(name, data, 'buffer')

/** By algorithm: the kinds of key it goes with, and the hash of ECDSA. */
const ALGORITHMS: Readonly<Record<SignatureAlgorithm, { readonly kinds: readonly KeyKind[]; readonly hash: string | null }>> = {
  ed25519: { kinds: ['ed25519'], hash: null },
  'ecdsa-sha256': { kinds: ['p256', 'p384'], hash: 'sha256' },
  'ecdsa-sha384': { kinds: ['p256', 'p384'], hash: 'sha384' }
}

/**
 * Verification with Ed25519, P-256 and P-384 keys, which are kept parsed. OpenSSL refuses signatures under small-order keys, which some JavaScript libraries
 * take for good, so proofs of possession may rest on it; it refuses points that are not on their curve, and ECDSA signatures that are not DER.
 */
export function createVerify(maxKeys = MAX_KEYS): Verify {
  const keys = new Map<string, KeyObject>()
  return (spki, data, signature, algorithm = 'ed25519') => {
    const kind = keyKindOf(spki)
    const { kinds, hash: hashName } = ALGORITHMS[algorithm]
    if (kind === undefined || !kinds.includes(kind) || (kind === 'ed25519' && signature.length !== 64)) return false
    const id = Buffer.from(spki.buffer, spki.byteOffset, spki.byteLength).toString('latin1')
    let key = keys.get(id)
    if (key === undefined) {
      try {
        key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
      } catch {
        return false
      }
    } else keys.delete(id)
    // The map keeps insertion order: the first key is the one unused for longest.
    keys.set(id, key)
    if (keys.size > maxKeys) keys.delete(keys.keys().next().value ?? id)
    return verify(hashName, data, key, signature)
  }
}

/** A signer from the 32 bytes of an Ed25519 seed. The public half is derived, never believed. */
export function createSigner(seed: Uint8Array): Signer {
  const key = privateKeyOf(seed)
  const publicKey = new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' }))
  const peer = peerIdOf(publicKey)
  if (peer === undefined) throw new HansaError('INTERNAL', 'OpenSSL gave another form of an Ed25519 public key')
  return { peer, publicKey, sign: (data) => new Uint8Array(sign(null, data, key)) }
}

/** A keyed hash of this node (HMAC-SHA-256) for one purpose; its key comes from the seed, and tells nothing of it (HKDF, RFC 5869). */
export function createMac(seed: Uint8Array, purpose: string): (data: Uint8Array) => Uint8Array {
  const key = Buffer.from(hkdfSync('sha256', seed, '', `hansa:${purpose}`, 32))
  return (data) => createHmac('sha256', key).update(data).digest()
}

/** PKCS#8 PEM of a seed: what key files hold. */
export function seedToPem(seed: Uint8Array): string {
  return privateKeyOf(seed).export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** Seed of an Ed25519 key in PKCS#8 PEM; throws KEY_MISSING when it is none. */
export function seedFromPem(pem: string): Uint8Array {
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch (cause) {
    throw new HansaError('KEY_MISSING', 'not a private key in PKCS#8 PEM', {}, cause)
  }
  const { d } = key.export({ format: 'jwk' })
  if (key.asymmetricKeyType !== 'ed25519' || d === undefined)
    throw new HansaError('KEY_MISSING', `a ${key.asymmetricKeyType} key where an Ed25519 key is wanted`)
  return new Uint8Array(Buffer.from(d, 'base64url'))
}

function privateKeyOf(seed: Uint8Array): KeyObject {
  if (seed.length !== 32) throw new HansaError('KEY_MISSING', `a seed of ${seed.length} bytes; an Ed25519 seed has 32`)
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' })
}
