import { flattenedVerify, importJWK } from 'jose'
import { type AccountKey, ALGORITHMS, parseAccountKey } from './account-key.ts'
import { bytesOf, type JsonObject, parseObject, textOf } from './json.ts'
import { AcmeProblem, malformed } from './problem.ts'

/** A JWS in flattened JSON form, taken apart and not yet believed. */
export interface Jws {
  readonly protected: string
  readonly payload: string
  readonly signature: string
  readonly header: JsonObject
}

/** Longest text of each part: the body of a request is bounded before. */
const MAX_PART = 64 * 1024
const MAX_URL = 2_048

/** Takes a JWS apart (RFC 8555 6.2): one signature, all headers protected. Throws malformed. */
export function parseJws(value: JsonObject): Jws {
  if ('signatures' in value || 'header' in value) throw malformed('a JWS in flattened form with one signature and no unprotected header is wanted')
  const jws = {
    protected: textOf(value['protected'], 'protected', MAX_PART),
    payload: textOf(value['payload'], 'payload', MAX_PART),
    signature: textOf(value['signature'], 'signature', MAX_PART)
  }
  const header = parseObject(Buffer.from(bytesOf(jws.protected, 'protected', MAX_PART)).toString('utf8'), 'the protected header')
  if ('crit' in header || 'b64' in header) throw malformed('the protected header has critical members that are not known here')
  return { ...jws, header }
}

/** The URL that was signed must be the one that was asked (RFC 8555 6.4): otherwise somebody passes on what was meant for another. */
export function checkUrl({ header }: Jws, url: string): void {
  if (textOf(header['url'], 'url', MAX_URL) !== url) throw new AcmeProblem(401, 'unauthorized', `the request is signed for another URL than ${url}`)
}

/** The key in the header. */
export function keyIn({ header }: Jws): AccountKey {
  if ('kid' in header) throw malformed('a request with its own key (jwk) and not with an account (kid) is wanted')
  checkAlgorithm(header['alg'])
  return parseAccountKey(header['jwk'])
}

/** Throws malformed for a signature by another key. */
export async function checkSignature({ header, ...jws }: Jws, key: AccountKey): Promise<void> {
  checkAlgorithm(header['alg'])
  if (header['alg'] !== key.algorithm)
    throw new AcmeProblem(400, 'badSignatureAlgorithm', `this key signs with ${key.algorithm}`, { more: { algorithms: [key.algorithm] } })
  try {
    await flattenedVerify(jws, await importJWK(key.jwk, key.algorithm), { algorithms: [key.algorithm] })
  } catch {
    throw malformed('the signature is not that of the key')
  }
}

/** Of a JWS whose signature was checked; undefined for POST-as-GET (RFC 8555 6.3). */
export function payloadOf({ payload }: Jws): JsonObject | undefined {
  return payload === '' ? undefined : parseObject(Buffer.from(bytesOf(payload, 'payload', MAX_PART)).toString('utf8'), 'the payload')
}

function checkAlgorithm(algorithm: unknown): void {
  if (!ALGORITHMS.some((each) => each === algorithm))
    throw new AcmeProblem(400, 'badSignatureAlgorithm', `${ALGORITHMS.join(', ')} are taken`, { more: { algorithms: ALGORITHMS } })
}
