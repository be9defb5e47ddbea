import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { createVerify, sha256 } from '../../src/adapters/system/crypto.ts'
import { algorithmFor } from '../../src/core/pki/algorithm.ts'
import { validatePath } from '../../src/core/pki/path.ts'
import { refusalError } from '../../src/core/pki/refusal.ts'
import { verifyCrl } from '../../src/core/pki/revocation.ts'
import { createChains } from '../../src/roles/member/chains.ts'
import { HansaError } from '../../src/schema/errors.ts'
import { parseCertificate } from '../../src/wire/x509/certificate.ts'
import { parseCrl } from '../../src/wire/x509/crl.ts'
import { makeCsr, parseCsr } from '../../src/wire/x509/csr.ts'
import { bits, oid, sequence } from '../../src/wire/x509/der-writer.ts'
import { parseOcspRequest } from '../../src/wire/x509/ocsp-request.ts'
import { OIDS } from '../../src/wire/x509/oids.ts'
import { ext, key, MINTED_AT } from '../support/mint.ts'
import { anyKey, entry, ids, mintAny, mintCrl } from '../support/mint-any.ts'
import { certId, ocspRequest } from '../support/ocsp.ts'
import type { Target } from './fuzz.ts'

const DOMAIN = 'a.example'
const verify = createVerify()

/** Chains with keys of each kind, leaf first. */
const chains = (['ed25519', 'p256', 'p384'] as const).map((kind) => {
  const [root, issuing] = [anyKey(kind), anyKey(kind)]
  const holder = anyKey(kind === 'p384' ? 'p256' : kind)
  const leaf = [ext.basic(false), ext.usage(0x80), ext.eku(OIDS.clientAuth, OIDS.serverAuth), ext.uris(`spiffe://${DOMAIN}/agent/flight`), ext.roles('agent')]
  return {
    ...{ root, issuing },
    der: [
      mintAny({ subject: 'leaf', issuer: 'issuing', key: holder, signedBy: issuing, extensions: [...leaf, ...ids('leaf', 'issuing')] }),
      mintAny({
        ...{ subject: 'issuing', issuer: 'root', key: issuing, signedBy: root },
        extensions: [ext.basic(true, 0), ext.usage(0x06), ext.constraints(DOMAIN), ...ids('issuing', 'root')]
      }),
      mintAny({ subject: 'root', issuer: 'root', key: root, signedBy: root, extensions: [ext.basic(true, 1), ext.usage(0x06), ...ids('root', 'root')] })
    ] as const
  }
})

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

/**
 * Neither Ed25519 (RFC 8032 5.1.7: S below the order) nor these readers leave a second way to write what was signed, and one who can find another ECDSA signature
 * has bits to choose with care; so a changed certificate that is believed is one of those that were made here, byte by byte.
 */
function mustBeMade(input: Uint8Array, made: readonly Uint8Array[]): void {
  assert.ok(
    made.some((each) => same(each, input)),
    'a changed certificate or list is believed'
  )
}

