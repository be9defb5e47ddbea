import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'
import type { Issuer } from '../../ports/issuer.ts'
import { HansaError } from '../../schema/errors.ts'
import { decodePem, encodePem } from '../../wire/x509/pem.ts'
import { parseCertificate } from '../../wire/x509/certificate.ts'
import { parseSpiffeId } from '../../core/ids/spiffe-id.ts'
import { importKeys, type KeyPair, signIssuing, signLeaf, signRoot } from './certificates.ts'

/** A domain's CA as its files hold it: keys in PKCS#8 PEM, certificates in PEM. The root key belongs offline after this. */
export interface Authority {
  readonly rootKey: string
  readonly rootCert: string
  readonly issuingKey: string
  readonly issuingCert: string
}

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Ten years: replacing a root means that every domain lists it anew. */
const ROOT_DAYS = 3650
/** Two years; a new one needs the root key only, and nobody else hears of it. */
const ISSUING_DAYS = 730

/** Founds a domain: a root of path length 1 and an issuing CA of path length 0 bound to the domain. `now` in milliseconds since the epoch. */
export async function createAuthority(domain: string, now: number): Promise<Authority> {
  const rootKey = generateKeyPairSync('ed25519').privateKey
  const issuingKey = generateKeyPairSync('ed25519').privateKey
  const rootKeys = await keysOf(rootKey)
  const issuingKeys = await keysOf(issuingKey)
  const notBefore = now - HOUR
  const root = await signRoot({ serial: serialNumber(), name: `${domain} root`, domain, notBefore, notAfter: now + ROOT_DAYS * DAY }, rootKeys)
  const issuing = await signIssuing(
    { serial: serialNumber(), name: `${domain} issuing`, domain, notBefore, notAfter: now + ISSUING_DAYS * DAY },
    issuingKeys.publicKey,
    { certificate: root, keys: rootKeys }
  )
  return { rootKey: pem(rootKey), rootCert: encodePem('CERTIFICATE', root), issuingKey: pem(issuingKey), issuingCert: encodePem('CERTIFICATE', issuing) }
}

/** The issuing CA ready to sign. The root's key is not needed. Throws KEY_MISSING when the key does not go with the certificate. */
export async function loadIssuer(domain: string, files: Omit<Authority, 'rootKey'>): Promise<Issuer> {
  const [root] = decodePem('CERTIFICATE', files.rootCert)
  const [issuing] = decodePem('CERTIFICATE', files.issuingCert)
  if (root === undefined || issuing === undefined) throw new HansaError('KEY_MISSING', 'the CA certificates are missing')
  const key = readKey(files.issuingKey)
  if (!new X509Certificate(issuing).checkPrivateKey(key)) throw new HansaError('KEY_MISSING', 'the issuing key does not go with the issuing certificate')
  const keys = await keysOf(key)
  const chain = [issuing, root]
  const signBytes = (data: Uint8Array): Uint8Array => new Uint8Array(sign(null, data, key))
  return {
    domain,
    chain,
    issue: ({ publicKey, ...contents }) =>
      signLeaf({ ...contents, name: parseSpiffeId(contents.spiffeId).name, domain }, publicKey, { certificate: issuing, keys }),
    signers: [{ id: hash('sha256', parseCertificate(issuing).spki), chain, sign: signBytes }],
    roots: [root],
    rootLists: []
  }
}

/** 16 random bytes, positive and never zero at the head, so that every way of writing it agrees. */
export function serialNumber(): Uint8Array {
  const bytes = new Uint8Array(randomBytes(16))
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes
}

function readKey(text: string): KeyObject {
  try {
    return createPrivateKey(text)
  } catch (cause) {
    throw new HansaError('KEY_MISSING', 'the issuing key is no PKCS#8 PEM', {}, cause)
  }
}

async function keysOf(key: KeyObject): Promise<KeyPair> {
  return importKeys(key.export({ type: 'pkcs8', format: 'der' }), createPublicKey(key).export({ type: 'spki', format: 'der' }))
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}
