import assert from 'node:assert/strict'
import { reviewIdToken, type TokenContext } from '../../../../src/core/pki/id-token.ts'
import { reviewMaterials } from '../../../../src/core/pki/materials.ts'
import { reviewDocument } from '../../../../src/core/pki/organisation-document.ts'
import type { Issued } from '../../../../src/core/pki/issued.ts'

const NOW = Date.UTC(2026, 0, 1)
const SECONDS = NOW / 1000
const ISSUER = 'https://id.example'
const rule = { audience: 'hansa', accounts: ['acme.example'] }
const context: TokenContext = { now: NOW, nonce: 'request-hash', rule, spent: () => false, hash: 'token-hash' }
const claims = {
  iss: ISSUER,
  sub: '42',
  aud: 'hansa',
  iat: SECONDS - 10,
  exp: SECONDS + 300,
  nonce: 'request-hash',
  email: 'ann@acme.example',
  email_verified: true,
  jti: 'one'
}
const token = (more: object = {}) => ({ ok: true as const, issuer: ISSUER, claims: { ...claims, ...more } })

describe('an ID token (OpenID Connect Core 3.1.3.7)', () => {
  it('of a listed issuer, for this audience, this request and an account that counts, is verified and spent', () => {
    const { verdict, spend, email } = reviewIdToken(token(), context)
    assert.equal(verdict.state, 'verified')
    assert.deepEqual(spend, { issuer: ISSUER, id: 'jti:one', until: (SECONDS + 300) * 1000 })
    assert.equal(email, 'ann@acme.example')
  })

  it('counts by the organisation claim, too, and by the hash when it has no jti', () => {
    const { verdict, spend } = reviewIdToken(token({ email: undefined, hd: 'acme.example', jti: undefined }), context)
    assert.deepEqual([verdict.state, spend?.id], ['verified', 'token-hash'])
    assert.equal(reviewIdToken(token({ aud: ['hansa', 'other'], azp: 'hansa' }), context).verdict.state, 'verified')
  })

  const bad: [what: string, claims: object, context?: Partial<TokenContext>][] = [
    ['another audience', { aud: 'other' }],
    ['no audience', { aud: undefined }],
    ['an audience among others without azp', { aud: ['hansa', 'other'] }],
    ['another authorized party', { azp: 'other' }],
    ['a token that has expired', { exp: SECONDS - 1 }],
    ['no exp', { exp: undefined }],
    ['an exp that is text', { exp: '9999999999' }],
    ['an exp beyond numbers', { exp: Infinity }],
    ['a life of more than a day', { exp: SECONDS + 90_000 }],
    ['no iat', { iat: undefined }],
    ['an iat to come', { iat: SECONDS + 120 }],
    ['an nbf to come', { nbf: SECONDS + 120 }],
    ['an nbf that is no number', { nbf: 'soon' }],
    ['the nonce of another request', { nonce: 'other' }],
    ['no nonce', { nonce: undefined }],
    ['an e-mail address that is not verified', { email_verified: false }],
    ['an e-mail address whose verification is text', { email_verified: 'true' }],
    ['an account of another domain', { email: 'ann@evil.example' }],
    ['a domain that only ends alike', { email: 'ann@notacme.example' }],
    ['a domain inside the local part', { email: '"x@acme.example"@evil.example' }],
    ['a token that was used', {}, { spent: () => true }],
    ['an issuer without a rule', {}, { rule: undefined }]
  ]
  for (const [what, more, other] of bad)
    it(`fails with ${what}`, () => {
      const { verdict, spend } = reviewIdToken(token(more), { ...context, ...other })
      assert.deepEqual([verdict.state, spend], ['failed', undefined])
      assert.ok(verdict.detail.length > 10)
    })

  it('fails with a signature that does not hold, and says why', () => {
    assert.deepEqual(reviewIdToken({ ok: false, why: 'no' }, context).verdict, { material: 'oidc', state: 'failed', detail: 'no' })
  })
})

