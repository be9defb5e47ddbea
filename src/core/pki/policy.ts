import type { Role } from '../ids/role.ts'
import { type Grant, scopesWithin } from './grant.ts'
import { refused, type Refused } from './refused.ts'
import type { Verdict } from './verdict.ts'

/** What an operator has laid down for applications (draft 3.1.1; config ca.policy). */
export interface Policy {
  /** What must be verified for a certificate without a person. */
  readonly require: readonly ('voucher' | 'oidc' | 'document')[]
  /** Roles whose waiting applications need two different approvers. */
  readonly twoApprovers: readonly Role[]
  /** What applicants of an organisation may have. */
  readonly organisations: ReadonlyMap<string, OrganisationRule>
}

export interface OrganisationRule {
  readonly roles: readonly Role[]
  /** See Grant.scopes. */
  readonly scopes: readonly string[]
  /** Exact, or beginning with what stands before a `*` at the end. */
  readonly names: readonly string[]
}

/** What an applicant wants; what is absent or empty is left to who gives. */
export interface Asked {
  readonly name?: string
  readonly roles: readonly Role[]
  readonly scopes: readonly string[]
  readonly organisation?: string
  readonly dnsNames: readonly string[]
}

export interface Case {
  readonly asked: Asked
  /** Given beforehand, by a voucher or to an account; the name is the one that this use of it gives. */
  readonly given?: Grant
  /** Organisation that a material has proved. */
  readonly organisation?: string
  readonly verdicts: readonly Verdict[]
}

/** `wait`: a person decides; the grant is what they approve when they change nothing. */
export type Decision = { readonly kind: 'issue'; readonly grant: Grant } | { readonly kind: 'wait'; readonly grant: Grant; readonly why: string }

/** The one policy (draft 3.1.1). It never gives more than a voucher, or what the operator laid down for an organisation that is proved. */
export function decide(facts: Case, policy: Policy): ({ readonly ok: true } & Decision) | Refused {
  const { asked, given, organisation, verdicts } = facts
  const rule = organisation === undefined ? undefined : policy.organisations.get(organisation)
  const grant = given === undefined ? fromPolicy(asked, organisation, rule) : fromGrant(asked, given, organisation)
  if (!grant.ok) return grant
  const why = [...reservations(verdicts, policy), ...(given === undefined ? beyond(grant.grant, organisation, rule) : [])]
  return why.length === 0 ? { ok: true, kind: 'issue', grant: grant.grant } : { ok: true, kind: 'wait', grant: grant.grant, why: why.join('; ') }
}

type Granted = { readonly ok: true; readonly grant: Grant } | Refused

function fromGrant(asked: Asked, given: Grant, organisation: string | undefined): Granted {
  const { name, roles, scopes, dnsNames } = given
  if (asked.name !== undefined && asked.name !== name) return exceeds('the name', name)
  if (!asked.roles.every((role) => roles.includes(role))) return exceeds('a role', roles.join())
  if (asked.scopes.length > 0 && !scopesWithin(asked.scopes, scopes)) return exceeds('a scope', scopes.join())
  if (!asked.dnsNames.every((each) => dnsNames.includes(each))) return exceeds('a DNS name', dnsNames.join())
  const theirs = given.organisation
  if (theirs !== undefined && asked.organisation !== undefined && asked.organisation !== theirs) return exceeds('the organisation', theirs)
  const known = theirs ?? organisation
  return {
    ok: true,
    grant: {
      name,
      roles: asked.roles.length > 0 ? asked.roles : roles,
      scopes: asked.scopes.length > 0 ? asked.scopes : scopes,
      dnsNames: asked.dnsNames.length > 0 ? asked.dnsNames : dnsNames,
      ...(known === undefined ? {} : { organisation: known })
    }
  }
}

function exceeds(what: string, granted: string): Refused {
  return refused('SCOPE_EXCEEDED', `${what} that is asked for is not what was granted: ${granted === '' ? 'none' : granted}`)
}

function fromPolicy(asked: Asked, organisation: string | undefined, rule: OrganisationRule | undefined): Granted {
  const { name, roles, scopes } = asked
  if (name === undefined) return refused('VOUCHER_INVALID', 'neither a voucher, nor materials with the name that is wanted')
  if (asked.dnsNames.length > 0) return refused('SCOPE_EXCEEDED', 'DNS names are given by a voucher only')
  const stated = organisation ?? asked.organisation
  return {
    ok: true,
    grant: {
      name,
      roles: roles.length > 0 ? roles : ['agent'],
      scopes: scopes.length > 0 ? scopes : (rule?.scopes ?? []),
      dnsNames: [],
      ...(stated === undefined ? {} : { organisation: stated })
    }
  }
}

/** Why the verdicts alone do not do. An account was bound by a voucher. */
function reservations(verdicts: readonly Verdict[], { require }: Policy): string[] {
  const verified = (material: string): boolean => verdicts.some((verdict) => verdict.material === material && verdict.state === 'verified')
  const missing = require.filter((material) => !verified(material) && !(material === 'voucher' && verified('account')))
  const failed = [...new Set(verdicts.filter(({ state }) => state === 'failed').map(({ material }) => material))]
  return [
    ...(missing.length === 0 ? [] : [`not verified, which policy requires: ${missing.join(', ')}`]),
    ...(failed.length === 0 ? [] : [`failed: ${failed.join(', ')}`])
  ]
}

/** What is beyond what the operator laid down for the organisation. */
function beyond(grant: Grant, organisation: string | undefined, rule: OrganisationRule | undefined): string[] {
  if (organisation === undefined) return ['no organisation is proved']
  if (rule === undefined) return ['nothing is laid down for this organisation']
  return [
    ...(rule.names.some((pattern) => fits(grant.name, pattern)) ? [] : ['the name is not one of this organisation']),
    ...(grant.roles.every((role) => rule.roles.includes(role)) ? [] : ['a role is beyond what this organisation may have']),
    ...(scopesWithin(grant.scopes, rule.scopes) ? [] : ['a scope is beyond what this organisation may have'])
  ]
}

function fits(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}
