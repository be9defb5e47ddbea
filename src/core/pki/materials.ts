import { quote } from '../ids/domain.ts'
import { type IssuerRule, reviewIdToken, type TokenReview } from './id-token.ts'
import { type Issued, stateOf } from './issued.ts'
import { type BroughtDocument, reviewDocument } from './organisation-document.ts'
import type { Asked } from './policy.ts'
import type { SignedToken } from './signed.ts'
import type { Material, Verdict } from './verdict.ts'

/** What an applicant brought beside the request (draft 3.1.1: key supporting materials), signatures checked, nothing judged. */
export interface Brought {
  readonly asked: Asked
  readonly developer?: string
  readonly skills: readonly string[]
  readonly documents: readonly BroughtDocument[]
  readonly idToken?: { readonly token: SignedToken; readonly hash: string }
  /** Serial of the certificate that it stands in for. */
  readonly cites?: string
}

export interface MaterialContext {
  readonly now: number
  /** SHA-256 of the applicant's SubjectPublicKeyInfo, hex. */
  readonly keyId: string
  /** Base64url SHA-256 of the request. */
  readonly nonce: string
  readonly issuers: ReadonlyMap<string, IssuerRule>
  spent(issuer: string, id: string): boolean
  certificate(serial: string): Issued | undefined
}

export interface MaterialReview {
  readonly verdicts: readonly Verdict[]
  /** Organisation that something proves. */
  readonly organisation?: string
  /** Of each document, the authority whose signature holds. */
  readonly authorities: readonly (string | undefined)[]
  /** See TokenReview. */
  readonly spend?: TokenReview['spend']
}

/** Each material to a verdict, none of which depends on what is decided. */
export function reviewMaterials(brought: Brought, context: MaterialContext): MaterialReview {
  const { asked, developer, skills, cites, idToken } = brought
  const token = idToken === undefined ? undefined : reviewIdToken(idToken.token, tokenContext(idToken, context))
  const documents = brought.documents.map((document) => reviewDocument(document, asked.organisation, context.keyId, context.now))
  const organisation = provenOrganisation(asked.organisation, token, documents)
  const verdicts: Verdict[] = [
    ...(token === undefined ? [] : [token.verdict]),
    ...documents.map(({ verdict }) => verdict),
    ...(developer === undefined ? [] : [developerVerdict(developer, token)]),
    ...(asked.organisation === undefined ? [] : [organisationVerdict(asked.organisation, organisation)]),
    ...said('name', asked.name === undefined ? [] : [asked.name]),
    ...said('roles', asked.roles),
    ...said('scopes', asked.scopes),
    ...said('skills', skills),
    ...(cites === undefined ? [] : [recoveryVerdict(cites, context)])
  ]
  return {
    verdicts,
    authorities: documents.map(({ authority }) => authority),
    ...(organisation === undefined ? {} : { organisation }),
    ...(token?.spend === undefined ? {} : { spend: token.spend })
  }
}

function tokenContext({ token, hash }: { readonly token: SignedToken; readonly hash: string }, { now, nonce, issuers, spent }: MaterialContext) {
  return { now, nonce, hash, spent, rule: token.ok ? issuers.get(token.issuer) : undefined }
}

/** By a document of a listed authority, or by an account whose verified domain is the organisation's name. */
function provenOrganisation(
  stated: string | undefined,
  token: TokenReview | undefined,
  documents: readonly { readonly organisation?: string }[]
): string | undefined {
  if (stated === undefined) return undefined
  const proven = documents.some(({ organisation }) => organisation === stated) || token?.domains?.includes(stated) === true
  return proven ? stated : undefined
}

function developerVerdict(developer: string, token: TokenReview | undefined): Verdict {
  return token?.email !== undefined && token.email === developer
    ? { material: 'developer', state: 'verified', detail: `${quote(developer)} is the account that the ID token names` }
    : { material: 'developer', state: 'recorded', detail: `the applicant names ${quote(developer)}` }
}

function organisationVerdict(stated: string, proven: string | undefined): Verdict {
  return stated === proven
    ? { material: 'organisation', state: 'verified', detail: `${quote(stated)} is proved by a material` }
    : { material: 'organisation', state: 'recorded', detail: `the applicant names ${quote(stated)}; nothing proves it` }
}

function said(material: Material, list: readonly string[]): Verdict[] {
  return list.length === 0 ? [] : [{ material, state: 'recorded', detail: `asked for: ${list.join(', ')}` }]
}

/** draft 3.1.2: a wrongly revoked certificate. What was is written down for who decides; it gives nothing by itself. */
function recoveryVerdict(serial: string, { certificate, now }: MaterialContext): Verdict {
  const cited = certificate(serial)
  if (cited === undefined) return { material: 'recovery', state: 'failed', detail: `no certificate with the serial ${quote(serial)} is remembered` }
  const state = stateOf(cited, now)
  if (cited.revokedAt === undefined) return { material: 'recovery', state: 'failed', detail: `the certificate ${serial} is not revoked but ${state}` }
  const when = `${cited.revokedAt} ms since the epoch`
  return {
    material: 'recovery',
    state: 'recorded',
    detail: `stands in for ${cited.spiffeId} (${serial}), ${state} at ${when} as ${cited.reason ?? 'unspecified'}`
  }
}
