import { type KeyObject, sign } from 'node:crypto'
import { parseCertificate } from '../../wire/x509/certificate.ts'
import { type CrlContents, writeCrl } from '../../wire/x509/crl.ts'

const DAY = 86_400_000

/** Signs the list of a root: which issuing CAs it takes back. DER. */
export function signRootList(list: {
  /** Of the root, DER. */
  readonly certificate: Uint8Array
  readonly key: KeyObject
  /** Higher than that of the list before. */
  readonly number: number
  /** Milliseconds since the epoch. */
  readonly now: number
  /** From thisUpdate to nextUpdate. */
  readonly days: number
  readonly revoked: CrlContents['revoked']
}): Uint8Array {
  const { subject, subjectKeyIdentifier = '' } = parseCertificate(list.certificate)
  const { number, now, revoked } = list
  const contents = { issuer: subject, issuerKeyIdentifier: subjectKeyIdentifier, number, thisUpdate: now, nextUpdate: now + list.days * DAY, revoked }
  return writeCrl(contents, (tbs) => new Uint8Array(sign(null, tbs, list.key)))
}
