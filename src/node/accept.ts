import { isDomain } from '../core/ids/domain.ts'
import { isRole, type Role, sortRoles } from '../core/ids/role.ts'
import { isName } from '../core/ids/spiffe-id.ts'

/** What people type, judged by the same rules as everywhere else: the value, or undefined when it is none. */

export function acceptDomain(text: string): string | undefined {
  return isDomain(text) ? text : undefined
}

export function acceptName(text: string): string | undefined {
  return isName(text) ? text : undefined
}

/** Comma-separated roles, in canonical order. */
export function acceptRoles(text: string): Role[] | undefined {
  const names = text.split(',').map((name) => name.trim())
  return names.every(isRole) ? sortRoles(names) : undefined
}
