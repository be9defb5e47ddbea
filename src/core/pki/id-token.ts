import { quote } from '../ids/domain.ts'
import type { SignedToken } from './signed.ts'
import type { Verdict } from './verdict.ts'

/** What the operator has laid down for an OpenID provider. */
export interface IssuerRule {
  readonly audience: string
  /** E-mail domains or organisations (claim `hd`) whose accounts count; all of them when empty. */
  readonly accounts: readonly string[]
}

export interface TokenContext {
  readonly now: number
  /** Base64url SHA-256 of the CSR: a stolen token is of no use for another request. */
  readonly nonce: string
  readonly rule: IssuerRule | undefined
  /** True when the token, by its jti or its hash, has given a certificate already. */
  spent(issuer: string, id: string): boolean
  /** Hash of the token, for one without a jti. */
  readonly hash: string
}

export interface TokenReview {
  readonly verdict: Verdict
  /** Present when verified: what must not be taken again before `until` (milliseconds since the epoch). */
  readonly spend?: { readonly issuer: string; readonly id: string; readonly until: number }
  /** E-mail address that the issuer has verified, and domains that the account belongs to. */
  readonly email?: string
  readonly domains?: readonly string[]
}

/** The clocks of others may differ by so much. */
const SKEW_MS = 60_000
/** Providers give an hour; what lives longer would have to be remembered for longer. */
const MAX_LIFE_MS = 24 * 3_600_000

/** OpenID Connect Core 3.1.3.7, without the parts that need a session: is the developer's account one whose word counts, and was it given for this request? */
export function reviewIdToken(token: SignedToken, context: TokenContext): TokenReview {
  if (!token.ok) return failed(token.why)
  const { claims, issuer } = token
  const { rule, now, nonce } = context
  if (rule === undefined) return failed(`the issuer ${quote(issuer)} is not listed`)
  if (!isFor(claims, rule.audience)) return failed('the token is for another audience')
  const [expiry, notBefore, issuedAt] = [millis(claims['exp']), millis(claims['nbf'] ?? 0), millis(claims['iat'])]
  if (expiry === undefined || issuedAt === undefined || notBefore === undefined) return failed('the token has no exp or iat')
  if (now > expiry) return failed('the token has expired')
  if (now < notBefore - SKEW_MS || now < issuedAt - SKEW_MS) return failed('the token is not valid yet')
  if (expiry - now > MAX_LIFE_MS) return failed('the token lives for more than a day')
  if (claims['nonce'] !== nonce) return failed('the nonce of the token is not the base64url SHA-256 of this request')
  const domains = domainsOf(claims)
  if (rule.accounts.length > 0 && !rule.accounts.some((account) => domains.includes(account.toLowerCase())))
    return failed('the account belongs to none of the organisations that count')
  const { jti } = claims
  const id = typeof jti === 'string' && jti.length > 0 && jti.length <= 256 ? `jti:${jti}` : context.hash
  if (context.spent(issuer, id)) return failed('the token has been used before')
  const { email } = claims
  const verified = claims['email_verified'] === true && typeof email === 'string' ? email : undefined
  const who = verified ?? (typeof claims['sub'] === 'string' ? claims['sub'] : 'an account')
  return {
    verdict: { material: 'oidc', state: 'verified', detail: `${quote(issuer)} vouches for ${quote(who)}, and for this request` },
    spend: { issuer, id, until: expiry },
    domains,
    ...(verified === undefined ? {} : { email: verified })
  }
}

function isFor(claims: Readonly<Record<string, unknown>>, audience: string): boolean {
  const { aud, azp } = claims
  if (typeof aud === 'string') return aud === audience && (azp === undefined || azp === audience)
  return Array.isArray(aud) && aud.includes(audience) && (aud.length === 1 ? azp === undefined || azp === audience : azp === audience)
}

/** Where the account belongs, as far as the issuer has verified it. */
function domainsOf(claims: Readonly<Record<string, unknown>>): string[] {
  const { hd, email } = claims
  const at = typeof email === 'string' && claims['email_verified'] === true ? email.lastIndexOf('@') : -1
  return [...(typeof hd === 'string' ? [hd] : []), ...(at > 0 ? [(email as string).slice(at + 1)] : [])].map((domain) => domain.toLowerCase())
}

/** NumericDate (RFC 7519 2) in milliseconds. */
function millis(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value * 1000 : undefined
}

function failed(detail: string): TokenReview {
  return { verdict: { material: 'oidc', state: 'failed', detail } }
}
