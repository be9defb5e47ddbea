import { bits, element, integer, oid, sequence, small, time, utf8 } from './der-writer.ts'
import { TAG } from './der.ts'
import { OIDS } from './oids.ts'

/** What is to be signed as a certificate. */
export interface CertificateContents {
  /** Positive, unsigned big-endian. */
  readonly serial: Uint8Array
  /** Names as DER; that of the issuer is, byte for byte, the subject of its certificate. */
  readonly issuer: Uint8Array
  readonly subject: Uint8Array
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
  /** Whole, as `extension` writes them. */
  readonly extensions: readonly Uint8Array[]
}

const V3 = 2

/** Writes and signs a certificate (RFC 5280 4.1, Ed25519). By hand because general ASN.1 writers take several times as long as all the checks of an application together. */
export function writeCertificate(contents: CertificateContents, sign: (tbs: Uint8Array) => Uint8Array): Uint8Array {
  const { serial, issuer, subject, notBefore, notAfter, spki, extensions } = contents
  const algorithm = sequence(oid(OIDS.ed25519))
  const tbs = sequence(
    element(TAG.contextConstructed(0), small(V3)),
    integer(serial),
    algorithm,
    issuer,
    sequence(time(notBefore), time(notAfter)),
    subject,
    spki,
    element(TAG.contextConstructed(3), sequence(...extensions))
  )
  return sequence(tbs, algorithm, bits(sign(tbs)))
}

/** Name of a common name and an organisation. As elements of their own, never as a text that is taken apart: a comma in a name makes no second name. */
export function writeName(commonName: string, organisation: string): Uint8Array {
  const part = (id: string, text: string): Uint8Array => element(TAG.set, sequence(oid(id), utf8(text)))
  return sequence(part(OIDS.commonName, commonName), part(OIDS.organizationName, organisation))
}
