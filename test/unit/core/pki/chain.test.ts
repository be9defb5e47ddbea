import assert from 'node:assert/strict'
import { createVerify } from '../../../../src/adapters/system/crypto.ts'
import { verifyChain } from '../../../../src/core/pki/chain.ts'
import { refusalError } from '../../../../src/core/pki/refusal.ts'
import { parseCertificate } from '../../../../src/wire/x509/certificate.ts'
import { OIDS } from '../../../../src/wire/x509/oids.ts'
import { element, extension } from '../../../../src/wire/x509/der-writer.ts'
import { TAG } from '../../../../src/wire/x509/der.ts'
import { writeHolder } from '../../../../src/wire/x509/holder.ts'
import { anyKey, ids, mintAny } from '../../../support/mint-any.ts'
import { ext, key, mint, type Minted, MINTED_AT } from '../../../support/mint.ts'
import { testDomain } from '../../../support/pki.ts'

const root = key(1)
const issuing = key(2)
const holder = key(3)
const DAY = 86_400_000
const DOMAIN = 'north.example'
const BOTH = ext.eku(OIDS.clientAuth, OIDS.serverAuth)
const URI = ext.uris(`spiffe://${DOMAIN}/agent/flight`)

/** The parts of a good chain; a test replaces what it makes wrong. */
const good: Record<'leaf' | 'issuing' | 'root', Minted> = {
  leaf: { subject: 'leaf', issuer: 'issuing', key: holder, signedBy: issuing, extensions: [ext.basic(false), ext.usage(0x80), BOTH, URI, ext.roles('agent')] },
  issuing: { subject: 'issuing', issuer: 'root', key: issuing, signedBy: root, extensions: [ext.basic(true, 0), ext.usage(0x06), ext.constraints(DOMAIN)] },
  root: { subject: 'root', issuer: 'root', key: root, signedBy: root, extensions: [ext.basic(true, 1), ext.usage(0x06)] }
}

function judge(change: { leaf?: Partial<Minted>; issuing?: Partial<Minted>; root?: Partial<Minted> } = {}, now = MINTED_AT) {
  const parts = [
    { ...good.leaf, ...change.leaf },
    { ...good.issuing, ...change.issuing },
    { ...good.root, ...change.root }
  ]
  return verifyChain(
    parts.map((part) => parseCertificate(mint(part))),
    now,
    createVerify()
  )
}

function reason(...args: Parameters<typeof judge>): string {
  const verdict = judge(...args)
  return verdict.ok ? 'ok' : verdict.reason
}

/** The good leaf with some of its extensions replaced: [basic constraints, usage, extended usage, names, roles]. */
function leafWith(at: number, ...extensions: Uint8Array[]): { leaf: Partial<Minted> } {
  return { leaf: { extensions: good.leaf.extensions.toSpliced(at, 1, ...extensions) } }
}

