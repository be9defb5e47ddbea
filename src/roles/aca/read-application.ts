import { isRole, sortRoles } from '../../core/ids/role.ts'
import { parseName } from '../../core/ids/spiffe-id.ts'
import { quote } from '../../core/ids/domain.ts'
import type { CsrFacts } from '../../core/pki/evidence.ts'
import { isScope, MAX_SCOPES } from '../../core/pki/grant.ts'
import type { Asked } from '../../core/pki/policy.ts'
import type { Application, Materials, OrganisationDocument } from '../../ports/authority-door.ts'
import { HansaError } from '../../schema/errors.ts'
import { parseCsr } from '../../wire/x509/csr.ts'

/** An application whose form is in order; nothing of it is believed. */
export interface ReadApplication {
  readonly der: Uint8Array
  readonly csr: CsrFacts
  readonly voucher?: string
  readonly asked: Asked
  readonly oidcToken?: string
  readonly documents: readonly OrganisationDocument[]
  readonly developer?: string
  readonly skills: readonly string[]
  readonly cites?: string
}

const MAX_DOCUMENTS = 8
const MAX_SKILLS = 64
const MAX_DNS_NAMES = 16
const MAX_TOKEN = 8 * 1024
const MAX_STATEMENT = 4 * 1024

/** Step one of the review: sizes and forms, before anything is computed. Throws CSR_INVALID, INVALID_ARGUMENT. */
export function readApplication({ csr, voucher, materials = NONE, cites, dnsNames = [] }: Application): ReadApplication {
  bounded('the voucher', voucher ?? '', 512)
  bounded('the cited serial', cites ?? '', 64)
  bounded('the ID token', materials.oidcToken ?? '', MAX_TOKEN)
  few('documents', materials.documents, MAX_DOCUMENTS)
  few('skills', materials.skills, MAX_SKILLS)
  few('scopes', materials.scopes, MAX_SCOPES)
  few('roles', materials.roles, 8)
  few('DNS names', dnsNames, MAX_DNS_NAMES)
  for (const document of materials.documents) readDocument(document)
  for (const skill of materials.skills) line('a skill', skill, 200)
  for (const name of dnsNames) line('a DNS name', name, 253)
  const stranger = materials.roles.find((role) => !isRole(role))
  if (stranger !== undefined) throw new HansaError('INVALID_ARGUMENT', `not a role: ${quote(stranger)}`)
  const odd = materials.scopes.find((scope) => !isScope(scope))
  if (odd !== undefined) throw new HansaError('INVALID_ARGUMENT', `not a scope: ${quote(odd)}; a capability such as travel/flight-booking is wanted`)
  const { oidcToken, developer, organisation, name } = materials
  return {
    der: csr,
    csr: parseCsr(csr),
    asked: {
      roles: sortRoles(materials.roles.filter(isRole)),
      scopes: [...new Set(materials.scopes)],
      dnsNames: dnsNames.map((each) => each.toLowerCase()),
      ...(name === undefined || name === '' ? {} : { name: parseName(name) }),
      ...present('organisation', organisation, 128)
    },
    documents: materials.documents,
    skills: materials.skills,
    ...present('developer', developer, 256),
    ...(voucher === undefined || voucher === '' ? {} : { voucher }),
    ...(oidcToken === undefined || oidcToken === '' ? {} : { oidcToken }),
    ...(cites === undefined || cites === '' ? {} : { cites: cites.toLowerCase() })
  }
}

const NONE: Materials = { documents: [], roles: [], scopes: [], skills: [] }

function readDocument({ title, sha256, statement, jws }: OrganisationDocument): void {
  line('the title of a document', title, 200)
  if (sha256.length !== 32) throw new HansaError('INVALID_ARGUMENT', `the hash of a document has ${sha256.length} bytes; a SHA-256 has 32`)
  if (statement.length > MAX_STATEMENT) throw new HansaError('INVALID_ARGUMENT', `a statement of ${statement.length} bytes; the bound is ${MAX_STATEMENT}`)
  bounded('the signature of a document', jws, MAX_STATEMENT)
}

function present<K extends string>(key: K, value: string | undefined, limit: number): Partial<Record<K, string>> {
  if (value === undefined || value === '') return {}
  return { [key]: line(`the ${key}`, value, limit) } as Partial<Record<K, string>>
}

/** Text of one line, without what could pretend to be more when it is shown. */
export function line(what: string, text: string, limit: number): string {
  bounded(what, text, limit)
  if (text === '' || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text))
    throw new HansaError('INVALID_ARGUMENT', `${what} is empty or has control characters: ${quote(text)}`)
  return text
}

function bounded(what: string, text: string, limit: number): void {
  if (text.length > limit) throw new HansaError('INVALID_ARGUMENT', `${what} has ${text.length} characters; the bound is ${limit}`)
}

function few(what: string, list: readonly unknown[], limit: number): void {
  if (list.length > limit) throw new HansaError('INVALID_ARGUMENT', `${list.length} ${what}; at most ${limit} are wanted`)
}
