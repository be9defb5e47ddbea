import { HansaError } from '../../../../schema/errors.ts'
import { parseCertificate, same } from '../../../../wire/x509/certificate.ts'
import { parseCsrNames } from '../../../../wire/x509/csr-names.ts'
import type { GeneralName } from '../../../../wire/x509/general-names.ts'

/** The names in a request must be those of the certificate that it renews (RFC 7030 4.2.2), or left out. Throws PERMISSION_DENIED, CSR_INVALID. */
export function checkSameNames(csr: Uint8Array, certificate: Uint8Array): void {
  const asked = parseCsrNames(csr)
  const old = parseCertificate(certificate)
  if (asked.subject.length > 2 && !same(asked.subject, old.subject))
    throw new HansaError('PERMISSION_DENIED', 'the subject is not that of the certificate that is to be renewed; leave it empty or give the same')
  if (asked.subjectAltNames !== undefined && keyOf(asked.subjectAltNames) !== keyOf(old.subjectAltNames ?? []))
    throw new HansaError('PERMISSION_DENIED', 'the alternative names are not those of the certificate that is to be renewed; leave them out or give the same')
}

function keyOf(names: readonly GeneralName[]): string {
  return names
    .map(({ form, value }) => `${form}:${form === 'dns' ? value.toLowerCase() : value}`)
    .sort()
    .join('\n')
}
