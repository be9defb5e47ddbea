import { createCipheriv, createPrivateKey, type KeyObject, pbkdf2Sync, randomBytes } from 'node:crypto'
import { HansaError } from '../../schema/errors.ts'
import { element, oid, sequence, small } from '../../wire/x509/der-writer.ts'
import { TAG } from '../../wire/x509/der.ts'
import { encodePem } from '../../wire/x509/pem.ts'

/** As OWASP advises for PBKDF2-HMAC-SHA256: about half a second for us, years for who guesses a good passphrase. OpenSSL's own default is 2,048. */
const ITERATIONS = 600_000
/** Characters; less can be guessed. */
const MIN_PASSPHRASE = 12

const PBES2 = '1.2.840.113549.1.5.13'
const PBKDF2 = '1.2.840.113549.1.5.12'
const HMAC_SHA256 = '1.2.840.113549.2.9'
const AES_256_CBC = '2.16.840.1.101.3.4.1.42'

/**
 * A private key sealed with a passphrase: EncryptedPrivateKeyInfo (RFC 5958 3) with PBES2, PBKDF2-HMAC-SHA256 and AES-256-CBC (RFC 8018), PEM, as `openssl pkey -passin`
 * reads it. Node's own export would count to 2,048 only. Throws INVALID_ARGUMENT for a passphrase of fewer than 12 characters.
 */
export function sealKey(key: KeyObject, passphrase: string): string {
  if (passphrase.length < MIN_PASSPHRASE)
    throw new HansaError('INVALID_ARGUMENT', `a passphrase of ${passphrase.length} characters; at least ${MIN_PASSPHRASE} are wanted`, {
      argument: 'passphrase'
    })
  const salt = randomBytes(16)
  const iv = randomBytes(16)
  const cipher = createCipheriv('aes-256-cbc', pbkdf2Sync(passphrase, salt, ITERATIONS, 32, 'sha256'), iv)
  const sealed = Buffer.concat([cipher.update(key.export({ type: 'pkcs8', format: 'der' })), cipher.final()])
  const octets = (bytes: Uint8Array): Uint8Array => element(TAG.octetString, bytes)
  const derivation = sequence(oid(PBKDF2), sequence(octets(salt), small(ITERATIONS), sequence(oid(HMAC_SHA256), element(TAG.null))))
  const algorithm = sequence(oid(PBES2), sequence(derivation, sequence(oid(AES_256_CBC), octets(iv))))
  return encodePem(SEALED, sequence(algorithm, octets(sealed)))
}

const SEALED = 'ENCRYPTED PRIVATE KEY'

export function isSealed(pem: string): boolean {
  return pem.includes(`-----BEGIN ${SEALED}-----`)
}

/** A key from PKCS#8 PEM, sealed or not. Throws ROOT_SEALED without the right passphrase, KEY_MISSING for what is no key. */
export function openKey(pem: string, passphrase?: string): KeyObject {
  if (isSealed(pem) && passphrase === undefined) throw new HansaError('ROOT_SEALED', 'the key is sealed with a passphrase')
  try {
    return createPrivateKey({ key: pem, format: 'pem', ...(isSealed(pem) ? { passphrase } : {}) })
  } catch (cause) {
    if (isSealed(pem)) throw new HansaError('ROOT_SEALED', 'the passphrase does not open the key', {}, cause)
    throw new HansaError('KEY_MISSING', 'not a private key in PKCS#8 PEM', {}, cause)
  }
}

/** PKCS#8 PEM, not sealed. */
export function keyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}
