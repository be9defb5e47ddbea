import { base64url } from '../../core/ids/base64url.ts'
import { hex } from '../../core/ids/hex.ts'
import type { Account } from '../../core/pki/account.ts'
import type { Evidence } from '../../core/pki/evidence.ts'
import { type Grant, grantOf } from '../../core/pki/grant.ts'
import { type Possession, reviewKey } from '../../core/pki/key-policy.ts'
import { type MaterialReview, reviewMaterials } from '../../core/pki/materials.ts'
import { statedIssuer } from '../../core/pki/organisation-document.ts'
import type { BroughtDocument } from '../../core/pki/organisation-document.ts'
import { decide, type Decision } from '../../core/pki/policy.ts'
import { dnsNamesOf } from '../../core/pki/profile.ts'
import type { SignedToken } from '../../core/pki/signed.ts'
import type { Verdict } from '../../core/pki/verdict.ts'
import { boundElsewhere, nextName, openVoucher, type Voucher } from '../../core/pki/voucher.ts'
import type { Applicant } from '../../ports/authority-door.ts'
import type { TokenVerifier } from '../../ports/token-verifier.ts'
import { HansaError } from '../../schema/errors.ts'
import { accepted, type Book } from './book.ts'
import { voucherId } from './desk.ts'
import type { ReadApplication } from './read-application.ts'

/** Signatures of what was brought; checked before it is an application's turn, because that takes time. */
export interface Signatures {
  readonly idToken?: SignedToken
  readonly documents: readonly BroughtDocument[]
}

/** Whose signatures hold. */
export async function checkSignatures({ oidcToken, documents }: ReadApplication, tokens: TokenVerifier): Promise<Signatures> {
  const brought = documents.map(async ({ title, sha256, statement, jws }): Promise<BroughtDocument> => {
    const signed = jws === '' ? undefined : await tokens.statement(statedIssuer(statement) ?? '', statement, jws)
    return { title, sha256, statement, signed }
  })
  return {
    ...(oidcToken === undefined ? {} : { idToken: await tokens.idToken(oidcToken) }),
    documents: await Promise.all(brought)
  }
}

/** What came of an application's examination. */
export interface Examined {
  readonly key: Possession
  readonly decision: Decision
  readonly verdicts: readonly Verdict[]
  readonly materials: MaterialReview
  /** What was given beforehand. */
  readonly source:
    | { readonly kind: 'voucher'; readonly id: string; readonly voucher: Voucher }
    | { readonly kind: 'account'; readonly thumbprint: string; readonly account: Account }
    | { readonly kind: 'none' }
  readonly replace: boolean
}

/** draft 3.1.1, steps three to six: the key, the grant, the materials, the policy. Throws KEY_REFUSED, CSR_INVALID, VOUCHER_INVALID, SCOPE_EXCEEDED. */
export function examine(book: Book, application: ReadApplication, signatures: Signatures, applicant: Applicant, evidence: Evidence): Examined {
  const { deps, config, ledger, applications } = book
  const key = accepted(reviewKey(evidence, deps.verify, true))
  const source = sourceOf(book, application, applicant, evidence)
  const { asked, developer, skills, oidcToken, cites } = application
  const idToken = signatures.idToken
  const materials = reviewMaterials(
    {
      asked,
      skills,
      documents: signatures.documents,
      ...(developer === undefined ? {} : { developer }),
      ...(cites === undefined ? {} : { cites }),
      ...(idToken === undefined ? {} : { idToken: { token: idToken, hash: hex(deps.sha256(new TextEncoder().encode(oidcToken ?? ''))) } })
    },
    {
      now: evidence.now,
      keyId: evidence.keyId,
      nonce: base64url(deps.sha256(application.der)),
      issuers: config.policy.oidc,
      spent: (issuer, id) => applications.isSpent(spentKey(issuer, id)),
      certificate: (serial) => ledger.certificate(serial)
    }
  )
  const verdicts: Verdict[] = [
    { material: 'key', state: 'verified', detail: `${key.kind === 'p256' ? 'P-256' : 'Ed25519'}; the request proves that the applicant holds it` },
    ...sourceVerdict(source),
    ...materials.verdicts
  ]
  const given = givenBy(source, deps.issuer.domain)
  const { organisation } = materials
  const facts = { asked, verdicts, ...(given === undefined ? {} : { given }), ...(organisation === undefined ? {} : { organisation }) }
  const decision = accepted(decide(facts, config.policy))
  const replace = source.kind === 'voucher' ? source.voucher.replace : source.kind === 'account' && source.account.replace
  return { key, decision, verdicts, materials, source, replace }
}

/** Under which an ID token is remembered. */
export function spentKey(issuer: string, id: string): string {
  return JSON.stringify([issuer, id])
}

function sourceOf(
  { deps, ledger, accounts }: Book,
  { voucher: secret }: ReadApplication,
  { account: thumbprint }: Applicant,
  evidence: Evidence
): Examined['source'] {
  if (thumbprint !== undefined) {
    const account = accounts.get(thumbprint)
    if (account === undefined || account.endedAt !== undefined)
      throw new HansaError('VOUCHER_INVALID', 'the account has been bound to no voucher, or what it gave was revoked')
    const elsewhere = boundElsewhere(account.boundTo, evidence)
    if (elsewhere !== undefined) throw elsewhere.error
    return { kind: 'account', thumbprint, account }
  }
  if (secret === undefined) return { kind: 'none' }
  const id = voucherId(secret, deps)
  const { voucher } = accepted(openVoucher(ledger.voucher(id), evidence.now))
  const elsewhere = boundElsewhere(voucher.boundTo, evidence)
  if (elsewhere !== undefined) throw elsewhere.error
  return { kind: 'voucher', id, voucher }
}

function sourceVerdict(source: Examined['source']): Verdict[] {
  if (source.kind === 'voucher') return [{ material: 'voucher', state: 'verified', detail: `an operator gave ${nextName(source.voucher)} to who brings it` }]
  return source.kind === 'account' ? [{ material: 'account', state: 'verified', detail: `a voucher gave ${source.account.grant.name} to this account` }] : []
}

function givenBy(source: Examined['source'], domain: string): Grant | undefined {
  if (source.kind === 'none') return undefined
  const grant = source.kind === 'account' ? source.account.grant : { ...grantOf(source.voucher), name: nextName(source.voucher) }
  return { ...grant, dnsNames: dnsNamesOf({ ...grant, domain }) }
}
