import type { CertificateFacts } from './facts.ts'
import { certificateHost, hostName, mailbox } from './host-names.ts'
import { addressBytes } from './ip-address.ts'

/** Whom a certificate is to be for: a DNS name, an IP address as text, a URI such as a SPIFFE ID, or a mailbox. */
export interface PeerName {
  readonly form: 'dns' | 'ip' | 'uri' | 'email'
  readonly value: string
}

/**
 * True when the certificate is for this name (RFC 9525 6): subject alternative names alone count, a wildcard stands for one label, URIs are compared as
 * written. The name that is wanted is no pattern.
 */
export function isFor({ subjectAltNames = [] }: Pick<CertificateFacts, 'subjectAltNames'>, wanted: PeerName): boolean {
  const values = subjectAltNames.flatMap(({ form, value }) => (form === wanted.form ? [value] : []))
  switch (wanted.form) {
    case 'dns': {
      const host = hostName(wanted.value)
      return host !== undefined && values.some((value) => matches(value, host))
    }
    case 'ip': {
      const address = addressBytes(wanted.value)
      return address !== undefined && values.includes(address)
    }
    case 'uri':
      return values.includes(wanted.value)
    case 'email': {
      const box = mailbox(wanted.value)
      return box !== undefined && values.map(mailbox).some((each) => each?.local === box.local && each.host === box.host)
    }
  }
}

function matches(pattern: string, host: string): boolean {
  const named = certificateHost(pattern)
  if (named === undefined) return false
  return named.wildcard ? host.slice(host.indexOf('.') + 1) === named.name && host.includes('.') : host === named.name
}