describe('a qualification document', () => {
  const hash = new Uint8Array(32).fill(7)
  const statement = (more: object = {}) =>
    new TextEncoder().encode(JSON.stringify({ iss: 'chamber', sub: 'Acme', sha256: '07'.repeat(32), iat: SECONDS - 10, exp: SECONDS + 10, ...more }))
  const signed = { ok: true, authority: 'chamber' } as const
  const review = (more: object = {}, organisation: string | undefined = 'Acme') =>
    reviewDocument({ title: 'licence', sha256: hash, statement: statement(more), signed }, organisation, 'aa', NOW)

  it('is verified when a listed authority says so of the organisation', () => {
    const { verdict, authority, organisation } = review()
    assert.deepEqual([verdict.state, authority, organisation], ['verified', 'chamber', 'Acme'])
    assert.match(verdict.detail, /has not read it/)
    for (const key of ['aa', 'SHA256:AA']) assert.equal(review({ key }).verdict.state, 'verified')
  })

  it('is written down without a signature', () => {
    const { verdict, organisation } = reviewDocument({ title: 'x', sha256: hash, statement: new Uint8Array(), signed: undefined }, 'Acme', 'aa', NOW)
    assert.deepEqual([verdict.state, organisation], ['recorded', undefined])
  })

  it('fails when the signature does not hold, or what it says does not fit', () => {
    for (const failed of [
      reviewDocument({ title: 'x', sha256: hash, statement: statement(), signed: { ok: false, why: 'no' } }, 'Acme', 'aa', NOW),
      reviewDocument({ title: 'x', sha256: hash, statement: new TextEncoder().encode('[]'), signed }, 'Acme', 'aa', NOW),
      reviewDocument({ title: 'x', sha256: hash, statement: Uint8Array.of(0xff), signed }, 'Acme', 'aa', NOW),
      reviewDocument({ title: 'x', sha256: new Uint8Array(31), statement: statement(), signed }, 'Acme', 'aa', NOW),
      reviewDocument({ title: 'x', sha256: hash, statement: statement(), signed }, undefined, 'aa', NOW),
      review({ iss: 'other' }),
      review({ sub: 'Other' }),
      review({ sha256: '08'.repeat(32) }),
      review({ exp: SECONDS - 1 }),
      review({ iat: SECONDS + 100 }),
      review({ exp: null }),
      review({ key: 'bb' }),
      review({ key: null })
    ])
      assert.deepEqual([failed.verdict.state, failed.organisation], ['failed', undefined])
  })
})

describe('materials together', () => {
  const revoked = {
    ...{ serial: 'ab', name: 'flight', spiffeId: 'spiffe://north.example/agent/flight', peer: '', keyId: '', issuer: '', notBefore: 0, notAfter: NOW + 1 },
    ...{ roles: ['agent'], scopes: [], dnsNames: [], revokedAt: 1, reason: 'superseded' }
  } satisfies Issued
  const known: Readonly<Record<string, Issued>> = { ab: revoked, cd: { ...revoked, serial: 'cd', revokedAt: undefined, reason: undefined } as Issued }
  const around = {
    now: NOW,
    keyId: 'aa',
    nonce: 'request-hash',
    issuers: new Map([[ISSUER, rule]]),
    spent: () => false,
    certificate: (serial: string) => known[serial]
  }
  const asked = { roles: [], scopes: [], dnsNames: [] }
  const states = (review: ReturnType<typeof reviewMaterials>) => review.verdicts.map(({ material, state }) => `${material} ${state}`)

  it('an organisation whose domain the account has is proved, and the developer that the token names', () => {
    const review = reviewMaterials(
      {
        asked: { ...asked, organisation: 'acme.example', scopes: ['travel'] },
        developer: 'ann@acme.example',
        skills: ['flight.book'],
        documents: [],
        idToken: { token: token(), hash: 'h' }
      },
      around
    )
    assert.deepEqual(states(review), ['oidc verified', 'developer verified', 'organisation verified', 'scopes recorded', 'skills recorded'])
    assert.equal(review.organisation, 'acme.example')
  })

  it('what is only said is written down, and proves nothing', () => {
    const review = reviewMaterials({ asked: { ...asked, organisation: 'Acme', name: 'x' }, developer: 'Ann', skills: [], documents: [] }, around)
    assert.deepEqual(states(review), ['developer recorded', 'organisation recorded', 'name recorded'])
    assert.equal(review.organisation, undefined)
  })

  it('a revoked certificate that is cited is written down with what it was; one that is not revoked, or not known, fails (draft 3.1.2)', () => {
    const of = (cites: string) => reviewMaterials({ asked, skills: [], documents: [], cites }, around).verdicts[0]
    assert.equal(of('ab')?.state, 'recorded')
    assert.match(of('ab')?.detail ?? '', /agent\/flight.*superseded/)
    assert.equal(of('cd')?.state, 'failed')
    assert.equal(of('ef')?.state, 'failed')
  })
})
