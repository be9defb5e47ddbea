// reflect-metadata must come first: @peculiar/x509 needs it while it loads.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { OIDS } from '../../wire/x509/oids.ts'
import type { LeafContents } from '../../ports/issuer.ts'
import { element, sequence } from '../../wire/x509/der-writer.ts'
import { TAG } from '../../wire/x509/der.ts'
import { writeHolder } from '../../wire/x509/holder.ts'

x509.cryptoProvider.set(webcrypto)

const ED25519 = { name: 'Ed25519' }

/** A key pair as WebCrypto has it. */
export interface KeyPair {
  readonly privateKey: webcrypto.CryptoKey
  readonly publicKey: webcrypto.CryptoKey
}

interface Contents {
  readonly serial: Uint8Array
  /** Common name; the organisation is the domain. */
  readonly name: string
  readonly domain: string
  readonly notBefore: number
  readonly notAfter: number
}

/** A root that may have one issuing CA below it. */
export async function signRoot(contents: Contents, keys: KeyPair): Promise<Uint8Array> {
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...common(contents),
    name: distinguishedName(contents),
    keys: { privateKey: keys.privateKey, publicKey: keys.publicKey },
    extensions: [...caExtensions(1), await x509.SubjectKeyIdentifierExtension.create(keys.publicKey)]
  })
  return copy(certificate)
}

/** An issuing CA that may sign leaves for its domain only. */
export async function signIssuing(
  contents: Contents,
  publicKey: webcrypto.CryptoKey,
  root: { readonly certificate: Uint8Array; readonly keys: KeyPair }
): Promise<Uint8Array> {
  const certificate = await x509.X509CertificateGenerator.create({
    ...common(contents),
    subject: distinguishedName(contents),
    issuer: new x509.X509Certificate(new Uint8Array(root.certificate)).subjectName,
    publicKey,
    signingKey: root.keys.privateKey,
    extensions: [
      ...caExtensions(0),
      nameConstraints(contents.domain),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(root.keys.publicKey)
    ]
  })
  return copy(certificate)
}

/** A node's certificate: one SPIFFE ID as the only URI, the DNS name that TLS clients may know it by, and its roles. */
export async function signLeaf(
  contents: Contents & Omit<LeafContents, 'publicKey'>,
  spki: Uint8Array,
  issuing: { readonly certificate: Uint8Array; readonly keys: KeyPair }
): Promise<Uint8Array> {
  const publicKey = await webcrypto.subtle.importKey('spki', new Uint8Array(spki), ED25519, true, ['verify'])
  const certificate = await x509.X509CertificateGenerator.create({
    ...common(contents),
    subject: distinguishedName(contents),
    issuer: new x509.X509Certificate(new Uint8Array(issuing.certificate)).subjectName,
    publicKey,
    signingKey: issuing.keys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([OIDS.clientAuth, OIDS.serverAuth], false),
      new x509.SubjectAlternativeNameExtension(
        [{ type: 'url', value: contents.spiffeId }, ...contents.dnsNames.map((value) => ({ type: 'dns' as const, value }))],
        false
      ),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuing.keys.publicKey),
      new x509.Extension(OIDS.holder, false, new Uint8Array(writeHolder(contents)))
    ]
  })
  return copy(certificate)
}

/** Keys from PKCS#8 and SubjectPublicKeyInfo (DER). */
export async function importKeys(pkcs8: Uint8Array, spki: Uint8Array): Promise<KeyPair> {
  return {
    privateKey: await webcrypto.subtle.importKey('pkcs8', new Uint8Array(pkcs8), ED25519, false, ['sign']),
    publicKey: await webcrypto.subtle.importKey('spki', new Uint8Array(spki), ED25519, true, ['verify'])
  }
}

function common(contents: Contents) {
  return {
    serialNumber: Buffer.from(contents.serial).toString('hex'),
    notBefore: new Date(contents.notBefore),
    notAfter: new Date(contents.notAfter),
    signingAlgorithm: ED25519
  }
}

/** As data, never as a string: a string would be parsed, and a comma in a name would make a second name. */
function distinguishedName(contents: Contents): x509.JsonName {
  return [{ CN: [contents.name] }, { O: [contents.domain] }]
}

function caExtensions(pathLength: number): x509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(true, pathLength, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true)
  ]
}

/**
 * The host of the SPIFFE ID, and DNS names from the domain down; no IP address at all. A URI subtree is a host, not a URI (RFC 5280 4.2.1.10). A form
 * that is not named would be free, which is why there are three.
 */
function nameConstraints(domain: string): x509.Extension {
  const host = new TextEncoder().encode(domain)
  const anyAddress = [8, 32].map((length) => sequence(element(TAG.context(7), new Uint8Array(length))))
  const permitted = element(TAG.contextConstructed(0), sequence(element(TAG.context(6), host)), sequence(element(TAG.context(2), host)))
  const excluded = element(TAG.contextConstructed(1), ...anyAddress)
  return new x509.Extension(OIDS.nameConstraints, true, new Uint8Array(sequence(permitted, excluded)))
}

/** rawData belongs to an object that still uses it. */
function copy(certificate: x509.X509Certificate): Uint8Array {
  return new Uint8Array(certificate.rawData.slice(0))
}