/** What was signed changed, and then signed by its issuer: whatever is believed must still keep to the rules, as another reader sees it. */
const signedAnew: Target = {
  name: 'certificates signed anew',
  corpus: chains.slice(0, 1).map(({ der: [leaf] }) => parseCertificate(leaf).tbs.slice()),
  read(input) {
    const [chain] = chains
    if (chain === undefined) return
    const algorithm = sequence(oid(chain.issuing.algorithm))
    const leaf = sequence(input, algorithm, bits(chain.issuing.sign(input)))
    const [, issuing, root] = chain.der
    const question = { leaf: parseCertificate(leaf), intermediates: [parseCertificate(issuing)], anchors: [parseCertificate(root)], now: MINTED_AT }
    const verdict = validatePath({ ...question, purpose: 'client' }, verify)
    if (!verdict.ok) throw refusalError(verdict)
    const seen = new X509Certificate(leaf)
    assert.equal(seen.ca, false)
    assert.ok(Date.parse(seen.validFrom) <= MINTED_AT && MINTED_AT < Date.parse(seen.validTo) + 1000, 'out of its time')
    for (const [form, value] of namesOf(seen.subjectAltName ?? '')) {
      if (form === 'URI') assert.equal(/^[a-z0-9+.-]+:\/\/([^/?#]*)/i.exec(value)?.[1]?.toLowerCase(), DOMAIN)
      if (form === 'DNS') assert.match(value.toLowerCase(), /(^|[.])a[.]example$/)
    }
  }
}

/** Names as node:crypto shows them: what could be taken for two names or for another is in quotes, as JSON. */
function namesOf(text: string): [form: string, value: string][] {
  const names = [...text.matchAll(/(?:^|, )([^:,"]+):("(?:[^"\\]|\\.)*"|[^,"]*)/g)]
  assert.equal(names.map(([all]) => all).join(''), text, 'a name was not read')
  return names.map(([, form = '', value = '']) => [form, value.startsWith('"') ? String(JSON.parse(value)) : value])
}

/** Readers and judges of certificates, lists and requests: what is changed is refused, or is what it was. */
export const X509_TARGETS: readonly Target[] = [
  {
    name: 'chains, leaf changed',
    corpus: chains.map(({ der: [leaf] }) => leaf),
    read(input) {
      let refusal: HansaError | undefined
      let believed = false
      for (const { der } of chains) {
        try {
          createChains(verify, sha256, 8).verify([input, der[1], der[2]], MINTED_AT)
          believed = true
        } catch (error) {
          if (!(error instanceof HansaError)) throw error
          refusal = error
        }
      }
      if (believed) mustBeMade(input, this.corpus)
      else if (refusal !== undefined) throw refusal
    }
  },
  {
    name: 'paths, issuing CA changed',
    corpus: chains.map(({ der: [, issuing] }) => issuing),
    read(input) {
      const changed = parseCertificate(input)
      let believed = false
      for (const { der } of chains) {
        const question = { leaf: parseCertificate(der[0]), intermediates: [changed], anchors: [parseCertificate(der[2])], now: MINTED_AT }
        believed ||= validatePath(question, verify).ok
      }
      if (!believed) throw new HansaError('CERTIFICATE_INVALID', 'no leaf has this issuer')
      mustBeMade(input, this.corpus)
    }
  },
  signedAnew,
  {
    name: 'lists that are judged',
    corpus: chains.flatMap(({ issuing }) => [
      mintCrl({ issuer: 'issuing', signedBy: issuing }),
      mintCrl({ issuer: 'issuing', signedBy: issuing, entries: [entry('01'), entry('02')] })
    ]),
    read(input) {
      const crl = parseCrl(input)
      const believed = chains.some(({ der }) => verifyCrl(crl, parseCertificate(der[1]), MINTED_AT, verify).ok)
      if (!believed) throw new HansaError('CERTIFICATE_INVALID', 'no CA has signed this')
      mustBeMade(input, this.corpus)
    }
  },
  {
    name: 'requests that are judged',
    corpus: [1, 2, 3].map((byte) => makeCsr(key(byte))),
    read(input) {
      const { spki, info, signature, signatureAlgorithm } = parseCsr(input)
      const algorithm = algorithmFor(signatureAlgorithm, spki)
      if (algorithm === undefined || !verify(spki, info, signature, algorithm)) throw new HansaError('CSR_INVALID', 'not signed by its key')
      mustBeMade(input, this.corpus)
    }
  },
  {
    name: 'questions of OCSP',
    corpus: chains.flatMap(({ der: [, issuing] }) => [
      ocspRequest([certId(issuing, Uint8Array.of(1))]),
      ocspRequest([certId(issuing, Uint8Array.of(1), 'sha256'), certId(issuing, Uint8Array.of(2), 'sha384')], new Uint8Array(16).fill(7))
    ]),
    read(input) {
      const { certificates } = parseOcspRequest(input)
      assert.ok(certificates.length >= 1 && certificates.length <= 16)
    }
  }
]
