import { quote } from '../ids/domain.ts'
import type { CsrFacts } from './evidence.ts'
import { refused, type Refused } from './refused.ts'

/** Names that will be in a certificate. */
export interface CertifiedNames {
  readonly spiffeId: string
  readonly name: string
  readonly domain: string
  readonly organisation?: string
  readonly dnsNames: readonly string[]
}

const COMMON_NAME = '2.5.4.3'
const ORGANISATION = '2.5.4.10'

/**
 * Names come from the voucher or the policy, never from the CSR: those that it has must be among them, or be absent. One that is different tells that the
 * applicant expects another certificate than it would get. Undefined when all agree; CSR_INVALID otherwise.
 */
export function namesAgree(csr: CsrFacts, names: CertifiedNames): Refused | undefined {
  const commonNames = [names.name, `${names.name}@${names.domain}`, names.spiffeId, ...names.dnsNames]
  const organisations = [names.domain, ...(names.organisation === undefined ? [] : [names.organisation])]
  for (const { oid, value } of csr.subject) {
    const allowed = oid === COMMON_NAME ? commonNames : oid === ORGANISATION ? organisations : []
    if (!allowed.includes(value)) return differs(`the subject has ${quote(value)}`, names)
  }
  for (const { form, value } of csr.alternativeNames) {
    const agrees = (form === 'uri' && value === names.spiffeId) || (form === 'dns' && names.dnsNames.includes(value.toLowerCase()))
    if (!agrees) return differs(`the alternative name ${quote(value)} (${form}) is asked for`, names)
  }
  return undefined
}

function differs(what: string, { spiffeId, dnsNames }: CertifiedNames): Refused {
  return refused('CSR_INVALID', `${what}; names are given by the authority: ${[spiffeId, ...dnsNames].join(', ')}. Leave them out, or ask for these`)
}
