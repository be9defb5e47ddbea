import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { HansaError } from '../../schema/errors.ts'

/** A P-256 key (ECDSA with SHA-256), for TLS clients that do not know Ed25519. */
export interface P256Key {
  /** DER SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array
  /** Signature in DER, as X.509 has it. */
  sign(data: Uint8Array): Uint8Array
}

/** A fresh key, PKCS#8 PEM. */
export function generateP256(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** Throws KEY_MISSING for what is no P-256 key in PKCS#8 PEM. */
export function readP256(pem: string): P256Key {
  let key
  try {
    key = createPrivateKey(pem)
  } catch (cause) {
    throw new HansaError('KEY_MISSING', 'not a private key in PKCS#8 PEM', {}, cause)
  }
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new HansaError('KEY_MISSING', `a ${key.asymmetricKeyType} key where a P-256 key is wanted`)
  const publicKey = new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' }))
  return { publicKey, sign: (data) => new Uint8Array(sign('sha256', data, key)) }
}
