import { type Role, sortRoles } from '../ids/role.ts'
import { parseName } from '../ids/spiffe-id.ts'
import { HansaError } from '../../schema/errors.ts'
import { type Grant, isScope, MAX_SCOPES } from './grant.ts'

/** What approver signatures are for, and for nothing else. */
const APPROVAL_DOMAIN = 'hansa/aca/approval/1\n'

/** Changes of what was asked that an approver makes. */
export interface Changes {
  readonly name?: string
  readonly roles?: readonly Role[]
  readonly scopes?: readonly string[]
}

/** What an approver decides. */
export interface Ruling extends Changes {
  /** Trust domain of the authority. */
  readonly domain: string
  readonly ref: string
  /** See ApplicationView.digest: the approver signs what was asked, not only its name. */
  readonly digest: string
  readonly decision: 'approve' | 'reject'
  /** Why it is rejected. */
  readonly why?: string
}

/** The bytes that an approver signs (Ed25519): text that can be nothing else, and in which nothing can be moved from one field to the next. */
export function approvalBytes({ domain, ref, digest, decision, name, roles, scopes, why }: Ruling): Uint8Array {
  const fields = [domain, ref, digest, decision, name ?? null, roles ?? null, scopes ?? null, why ?? null]
  return new TextEncoder().encode(APPROVAL_DOMAIN + JSON.stringify(fields))
}

/** What is given in `domain` when an approver's changes are made; under another name without the DNS name that the first one has. Throws INVALID_ARGUMENT. */
export function changed(grant: Grant, { name, roles, scopes }: Changes, domain: string): Grant {
  if (roles?.length === 0) throw new HansaError('INVALID_ARGUMENT', 'an approval for no role')
  if (scopes !== undefined && (scopes.length > MAX_SCOPES || !scopes.every(isScope)))
    throw new HansaError('INVALID_ARGUMENT', `scopes of an approval that are not at most ${MAX_SCOPES} capabilities`)
  return {
    ...grant,
    ...(name === undefined || name === grant.name
      ? {}
      : { name: parseName(name), dnsNames: grant.dnsNames.filter((each) => each !== `${grant.name}.${domain}`) }),
    ...(roles === undefined ? {} : { roles: sortRoles(roles) }),
    ...(scopes === undefined ? {} : { scopes: [...scopes] })
  }
}

/** Two for roles that speak for others, one otherwise. */
export function approvalsNeeded(grant: Grant, twoApprovers: readonly Role[]): 1 | 2 {
  return grant.roles.some((role) => twoApprovers.includes(role)) ? 2 : 1
}
