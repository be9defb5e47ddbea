import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { createTokenVerifier } from '../../../../src/adapters/jose/token-verifier.ts'
import { ApplicationState, VerdictState } from '../../../../src/schema/generated/hansa/v1/trust_pb.ts'
import { makeCsr } from '../../../../src/wire/x509/csr.ts'
import { acaWorld } from '../../../support/aca-world.ts'

const ISSUER = 'https://id.example'

describe('ACA: ID tokens', () => {
  it('give one certificate, and are not taken again, also after it was revoked', async () => {
    const { privateKey, publicKey } = await generateKeyPair('EdDSA')
    const keys = JSON.stringify({ keys: [await exportJWK(publicKey)] })
    const { newcomer, apply, aca, clock } = await acaWorld({
      tokens: createTokenVerifier({ issuers: new Map([[ISSUER, keys]]), authorities: new Map() }),
      policy: {
        require: ['oidc'],
        oidc: new Map([[ISSUER, { audience: 'hansa', accounts: [] }]]),
        organisations: new Map([['acme.example', { roles: ['agent'], scopes: [], names: ['*'] }]])
      }
    })
    const node = await newcomer('x')
    const seconds = Math.floor(clock.now() / 1000)
    const oidcToken = await new SignJWT({
      nonce: createHash('sha256').update(makeCsr(node.signer)).digest('base64url'),
      hd: 'acme.example',
      jti: 'one',
      iat: seconds,
      exp: seconds + 300
    })
      .setProtectedHeader({ alg: 'EdDSA' })
      .setIssuer(ISSUER)
      .setAudience('hansa')
      .sign(privateKey)
    const materials = { oidcToken, organisation: 'acme.example', name: 'flight' }
    assert.equal((await apply(node, materials)).state, ApplicationState.ISSUED)
    await aca.revoke('flight', 'superseded')
    await clock.settle()
    const again = await apply(node, materials)
    assert.equal(again.state, ApplicationState.PENDING)
    assert.equal(again.verdicts.find(({ material }) => material === 'oidc')?.state, VerdictState.FAILED)
  })
})
