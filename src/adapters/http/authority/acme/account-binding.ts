import { flattenedVerify } from 'jose'
import { parseAccountKey, thumbprintOf } from './account-key.ts'
import type { AskedByKey } from './doorkeeper.ts'
import { asObject, textOf } from './json.ts'
import { AcmeProblem, malformed } from './problem.ts'
import { checkUrl, parseJws, payloadOf } from './signed-request.ts'

const MAX_ID = 128

/**
 * External account binding (RFC 8555 7.3.4): a JWS over the account's key, made with the key of a voucher. The public id of that voucher. Throws externalAccountRequired,
 * unauthorized, malformed.
 */
export async function accountBinding(
  value: unknown,
  { thumbprint, base }: AskedByKey,
  path: string,
  keyOf: (id: string) => Uint8Array | undefined
): Promise<string> {
  if (value === undefined) throw new AcmeProblem(403, 'externalAccountRequired', 'an account needs a voucher: give its id and key (external account binding)')
  const jws = parseJws(asObject(value, 'externalAccountBinding'))
  const { header } = jws
  if (header['alg'] !== 'HS256') throw malformed('externalAccountBinding is to be signed with HS256')
  if ('nonce' in header || 'jwk' in header) throw malformed('externalAccountBinding has no nonce and no jwk in its header')
  checkUrl(jws, base + path)
  const id = textOf(header['kid'], 'externalAccountBinding.kid', MAX_ID)
  const key = keyOf(id)
  const refused = new AcmeProblem(403, 'unauthorized', 'the voucher is unknown, used up or over, or this is not its key')
  if (key === undefined) throw refused
  try {
    await flattenedVerify({ protected: jws.protected, payload: jws.payload, signature: jws.signature }, key, { algorithms: ['HS256'] })
  } catch {
    throw refused
  }
  if ((await thumbprintOf(parseAccountKey(payloadOf(jws)))) !== thumbprint)
    throw new AcmeProblem(403, 'unauthorized', 'externalAccountBinding is for another key than that of the account')
  return id
}
