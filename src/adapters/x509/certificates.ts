import { hash, type KeyObject, sign } from 'node:crypto'
import type { LeafContents, Pointers } from '../../ports/issuer.ts'
import { parseCertificate } from '../../wire/x509/certificate.ts'
import { DerCursor, TAG } from '../../wire/x509/der.ts'
import { extension } from '../../wire/x509/der-writer.ts'
import { writeHolder } from '../../wire/x509/holder.ts'
import { OIDS } from '../../wire/x509/oids.ts'
import { writeCertificate, writeName } from '../../wire/x509/write-certificate.ts'
import * as extensions from '../../wire/x509/write-extensions.ts'

/** A CA ready to sign: everything that is the same in all that it signs is made once. */
export interface SigningCa {
  /** Name, DER. */
  readonly subject: Uint8Array
  /** AuthorityKeyIdentifier of what it signs. */
  readonly authority: Uint8Array
  sign(data: Uint8Array): Uint8Array
}

interface Contents {
  readonly serial: Uint8Array
  /** Common name; the organisation is the domain. */
  readonly name: string
  readonly domain: string
  readonly notBefore: number
  readonly notAfter: number
}

/** Where the list of the root and its certificate are to be had. */
export type CaPointers = Omit<Pointers, 'ocsp'>

const { USAGE } = extensions
const CA_USAGE = USAGE.keyCertSign | USAGE.cRLSign

/** What is the same in every leaf. */
const LEAF_FIXED = [extensions.basicConstraints(), extensions.keyUsage(USAGE.digitalSignature), extensions.extendedKeyUsage(OIDS.clientAuth, OIDS.serverAuth)]

/** A CA from its certificate (DER) and its key. */
export function signingCa(certificate: Uint8Array, key: KeyObject): SigningCa {
  const { subject, subjectKeyIdentifier = '' } = parseCertificate(certificate)
  return { subject, authority: extensions.authorityKeyIdentifier(subjectKeyIdentifier), sign: signerOf(key) }
}

/** A root that may have issuing CAs below it, and speaks for its domain only. */
export function signRoot(contents: Contents, spki: Uint8Array, key: KeyObject): Uint8Array {
  const subject = writeName(contents.name, contents.domain)
  const id = keyIdentifierOf(spki)
  return writeCertificate(
    {
      ...{ ...contents, issuer: subject, subject, spki },
      extensions: [
        extensions.basicConstraints(1),
        extensions.keyUsage(CA_USAGE),
        extensions.nameConstraints(contents.domain),
        extensions.subjectKeyIdentifier(id),
        extensions.authorityKeyIdentifier(id)
      ]
    },
    signerOf(key)
  )
}

/** An issuing CA that may sign leaves for its domain only, and OCSP answers for what it has signed (RFC 6960 4.2.2.2). */
export function signIssuing(contents: Contents, spki: Uint8Array, root: SigningCa, pointers?: CaPointers): Uint8Array {
  return below(root, contents, spki, [
    extensions.basicConstraints(0),
    extensions.keyUsage(CA_USAGE | USAGE.digitalSignature),
    extensions.nameConstraints(contents.domain),
    ...extensions.statusPointers(pointers)
  ])
}

/**
 * A holder's certificate: one SPIFFE ID as the only URI, the DNS names that TLS clients may know it by, what it may be and do, and where its status is to be had. The key is
 * taken as it is (Ed25519 or P-256): the request that proved it was checked.
 */
export function signLeaf(contents: Contents & Omit<LeafContents, 'publicKey'>, spki: Uint8Array, issuing: SigningCa): Uint8Array {
  return below(issuing, contents, spki, [
    ...LEAF_FIXED,
    extensions.subjectAltName(contents.spiffeId, contents.dnsNames),
    extension(OIDS.holder, false, writeHolder(contents)),
    ...extensions.statusPointers(contents.pointers)
  ])
}

function below(issuer: SigningCa, contents: Contents, spki: Uint8Array, own: readonly Uint8Array[]): Uint8Array {
  const identifier = extensions.subjectKeyIdentifier(keyIdentifierOf(spki))
  return writeCertificate(
    { ...contents, issuer: issuer.subject, subject: writeName(contents.name, contents.domain), spki, extensions: [...own, identifier, issuer.authority] },
    (tbs) => issuer.sign(tbs)
  )
}

/** First 160 bits of the SHA-256 of the key itself (RFC 7093 2, method 1), hex. */
function keyIdentifierOf(spki: Uint8Array): string {
  const cursor = new DerCursor(spki).enter(TAG.sequence)
  cursor.next(TAG.sequence)
  return hash('sha256', cursor.next(TAG.bitString).content.subarray(1)).slice(0, 40)
}

function signerOf(key: KeyObject): (data: Uint8Array) => Uint8Array {
  return (data) => new Uint8Array(sign(null, data, key))
}
