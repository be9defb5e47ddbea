import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createSigner } from '../../../../src/adapters/system/crypto.ts'
import type { AcaPolicy } from '../../../../src/roles/aca/config.ts'
import { parseCertificate } from '../../../../src/wire/x509/certificate.ts'
import { makeCsr } from '../../../../src/wire/x509/csr.ts'
import { acaWorld } from '../../../support/aca-world.ts'

const thumbprint = () => randomBytes(32).toString('base64url')
const fresh = () => makeCsr(createSigner(new Uint8Array(randomBytes(32))))

describe('ACA: accounts that a voucher was bound to (RFC 8555 7.3.4)', () => {
  async function bound(more: object = {}, policy: Partial<AcaPolicy> = {}) {
    const base = await acaWorld({ policy })
    const { aca } = base
    const made = await aca.createVoucher({ roles: ['agent'], name: 'flight', ttlMs: 60_000, dnsNames: ['flight.north.example', 'www.north.example'], ...more })
    const account = thumbprint()
    assert.equal(aca.door.eabKey(made.id)?.length, 32)
    assert.equal(Buffer.from(aca.door.eabKey(made.id) ?? []).toString('base64url'), made.eabKey)
    const grant = await aca.door.bindAccount(made.id, account)
    const order = async (csr = fresh(), dnsNames = ['flight.north.example'], by = account) => {
      const outcome = await aca.door.apply({ csr, dnsNames }, { door: 'acme', account: by })
      assert.ok(outcome.state === 'issued')
      return parseCertificate(outcome.chain[0] ?? new Uint8Array())
    }
    return { ...base, made, account, grant, order }
  }

  it('burns one use, and gives the same to the same key again', async () => {
    const { aca, made, account, grant } = await bound()
    assert.deepEqual(grant.dnsNames, ['flight.north.example', 'www.north.example'])
    assert.deepEqual(await aca.door.bindAccount(made.id, account), grant)
    assert.deepEqual(aca.door.accountGrant(account), grant)
    await assert.rejects(aca.door.bindAccount(made.id, thumbprint()), { code: 'VOUCHER_INVALID' })
    assert.equal(aca.door.eabKey(made.id), undefined)
    assert.equal(aca.door.accountGrant(thumbprint()), undefined)
  })

  it('may have certificates for whatever keys, with the names of the order; earlier ones stay', async () => {
    const { aca, order } = await bound()
    const first = await order()
    assert.deepEqual(
      first.subjectAltNames?.map(({ value }) => value),
      ['spiffe://north.example/agent/flight', 'flight.north.example']
    )
    const csr = fresh()
    await order(csr)
    await order(csr)
    assert.deepEqual(
      aca.show('flight').map(({ state }) => state),
      ['good', 'good', 'good']
    )
  })

  it('may have no other names, and no key of somebody else', async () => {
    const { aca, order, joined } = await bound()
    await assert.rejects(order(fresh(), ['hotel.north.example']), { code: 'SCOPE_EXCEEDED' })
    const node = await joined('hotel')
    await assert.rejects(order(makeCsr(node.signer)), { code: 'KEY_REFUSED' })
    await assert.rejects(order(fresh(), [], thumbprint()), { code: 'VOUCHER_INVALID' })
    assert.equal(aca.show('hotel').length, 1)
  })

  it('gets nothing more after the operator has revoked its name; its own revocation does not end it', async () => {
    const { aca, order, account } = await bound()
    const first = await order()
    await aca.door.revoke(first.serial, 'superseded', { account })
    const second = await order()
    await assert.rejects(aca.door.revoke(second.serial, 'superseded', { account: thumbprint() }), { code: 'PERMISSION_DENIED' })
    await aca.door.revoke(second.serial, 'cessationOfOperation', { spki: second.spki })
    await order()
    await aca.revoke('flight', 'privilegeWithdrawn')
    assert.equal(aca.door.accountGrant(account), undefined)
    await assert.rejects(order(), { code: 'VOUCHER_INVALID' })
  })

  it('gets nothing more after a key was compromised, until a new voucher is bound to it', async () => {
    const { aca, order, account } = await bound()
    const csr = fresh()
    const first = await order(csr)
    await aca.door.revoke(first.serial, 'keyCompromise', { account })
    await assert.rejects(order(), { code: 'VOUCHER_INVALID' })
    const { id } = await aca.createVoucher({ roles: ['agent'], name: 'flight', ttlMs: 60_000, dnsNames: ['flight.north.example'] })
    await aca.door.bindAccount(id, account)
    await assert.rejects(order(csr), { code: 'KEY_REFUSED' })
    await order()
  })

  it('gets nothing more after the operator has revoked its name or organisation while nothing of it is in force', async () => {
    for (const revoke of ['name', 'organisation'] as const) {
      const { aca, order, account } = await bound({ organisation: 'Acme' })
      const ended = revoke === 'name' ? await aca.revoke('flight', 'privilegeWithdrawn') : await aca.revokeOrganisation('Acme', 'privilegeWithdrawn')
      assert.deepEqual(ended.revoked, [])
      assert.equal(aca.door.accountGrant(account), undefined)
      await assert.rejects(order(), { code: 'VOUCHER_INVALID' })
      assert.equal(aca.audit({}).at(-1)?.event, 'accountEnded')
      await assert.rejects(aca.revoke('flight', 'privilegeWithdrawn'), { code: 'NOT_FOUND' })
    }
  })

  it('keeps the name that it was given while it has no certificate: a voucher without replace does not take it', async () => {
    const { order, newcomer, apply, voucher } = await bound({ replace: true })
    await assert.rejects(apply(await newcomer('x'), {}, await voucher('flight')), { code: 'NAME_TAKEN' })
    await order()
  })

  it('is not bound to a DNS name that another holder has, and keeps its own from others', async () => {
    const { aca, newcomer, apply, voucher, joined } = await bound()
    await assert.rejects(apply(await newcomer('x'), {}, await voucher('x', { dnsNames: ['www.north.example'] })), { code: 'NAME_TAKEN', message: /www/ })
    await joined('hotel', { dnsNames: ['hotel.north.example'] })
    const { id } = await aca.createVoucher({ roles: ['agent'], name: 'y', ttlMs: 60_000, dnsNames: ['hotel.north.example'] })
    await assert.rejects(aca.door.bindAccount(id, thumbprint()), { code: 'NAME_TAKEN', message: /hotel/ })
  })

  it('gets nothing by an approval after its name was revoked', async () => {
    const { aca, account } = await bound({}, { require: ['document'] })
    const outcome = await aca.door.apply({ csr: fresh(), dnsNames: ['flight.north.example'] }, { door: 'acme', account })
    assert.equal(outcome.state, 'pending')
    await aca.revoke('flight', 'privilegeWithdrawn')
    await assert.rejects(aca.approve(aca.pending()[0]?.ref ?? '', {}), { code: 'VOUCHER_INVALID' })
  })

  it('loses the name to whom the operator gives it with replace, and to nobody else', async () => {
    const { aca, order, account, newcomer, apply, voucher } = await bound()
    const first = await order()
    await assert.rejects(apply(await newcomer('x'), {}, await voucher('flight')), { code: 'NAME_TAKEN' })
    const other = await aca.createVoucher({ roles: ['agent'], name: 'flight', ttlMs: 60_000 })
    await assert.rejects(aca.door.bindAccount(other.id, thumbprint()), { code: 'NAME_TAKEN' })
    await apply(await newcomer('y'), {}, await voucher('flight', { replace: true }))
    assert.equal(aca.show(first.serial)[0]?.state, 'revoked')
    assert.equal(aca.door.accountGrant(account), undefined)
  })
})
