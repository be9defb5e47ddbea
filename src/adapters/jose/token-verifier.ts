import { compactVerify, createLocalJWKSet, type CryptoKey, decodeJwt, errors, flattenedVerify, type JSONWebKeySet } from 'jose'
import type { TokenVerifier } from '../../ports/token-verifier.ts'
import { HansaError } from '../../schema/errors.ts'

/** What is asked of signatures: asymmetric, and none that is broken. `none` and keyed hashes are not among them. */
const ALGORITHMS = ['EdDSA', 'Ed25519', 'ES256', 'ES384', 'RS256', 'PS256']
const MAX_KEYS = 64

/** Keys by issuer and by authority, each the text of a JWKS (RFC 7517 5). */
export interface PinnedKeys {
  readonly issuers: ReadonlyMap<string, string>
  readonly authorities: ReadonlyMap<string, string>
}

type KeySet = ReturnType<typeof createLocalJWKSet>

/** Signatures by JOSE. Throws CONFIG_INVALID when a text is no JWKS. */
export function createTokenVerifier({ issuers, authorities }: PinnedKeys): TokenVerifier {
  const ofIssuers = keySets(issuers)
  const ofAuthorities = keySets(authorities)
  return {
    async idToken(token) {
      const issuer = claimedIssuer(token)
      const keys = issuer === undefined ? undefined : ofIssuers.get(issuer)
      if (issuer === undefined) return { ok: false, why: 'the token is no JWT with an issuer' }
      if (keys === undefined) return { ok: false, why: 'the issuer of the token is not listed' }
      try {
        const { payload } = await anyKey(keys, (key) => compactVerify(token, key, { algorithms: ALGORITHMS }))
        return { ok: true, issuer, claims: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)) as Record<string, unknown> }
      } catch (error) {
        return { ok: false, why: `the signature of the token does not hold (${reasonOf(error)})` }
      }
    },
    async statement(authority, statement, jws) {
      const keys = ofAuthorities.get(authority)
      if (keys === undefined) return { ok: false, why: 'the authority of the statement is not listed' }
      const [header, payload, signature, ...more] = jws.split('.')
      if (header === undefined || payload !== '' || signature === undefined || more.length > 0) return { ok: false, why: 'the signature is no detached JWS' }
      const whole = { protected: header, payload: Buffer.from(statement).toString('base64url'), signature }
      try {
        await anyKey(keys, (key) => flattenedVerify(whole, key, { algorithms: ALGORITHMS }))
        return { ok: true, authority }
      } catch (error) {
        return { ok: false, why: `the signature of the authority does not hold (${reasonOf(error)})` }
      }
    }
  }
}

/** More than one key fits when none is named by `kid`: each is tried. */
async function anyKey<T>(keys: KeySet, verify: (key: KeySet | CryptoKey) => Promise<T>): Promise<T> {
  try {
    return await verify(keys)
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    for await (const key of error) {
      try {
        return await verify(key)
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure
      }
    }
    throw new errors.JWSSignatureVerificationFailed()
  }
}

function claimedIssuer(token: string): string | undefined {
  try {
    const { iss } = decodeJwt(token)
    return typeof iss === 'string' ? iss : undefined
  } catch {
    return undefined
  }
}

function keySets(texts: ReadonlyMap<string, string>): Map<string, KeySet> {
  return new Map([...texts].map(([name, text]) => [name, keySet(name, text)]))
}

function keySet(name: string, text: string): KeySet {
  try {
    const jwks = JSON.parse(text) as JSONWebKeySet
    if (jwks.keys.length > MAX_KEYS) throw new RangeError(`more than ${MAX_KEYS} keys`)
    return createLocalJWKSet(jwks)
  } catch (cause) {
    throw new HansaError('CONFIG_INVALID', `the keys of ${JSON.stringify(name)} are no JWKS of at most ${MAX_KEYS} keys`, {}, cause)
  }
}

/** The code of the library, which tells no secret. */
function reasonOf(error: unknown): string {
  return error instanceof errors.JOSEError ? error.code : 'not readable'
}
