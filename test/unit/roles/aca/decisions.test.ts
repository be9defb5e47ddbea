import assert from 'node:assert/strict'
import { Applications } from '../../../../src/roles/aca/applications.ts'
import { Issuance } from '../../../../src/roles/aca/issuance.ts'
import { Revoking } from '../../../../src/roles/aca/revoking.ts'
import { makeCsr } from '../../../../src/wire/x509/csr.ts'
import { testBook, type TestBook } from '../../../support/aca-book.ts'
import { key } from '../../../support/mint.ts'
import { testDomain } from '../../../support/pki.ts'

const events = ({ book }: TestBook) => book.audit.read({}).map(({ event }) => event)

describe('ACA: a decision is written down as a whole or not at all', () => {
  it('an approval whose certificate cannot be signed leaves nothing behind, whoever commits next', async () => {
    const world = await testBook({ issuer: { issue: () => Promise.reject(new Error('the key is away')) } })
    const { book } = world
    const issuance = new Issuance(book, new Revoking(book))
    const applications = new Applications(book, issuance)
    await issuance.apply({ csr: makeCsr(key(50)), materials: { name: 'flight', roles: [], scopes: [], skills: [], documents: [] } }, { door: 'est' })
    const [waiting] = applications.pending()
    assert.ok(waiting)
    await assert.rejects(applications.approve(waiting.ref, {}), /the key is away/)
    await book.ledger.commit()
    assert.deepEqual(events(world), ['applied'])
    assert.equal(applications.application(waiting.ref).state, 'pending')
  })

  it('a revocation whose list cannot be signed is on the next one, soon', async () => {
    const base = await testDomain('north.example', 0)
    const [signer] = base.issuer.signers
    assert.ok(signer)
    let away = false
    const sign = (bytes: Uint8Array) => {
      if (away) throw new Error('the key is away')
      return signer.sign(bytes)
    }
    const world = await testBook({ now: 1000, domain: base, issuer: { signers: [{ ...signer, sign }] } })
    const { book, issue } = world
    book.crl.write(book.crl.due())
    await book.ledger.commit()
    book.crl.announce()
    const { issued } = await issue('flight')
    assert.deepEqual(book.crl.due(), [])
    away = true
    await assert.rejects(new Revoking(book).revoke(issued.serial, 'superseded'), /the key is away/)
    await book.ledger.commit()
    assert.deepEqual(book.crl.due(), [signer.id])
    away = false
    book.crl.write(book.crl.due())
    await book.ledger.commit()
    book.crl.announce()
    assert.ok(book.crl.current().revoked.has(issued.serial))
    assert.deepEqual(book.crl.due(), [])
  })
})
