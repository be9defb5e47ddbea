import assert from 'node:assert/strict'
import { createPublicKey, X509Certificate } from 'node:crypto'
import { writeSpiffeBundle } from '../../../src/wire/spiffe-bundle.ts'
import { ext, key, mint } from '../../support/mint.ts'
import { testDomain } from '../../support/pki.ts'

interface Jwk {
  readonly use: string
  readonly x5c: string[]
}

describe('the trust bundle for SPIFFE implementations', () => {
  it('has each root as an X.509 authority with its key, the sequence, and the hint in seconds', async () => {
    const [north, next] = [await testDomain('north.example'), await testDomain('north.example')]
    const roots = [north.root, next.root]
    const bundle = JSON.parse(writeSpiffeBundle({ sequence: 1_800_000_000_000n, refreshHintMs: 300_000, roots })) as {
      keys: Jwk[]
      spiffe_sequence: number
      spiffe_refresh_hint: number
    }
    assert.deepEqual([bundle.spiffe_sequence, bundle.spiffe_refresh_hint, bundle.keys.length], [1_800_000_000_000, 300, 2])
    for (const [index, jwk] of bundle.keys.entries()) {
      assert.equal(jwk.use, 'x509-svid')
      const certificate = new X509Certificate(Buffer.from(jwk.x5c[0] ?? '', 'base64'))
      assert.deepEqual(new Uint8Array(certificate.raw), roots[index])
      // What node:crypto reads from the JWK is the key of the certificate.
      assert.ok(createPublicKey({ key: { ...jwk }, format: 'jwk' }).equals(certificate.publicKey))
    }
  })

  it('is refused for a root whose key has no name in it', () => {
    const odd = mint({
      subject: 'x',
      issuer: 'x',
      key: key(1),
      signedBy: key(1),
      extensions: [ext.basic(true)],
      spki: Uint8Array.of(0x30, 0x03, 0x02, 0x01, 0x01)
    })
    assert.throws(
      () => writeSpiffeBundle({ sequence: 1n, refreshHintMs: 1000, roots: [odd] }),
      (error: { code?: string }) => error.code !== undefined
    )
  })
})
