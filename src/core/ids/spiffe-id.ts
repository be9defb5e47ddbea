import { HansaError } from '../../schema/errors.ts'
import { isDomain, quote } from './domain.ts'
import { isRole, type Role } from './role.ts'

/** spiffe://<domain>/<role>/<name>. The role is the node's first one; its certificate lists all of them. */
export interface SpiffeId {
  readonly domain: string
  readonly role: Role
  readonly name: string
}

const NAME = /^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/

/** True for a name of a node or agent: 1 to 63 of a-z 0-9 . _ -, beginning and ending with a letter or digit, no two dots in a row. */
export function isName(text: string): boolean {
  return NAME.test(text) && !text.includes('..')
}

export function parseName(text: string): string {
  if (!isName(text)) throw new HansaError('INVALID_ARGUMENT', `not a name: ${quote(text)}; 1 to 63 of a-z 0-9 . _ - are wanted`)
  return text
}

/** Parses exactly the form above; throws INVALID_ARGUMENT for anything else (userinfo, port, query, fragment, case, extra segments). */
export function parseSpiffeId(text: string): SpiffeId {
  const match = text.length <= 2048 ? /^spiffe:\/\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(text) : null
  const [, domain = '', role = '', name = ''] = match ?? []
  if (!isDomain(domain) || !isRole(role) || !isName(name))
    throw new HansaError('INVALID_ARGUMENT', `not a SPIFFE ID of a node: ${quote(text)}; spiffe://domain/role/name is wanted`)
  return { domain, role, name }
}

export function formatSpiffeId(id: SpiffeId): string {
  return `spiffe://${id.domain}/${id.role}/${id.name}`
}
