import { unhex } from '../../core/ids/hex.ts'
import { element, extension, oid, sequence, small } from './der-writer.ts'
import { TAG } from './der.ts'
import { OIDS } from './oids.ts'

const NOTHING = new Uint8Array()
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const uri = (url: string): Uint8Array => element(TAG.context(6), ascii(url))

/** Critical, as all of ours (RFC 5280 4.2.1.9); without a path length the subject is no CA. */
export function basicConstraints(pathLength?: number): Uint8Array {
  const content = pathLength === undefined ? [] : [element(TAG.boolean, Uint8Array.of(0xff)), small(pathLength)]
  return extension(OIDS.basicConstraints, true, sequence(...content))
}

/** Bits of the first byte (RFC 5280 4.2.1.3). */
export const USAGE = { digitalSignature: 0x80, keyCertSign: 0x04, cRLSign: 0x02 } as const

export function keyUsage(flags: number): Uint8Array {
  // DER leaves the zero bits at the end out (X.690 11.2.2).
  const unused = 31 - Math.clz32(flags & -flags)
  return extension(OIDS.keyUsage, true, element(TAG.bitString, Uint8Array.of(unused, flags)))
}

export function extendedKeyUsage(...purposes: readonly string[]): Uint8Array {
  return extension(OIDS.extendedKeyUsage, false, sequence(...purposes.map(oid)))
}

export function subjectAltName(spiffeId: string, dnsNames: readonly string[]): Uint8Array {
  return extension(OIDS.subjectAltName, false, sequence(uri(spiffeId), ...dnsNames.map((name) => element(TAG.context(2), ascii(name)))))
}

/** `id`: hex. */
export function subjectKeyIdentifier(id: string): Uint8Array {
  return extension(OIDS.subjectKeyIdentifier, false, element(TAG.octetString, unhex(id) ?? NOTHING))
}

/** `id`: SubjectKeyIdentifier of the issuer, hex. */
export function authorityKeyIdentifier(id: string): Uint8Array {
  return extension(OIDS.authorityKeyIdentifier, false, sequence(element(TAG.context(0), unhex(id) ?? NOTHING)))
}

/**
 * The host of the SPIFFE ID, and DNS names from the domain down; no IP address at all. A URI subtree is a host, not a URI (RFC 5280 4.2.1.10). A form
 * that is not named would be free, which is why there are three.
 */
export function nameConstraints(domain: string): Uint8Array {
  const host = ascii(domain)
  const anyAddress = [8, 32].map((length) => sequence(element(TAG.context(7), new Uint8Array(length))))
  const permitted = element(TAG.contextConstructed(0), sequence(element(TAG.context(6), host)), sequence(element(TAG.context(2), host)))
  const excluded = element(TAG.contextConstructed(1), ...anyAddress)
  return extension(OIDS.nameConstraints, true, sequence(permitted, excluded))
}

const CRL_DISTRIBUTION_POINTS = '2.5.29.31'
const AUTHORITY_INFO_ACCESS = '1.3.6.1.5.5.7.1.1'
const ID_AD_OCSP = '1.3.6.1.5.5.7.48.1'
const ID_AD_CA_ISSUERS = '1.3.6.1.5.5.7.48.2'

/** CRLDistributionPoints and AuthorityInfoAccess (RFC 5280 4.2.1.13, 4.2.2.1): where list, OCSP and certificate of the issuer are to be had; none without addresses. */
export function statusPointers(pointers: { readonly crl: string; readonly issuer: string; readonly ocsp?: string } | undefined): Uint8Array[] {
  if (pointers === undefined) return []
  const { crl, issuer, ocsp } = pointers
  const access = (method: string, url: string): Uint8Array => sequence(oid(method), uri(url))
  // DistributionPoint { distributionPoint [0] { fullName [0] GeneralNames } }
  const point = sequence(element(TAG.contextConstructed(0), element(TAG.contextConstructed(0), uri(crl))))
  return [
    extension(CRL_DISTRIBUTION_POINTS, false, sequence(point)),
    extension(AUTHORITY_INFO_ACCESS, false, sequence(...(ocsp === undefined ? [] : [access(ID_AD_OCSP, ocsp)]), access(ID_AD_CA_ISSUERS, issuer)))
  ]
}
