import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { parseCertificate } from '../../wire/x509/certificate.ts'
import { encodePem } from '../../wire/x509/pem.ts'
import { type CaPointers, signingCa, signIssuing, signRoot } from './certificates.ts'
import { signRootList } from './root-list.ts'

/** A domain's CA as its files hold it: keys in PKCS#8 PEM, certificates and lists in PEM. The root key belongs offline after this. */
export interface Authority extends RootFiles, IssuingFiles {
  readonly rootKey: string
}

export interface RootFiles {
  readonly rootCert: string
  /** Says which issuing CAs are revoked: none at first. */
  readonly rootCrl: string
}

export interface IssuingFiles {
  readonly issuingKey: string
  readonly issuingCert: string
}

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Ten years: replacing a root means that every domain lists it anew. */
const ROOT_DAYS = 3650
/** Two years; a new one needs the root key only, and nobody else hears of it. */
const ISSUING_DAYS = 730
/** The root key is offline: once a year it comes out to say that nothing is revoked. */
export const ROOT_LIST_DAYS = 365

/** Founds a domain: a root of path length 1 and an issuing CA of path length 0, both bound to the domain. `now` in milliseconds since the epoch. */
export function createAuthority(domain: string, now: number, pointers?: PointersOf): Authority {
  const root = createRoot(domain, now)
  return { rootKey: pem(root.key), ...rootFiles(root, now), ...createIssuing(domain, now, root, pointers?.(root.certificate)) }
}

/** Where the list and the certificate of a root (DER) will be found. */
export type PointersOf = (root: Uint8Array) => CaPointers | undefined

/** A root and its key. */
export interface Root {
  readonly certificate: Uint8Array
  readonly key: KeyObject
}

export function createRoot(domain: string, now: number): Root {
  const key = generateKeyPairSync('ed25519').privateKey
  const contents = { serial: serialNumber(), name: `${domain} root`, domain, notBefore: now - HOUR, notAfter: now + ROOT_DAYS * DAY }
  return { key, certificate: signRoot(contents, spkiOf(key), key) }
}

/** A new root's certificate and its first list, on which nothing is. */
export function rootFiles({ certificate, key }: Root, now: number): RootFiles {
  const list = signRootList({ certificate, key, number: 1, now, days: ROOT_LIST_DAYS, revoked: [] })
  return { rootCert: encodePem('CERTIFICATE', certificate), rootCrl: encodePem('X509 CRL', list) }
}

/** A new issuing CA under a root; it ends with its root at the latest. */
export function createIssuing(domain: string, now: number, root: Root, pointers?: CaPointers): IssuingFiles {
  const key = generateKeyPairSync('ed25519').privateKey
  const notAfter = Math.min(now + ISSUING_DAYS * DAY, parseCertificate(root.certificate).notAfter)
  const contents = { serial: serialNumber(), name: `${domain} issuing`, domain, notBefore: now - HOUR, notAfter }
  const certificate = signIssuing(contents, spkiOf(key), signingCa(root.certificate, root.key), pointers)
  return { issuingKey: pem(key), issuingCert: encodePem('CERTIFICATE', certificate) }
}

/** 16 random bytes, positive and never zero at the head, so that every way of writing it agrees. */
export function serialNumber(): Uint8Array {
  const bytes = new Uint8Array(randomBytes(16))
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes
}

function spkiOf(key: KeyObject): Uint8Array {
  return createPublicKey(key).export({ type: 'spki', format: 'der' })
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}
