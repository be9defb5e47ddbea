import assert from 'node:assert/strict'
import { sha256 } from '../../../../src/adapters/system/crypto.ts'
import { hex } from '../../../../src/core/ids/hex.ts'
import { adoptCas } from '../../../../src/roles/aca/adopt.ts'
import { evidenceOf } from '../../../../src/roles/aca/evidence-of.ts'
import { parseCertificate } from '../../../../src/wire/x509/certificate.ts'
import { makeCsr, parseCsr } from '../../../../src/wire/x509/csr.ts'
import { testBook } from '../../../support/aca-book.ts'
import { key } from '../../../support/mint.ts'
import { testDomain } from '../../../support/pki.ts'

const keyIdOf = (der: Uint8Array | undefined): string => hex(sha256(parseCertificate(der ?? new Uint8Array()).spki))

describe('ACA: keys of its CAs', () => {
  it('are never certified for a holder, also when the CA has been replaced and what it issued has ended', async () => {
    const before = await testBook()
    adoptCas(before.book.deps, before.book.ledger)
    const retired = before.domain.issuer.chain.map(keyIdOf)
    const { book } = await testBook({ store: before.store, now: before.clock.now(), domain: await testDomain('north.example', before.clock.now()) })
    adoptCas(book.deps, book.ledger)
    const csr = makeCsr(key(1))
    const { caKey } = evidenceOf(book, csr, parseCsr(csr), undefined)
    for (const each of [...retired, ...book.deps.issuer.chain.map(keyIdOf)]) assert.equal(caKey(each), true)
    assert.equal(
      retired.some((each) => book.deps.issuer.chain.map(keyIdOf).includes(each)),
      false
    )
    assert.equal(caKey(hex(sha256(parseCsr(csr).spki))), false)
  })
})
