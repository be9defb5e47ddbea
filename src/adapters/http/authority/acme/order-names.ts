import { parseCsrNames } from '../../../../wire/x509/csr-names.ts'
import { asObject, textOf } from './json.ts'
import { AcmeProblem, malformed } from './problem.ts'

/** As many as a certificate may have names, far above what a grant has. */
const MAX_IDENTIFIERS = 16

/** DNS names of an order, each within what the account may have; lower case, none twice. Throws unsupportedIdentifier, rejectedIdentifier, malformed. */
export function identifiersIn(value: unknown, allowed: readonly string[]): string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_IDENTIFIERS) throw malformed(`identifiers is a list of 1 to ${MAX_IDENTIFIERS}`)
  const names = value.map((each: unknown) => {
    const { type, value: name } = asObject(each, 'an identifier')
    if (type !== 'dns') throw new AcmeProblem(400, 'unsupportedIdentifier', 'only identifiers of type dns are taken')
    return textOf(name, 'the value of an identifier', 253).toLowerCase()
  })
  const foreign = names.find((name) => !allowed.includes(name))
  if (foreign !== undefined)
    throw new AcmeProblem(403, 'rejectedIdentifier', `${JSON.stringify(foreign)} is none of the names that the voucher of this account gives`, {
      more: { identifier: { type: 'dns', value: foreign } }
    })
  return [...new Set(names)]
}

/** A CSR asks for exactly the names of its order (RFC 8555 7.4), or for none: what the certificate says comes from the grant. Throws badCSR. */
export function checkCsrNames(csr: Uint8Array, dnsNames: readonly string[]): void {
  const { subjectAltNames } = parseCsrNames(csr)
  const asked = subjectAltNames?.filter(({ form }) => form === 'dns').map(({ value }) => value.toLowerCase())
  if (asked === undefined || asked.length === 0) return
  const same = new Set(asked).size === dnsNames.length && asked.every((name) => dnsNames.includes(name))
  if (!same) throw new AcmeProblem(400, 'badCSR', 'the CSR asks for other names than the order')
}
