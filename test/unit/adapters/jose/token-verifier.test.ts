import assert from 'node:assert/strict'
import { CompactSign, exportJWK, FlattenedSign, generateKeyPair, SignJWT } from 'jose'
import { createTokenVerifier } from '../../../../src/adapters/jose/token-verifier.ts'

const ISSUER = 'https://id.example'
const ALGORITHMS = ['EdDSA', 'ES256', 'ES384', 'RS256', 'PS256']

async function pair(alg: string, kid?: string) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  return { alg, privateKey, jwk: { ...(await exportJWK(publicKey)), ...(kid === undefined ? {} : { kid, alg }) } }
}

const jwks = (...keys: object[]) => JSON.stringify({ keys })
const verifier = (keys: string, authority = keys) => createTokenVerifier({ issuers: new Map([[ISSUER, keys]]), authorities: new Map([['chamber', authority]]) })

describe('signatures of OpenID providers', () => {
  it('by a pinned key count, with each algorithm that is allowed', async () => {
    for (const alg of ALGORITHMS) {
      const { privateKey, jwk } = await pair(alg, 'one')
      const token = await new SignJWT({ nonce: 'n' }).setIssuer(ISSUER).setProtectedHeader({ alg, kid: 'one' }).sign(privateKey)
      const checked = await verifier(jwks(jwk)).idToken(token)
      assert.ok(checked.ok, alg)
      assert.deepEqual([checked.issuer, checked.claims['nonce']], [ISSUER, 'n'])
    }
  })

  it('count when several keys could have made them and none is named', async () => {
    const [a, b] = [await pair('ES256'), await pair('ES256')]
    for (const { privateKey } of [a, b]) {
      const token = await new SignJWT().setIssuer(ISSUER).setProtectedHeader({ alg: 'ES256' }).sign(privateKey)
      assert.ok((await verifier(jwks(a.jwk, b.jwk)).idToken(token)).ok)
    }
    const stranger = await new SignJWT()
      .setIssuer(ISSUER)
      .setProtectedHeader({ alg: 'ES256' })
      .sign((await pair('ES256')).privateKey)
    assert.ok(!(await verifier(jwks(a.jwk, b.jwk)).idToken(stranger)).ok)
  })

  it('do not count from another key, issuer or algorithm, or from none', async () => {
    const good = await pair('ES256', 'one')
    const other = await pair('ES256', 'one')
    const sign = (privateKey: typeof good.privateKey, issuer = ISSUER) =>
      new SignJWT().setIssuer(issuer).setProtectedHeader({ alg: 'ES256', kid: 'one' }).sign(privateKey)
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify({ iss: ISSUER })).toString('base64url')}.`
    const secret = new TextEncoder().encode(JSON.stringify(good.jwk))
    const keyed = await new SignJWT().setIssuer(ISSUER).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(secret)
    const valid = await sign(good.privateKey)
    const [head = '', , signature = ''] = valid.split('.')
    const changed = `${head}.${Buffer.from(JSON.stringify({ iss: ISSUER, admin: true })).toString('base64url')}.${signature}`
    for (const token of [await sign(other.privateKey), await sign(good.privateKey, 'https://evil.example'), none, keyed, changed, '', 'a.b.c', '..'])
      assert.ok(!(await verifier(jwks(good.jwk)).idToken(token)).ok, token)
    assert.ok((await verifier(jwks(good.jwk)).idToken(valid)).ok)
  })

  it('do not count when what is signed is no object', async () => {
    const { privateKey, jwk } = await pair('EdDSA', 'one')
    const token = await new CompactSign(new TextEncoder().encode('[]')).setProtectedHeader({ alg: 'EdDSA', kid: 'one' }).sign(privateKey)
    assert.ok(!(await verifier(jwks(jwk)).idToken(token)).ok)
  })
})

describe('detached signatures of authorities (RFC 7515 appendix F)', () => {
  const statement = new TextEncoder().encode('{"iss":"chamber"}')

  it('count over exactly the statement', async () => {
    const { privateKey, jwk } = await pair('EdDSA', 'one')
    const signed = await new FlattenedSign(statement).setProtectedHeader({ alg: 'EdDSA', kid: 'one' }).sign(privateKey)
    const jws = `${signed.protected}..${signed.signature}`
    const verify = verifier(jwks(jwk))
    assert.deepEqual(await verify.statement('chamber', statement, jws), { ok: true, authority: 'chamber' })
    for (const [authority, bytes, text] of [
      ['other', statement, jws],
      ['chamber', new TextEncoder().encode('{"iss":"chamber"} '), jws],
      ['chamber', statement, `${signed.protected}.${signed.payload}.${signed.signature}`],
      ['chamber', statement, `${signed.protected}..${signed.signature}.`],
      ['chamber', statement, 'x..y'],
      ['chamber', statement, '']
    ] as const)
      assert.ok(!(await verify.statement(authority, bytes, text)).ok)
  })

  it('are refused with keys that are no JWKS', () => {
    for (const text of ['', '{}', '[]', '{"keys":1}', '{"keys":[1]}']) assert.throws(() => verifier(text), { code: 'CONFIG_INVALID' })
  })
})