describe('a certificate chain', () => {
  it('as the ACA issues it is believed, and says who its holder is', async () => {
    const domain = await testDomain(DOMAIN, MINTED_AT)
    const node = await domain.leaf({ name: 'gw1', roles: ['agw', 'aca'] })
    const verdict = verifyChain(node.chain.map(parseCertificate), MINTED_AT, createVerify())
    assert.ok(verdict.ok)
    const { spiffeId, name, roles, peer } = verdict.identity
    assert.deepEqual(
      { spiffeId, name, roles: [...roles], peer },
      { spiffeId: 'spiffe://north.example/aca/gw1', name: 'gw1', roles: ['aca', 'agw'], peer: node.peer }
    )
  })

  it('minted by hand is believed too, so that every refusal below has one cause', () => {
    assert.equal(reason(), 'ok')
  })

  it('with a P-256 key is believed, for TLS with the outside: same node and roles, but no PeerId that a peer could prove', () => {
    const verdict = judge({ leaf: { spki: anyKey('p256').spki } })
    assert.ok(verdict.ok)
    assert.deepEqual([verdict.identity.spiffeId, [...verdict.identity.roles], verdict.identity.peer], [`spiffe://${DOMAIN}/agent/flight`, ['agent'], ''])
  })

  for (const kind of ['ed25519', 'p256', 'p384'] as const) {
    it(`under CAs with ${kind} keys is believed`, () => {
      const [top, middle] = [anyKey(kind), anyKey(kind)]
      const chain = [
        mintAny({
          ...{ subject: 'leaf', issuer: 'issuing', key: anyKey('ed25519'), signedBy: middle },
          extensions: [...good.leaf.extensions, ...ids('leaf', 'issuing')]
        }),
        mintAny({ subject: 'issuing', issuer: 'root', key: middle, signedBy: top, extensions: [...good.issuing.extensions, ...ids('issuing', 'root')] }),
        mintAny({ subject: 'root', issuer: 'root', key: top, signedBy: top, extensions: [...good.root.extensions, ...ids('root', 'root')] })
      ]
      assert.equal(verifyChain(chain.map(parseCertificate), MINTED_AT, createVerify()).ok, true)
    })
  }

  it('ends with the first of its certificates that ends', () => {
    const verdict = judge({ issuing: { notAfter: MINTED_AT + 1000 } })
    assert.ok(verdict.ok)
    assert.equal(verdict.identity.notAfter, MINTED_AT + 1000)
  })

  const refusals: [string, string, ...Parameters<typeof judge>][] = [
    ['expired', 'expired', {}, MINTED_AT + 2 * DAY],
    ['not valid yet', 'not-yet-valid', {}, MINTED_AT - 2 * DAY],
    ['under an expired issuing CA', 'expired', { issuing: { notAfter: MINTED_AT - 1000 } }],
    ['of another domain than its CA may certify', 'name-constraints', leafWith(3, ext.uris('spiffe://south.example/agent/flight'))],
    ['of a domain below the one of its CA', 'name-constraints', leafWith(3, ext.uris('spiffe://sub.north.example/agent/flight'))],
    ['signed by another key', 'bad-signature', { leaf: { signedBy: key(9) } }],
    ['whose root did not sign itself', 'bad-signature', { root: { signedBy: key(9) } }],
    ['that names another issuer', 'issuer-mismatch', { leaf: { issuer: 'somebody' } }],
    ['with two URIs', 'spiffe-id', leafWith(3, ext.uris(`spiffe://${DOMAIN}/agent/flight`, `spiffe://${DOMAIN}/agent/other`))],
    ['with no URI', 'spiffe-id', leafWith(3)],
    ['with a URI that is no SPIFFE ID', 'spiffe-id', leafWith(3, ext.uris(`https://${DOMAIN}/agent/flight`))],
    ['with a SPIFFE ID in capitals', 'spiffe-id', leafWith(3, ext.uris('spiffe://NORTH.example/agent/flight'))],
    ['with an e-mail address', 'names', leafWith(3, ext.names(element(TAG.context(1), new TextEncoder().encode('a@b.example'))))],
    ['with an IP address', 'names', leafWith(3, ext.names(element(TAG.context(7), Uint8Array.of(127, 0, 0, 1))))],
    ['with a role that is not in the SPIFFE ID', 'roles', leafWith(4, ext.roles('agw'))],
    ['with an unknown role', 'roles', leafWith(4, ext.roles('agent', 'king'))],
    ['with roles out of order', 'roles', leafWith(4, ext.roles('agent', 'aca'))],
    ['with no roles', 'roles', leafWith(4)],
    ['of a node that is a CA', 'leaf-is-ca', leafWith(0, ext.basic(true))],
    ['of a node key that may sign certificates', 'leaf-key-usage', leafWith(1, ext.usage(0x84))],
    ['without key usage', 'leaf-key-usage', leafWith(1)],
    ['for clients only', 'leaf-extended-key-usage', leafWith(2, ext.eku(OIDS.clientAuth))],
    ['with an unknown critical extension', 'unknown-critical-extension', { leaf: { extensions: [...good.leaf.extensions, ext.unknown(true)] } }],
    ['whose issuer is no CA', 'not-a-ca', { issuing: { extensions: [ext.basic(false), ext.usage(0x06), ext.constraints(DOMAIN)] } }],
    ['whose issuer may not sign certificates', 'ca-key-usage', { issuing: { extensions: [ext.basic(true, 0), ext.usage(0x02), ext.constraints(DOMAIN)] } }],
    ['under a root whose path is too short', 'path-length', { root: { extensions: [ext.basic(true, 0), ext.usage(0x06)] } }],
    ['under CAs that may certify the whole world', 'unconstrained-ca', { issuing: { extensions: [ext.basic(true, 0), ext.usage(0x06)] } }],
    [
      'under constraints that are malformed',
      'name-constraints',
      {
        issuing: { extensions: [ext.basic(true, 0), ext.usage(0x06), ext.constraints(DOMAIN, element(TAG.context(7), Uint8Array.of(10, 0, 0)))] }
      }
    ],
    ["without the identifier of its issuer's key", 'key-identifier-missing', { leaf: { identifiers: false } }],
    ['under a CA without an identifier of its key', 'key-identifier-missing', { issuing: { identifiers: false } }],
    ['with name constraints of its own', 'name-constraints', { leaf: { extensions: [...good.leaf.extensions, ext.constraints(DOMAIN)] } }],
    ['with a P-384 key of its own', 'algorithm', { leaf: { spki: anyKey('p384').spki } }],
    ['with a scope that is no capability', 'scopes', leafWith(4, extension(OIDS.holder, false, writeHolder({ roles: ['agent'], scopes: ['travel/../x'] })))],
    ['of version 1', 'not-v3', { leaf: { version: 2, extensions: [] } }]
  ]
  for (const [what, want, ...args] of refusals) {
    it(`${what} is refused: ${want}`, () => {
      assert.equal(reason(...args), want)
    })
  }

  it('with an unknown extension that is not critical is believed', () => {
    assert.equal(reason({ leaf: { extensions: [...good.leaf.extensions, ext.unknown(false)] } }), 'ok')
  })

  it('is refused when it is empty, a root alone, or too long', () => {
    const [leaf, ca, top] = [good.leaf, good.issuing, good.root].map((part) => parseCertificate(mint(part)))
    assert.ok(leaf && ca && top)
    for (const chain of [[], [top], [leaf, ca, ca, ca, top]]) {
      const verdict = verifyChain(chain, MINTED_AT, createVerify())
      assert.ok(!verdict.ok)
      assert.equal(verdict.reason, 'chain-length')
    }
  })

  it('is refused when an issuing CA of path length 0 has made another CA', () => {
    const second = key(7)
    const parts: Minted[] = [
      { ...good.leaf, issuer: 'second', signedBy: second },
      { subject: 'second', issuer: 'issuing', key: second, signedBy: issuing, extensions: [ext.basic(true), ext.usage(0x06)] },
      good.issuing,
      { ...good.root, extensions: [ext.basic(true), ext.usage(0x06)] }
    ]
    const verdict = verifyChain(
      parts.map((part) => parseCertificate(mint(part))),
      MINTED_AT,
      createVerify()
    )
    assert.ok(!verdict.ok)
    assert.equal(verdict.reason, 'path-length')
  })

  it('is refused without a signature check when a cheap rule is broken', () => {
    let checks = 0
    const parts = [{ ...good.leaf, extensions: [ext.basic(true)] }, good.issuing, good.root]
    verifyChain(
      parts.map((part) => parseCertificate(mint(part))),
      MINTED_AT,
      () => ++checks > 0
    )
    assert.equal(checks, 0)
  })

  it('that is refused gives an error with a code and the reason', () => {
    const code = (...args: Parameters<typeof judge>) => {
      const verdict = judge(...args)
      assert.ok(!verdict.ok)
      const error = refusalError(verdict)
      return [error.code, error.metadata['reason']]
    }
    assert.deepEqual(code({}, MINTED_AT + 2 * DAY), ['CERTIFICATE_EXPIRED', 'expired'])
    assert.deepEqual(code({ leaf: { signedBy: key(9) } }), ['CERTIFICATE_INVALID', 'bad-signature'])
  })
})
