import assert from 'node:assert/strict'
import { sha256 } from '../../../../src/adapters/system/crypto.ts'
import { approvalBytes } from '../../../../src/core/pki/approval.ts'
import type { AcaPolicy } from '../../../../src/roles/aca/config.ts'
import { ApplicationState } from '../../../../src/schema/generated/hansa/v1/trust_pb.ts'
import { makeCsr } from '../../../../src/wire/x509/csr.ts'
import { parseCertificate } from '../../../../src/wire/x509/certificate.ts'
import { acaWorld } from '../../../support/aca-world.ts'
import { key } from '../../../support/mint.ts'

const DAY = 86_400_000

const setting = (policy: Partial<AcaPolicy> = {}) => acaWorld({ policy })

describe('ACA: applications that wait for a person (draft 3.1.1)', () => {
  it('waits without what policy requires, is approved, and its applicant gets the certificate by asking', async () => {
    const { apply, status, newcomer, aca } = await setting()
    const node = await newcomer('x')
    const answer = await apply(node, { name: 'flight', scopes: ['travel'] })
    assert.equal(answer.state, ApplicationState.PENDING)
    assert.match(answer.message, /voucher/)
    assert.match(answer.applicationId, /^[0-9a-f]{32}$/)
    assert.ok(answer.retryAfterMs > 0n)
    const [waiting] = aca.pending()
    assert.ok(waiting)
    assert.ok(!answer.applicationId.includes(waiting.ref))
    assert.deepEqual([waiting.asked.name, waiting.asked.roles, waiting.asked.scopes, waiting.peer], ['flight', ['agent'], ['travel'], node.peer])
    assert.equal((await status(node, answer.applicationId)).state, ApplicationState.PENDING)
    const approved = await aca.approve(waiting.ref, {})
    assert.equal(approved.state, 'issued')
    assert.deepEqual(aca.pending(), [])
    const { state, chain } = await status(node, answer.applicationId)
    assert.equal(state, ApplicationState.ISSUED)
    assert.equal(parseCertificate(chain[0] ?? new Uint8Array()).serial, approved.serial)
    assert.deepEqual(parseCertificate(chain[0] ?? new Uint8Array()).holder?.scopes, ['travel'])
  })

  it('gives a DNS name to one holder at a time, also the one that a server has by its name', async () => {
    const { apply, newcomer, aca, voucher, joined } = await setting()
    await joined('gw1', { roles: ['agw'] })
    const takes = async (name: string, more: object) => apply(await newcomer(name), {}, await voucher(name, more))
    await assert.rejects(takes('x', { dnsNames: ['gw1.north.example'] }), { code: 'NAME_TAKEN', message: /gw1.north.example/ })
    await assert.rejects(takes('y', { dnsNames: ['gw1.north.example'], replace: true }), { code: 'NAME_TAKEN' })
    await takes('z', { dnsNames: ['gw2.north.example'] })
    await assert.rejects(takes('gw2', { roles: ['agw'] }), { code: 'NAME_TAKEN' })
    await aca.revoke('z', 'superseded')
    assert.equal((await takes('gw2', { roles: ['agw'] })).state, ApplicationState.ISSUED)
  })

  it('gives a name that an approver has changed without the DNS name and the claim of the one that was asked for', async () => {
    const { apply, newcomer, aca, voucher } = await setting({ require: ['document'], twoApprovers: [] })
    const hotel = await newcomer('hotel')
    await apply(hotel, {}, await voucher('hotel'))
    await aca.approve(aca.pending()[0]?.ref ?? '', {})
    await apply(await newcomer('x'), {}, await voucher('gw1', { roles: ['agw'], replace: true, dnsNames: ['gw1.north.example', 'www.north.example'] }))
    const ref = aca.pending()[0]?.ref ?? ''
    await assert.rejects(aca.approve(ref, { name: 'hotel' }), { code: 'NAME_TAKEN' })
    await aca.approve(ref, { name: 'gw2' })
    assert.deepEqual(aca.show('gw2')[0]?.dnsNames, ['gw2.north.example', 'www.north.example'])
    assert.equal(aca.show('hotel')[0]?.state, 'good')
  })

  it('tells nobody else how an application fares', async () => {
    const { apply, status, newcomer } = await setting()
    const { applicationId } = await apply(await newcomer('x'), { name: 'flight' })
    await assert.rejects(status(await newcomer('y'), applicationId), { code: 'NOT_FOUND' })
    await assert.rejects(status(await newcomer('z'), 'f'.repeat(32)), { code: 'NOT_FOUND' })
  })

  it('is the same application when the same comes again, before and after the decision', async () => {
    const { apply, newcomer, aca } = await setting()
    const node = await newcomer('x')
    const first = await apply(node, { name: 'flight' })
    assert.equal((await apply(node, { name: 'flight' })).applicationId, first.applicationId)
    const [waiting] = aca.pending()
    await aca.approve(waiting?.ref ?? '', {})
    const again = await apply(node, { name: 'flight' })
    assert.deepEqual([again.state, again.applicationId], [ApplicationState.ISSUED, first.applicationId])
    assert.equal(aca.show('flight').length, 1)
  })

  it('gives the same certificate again for the same request and voucher: an answer that was lost costs nothing', async () => {
    const { apply, newcomer, aca } = await setting()
    const node = await newcomer('x')
    const { voucher } = await aca.createVoucher({ roles: ['agent'], name: 'flight', ttlMs: 60_000 })
    const first = await apply(node, {}, voucher)
    const again = await apply(node, {}, voucher)
    assert.deepEqual(again.chain, first.chain)
    await aca.revoke('flight', 'superseded')
    await assert.rejects(apply(node, {}, voucher), { code: 'VOUCHER_INVALID' })
  })

  it('tells a rejected applicant why; other materials make a new application, the same do not', async () => {
    const { apply, status, newcomer, aca } = await setting()
    const node = await newcomer('x')
    const { applicationId } = await apply(node, { name: 'flight' })
    await aca.reject(aca.pending()[0]?.ref ?? '', 'nobody knows you', {})
    assert.deepEqual(await status(node, applicationId).then(({ state, message }) => [state, message]), [ApplicationState.REJECTED, 'nobody knows you'])
    assert.equal((await apply(node, { name: 'flight' })).state, ApplicationState.REJECTED)
    assert.equal((await apply(node, { name: 'flight', organisation: 'Acme' })).state, ApplicationState.PENDING)
    await assert.rejects(aca.approve('nothing', {}), { code: 'NOT_FOUND' })
  })

  it('looks again when it is approved: a name that was taken meanwhile, or a key that was blocked, is refused', async () => {
    const { apply, newcomer, aca } = await setting()
    const [x, y] = [await newcomer('x'), await newcomer('y')]
    await apply(x, { name: 'flight' })
    await apply(y, { name: 'flight' })
    const refs = aca.pending().map(({ ref }) => ref)
    await aca.approve(refs[0] ?? '', {})
    await assert.rejects(aca.approve(refs[1] ?? '', {}), { code: 'NAME_TAKEN' })
    const { asked } = await aca.approve(refs[1] ?? '', { name: 'flight-2', scopes: ['travel'] })
    assert.deepEqual([asked.name, asked.scopes], ['flight-2', ['travel']])
  })

  it('is dropped when nobody decides', async () => {
    const { clock, apply, status, newcomer, aca } = await setting({ pendingForMs: 60_000 })
    const node = await newcomer('x')
    const { applicationId } = await apply(node, { name: 'flight' })
    const [waiting] = aca.pending()
    await clock.advance(180_000)
    assert.deepEqual(aca.pending(), [])
    await assert.rejects(aca.approve(waiting?.ref ?? '', {}), { code: 'NOT_FOUND' })
    await assert.rejects(clock.run(status(node, applicationId)), { code: 'NOT_FOUND' })
  })

  it('leaves room for others: strangers cannot fill the queue', async () => {
    const { apply, newcomer, aca } = await setting({ maxPending: 4, require: ['voucher', 'oidc'] })
    await apply(await newcomer('a'), { name: 'one' })
    await apply(await newcomer('b'), { name: 'two' })
    await assert.rejects(apply(await newcomer('c'), { name: 'three' }), { code: 'OVERLOADED' })
    const { voucher } = await aca.createVoucher({ roles: ['agent'], name: 'four', ttlMs: 60_000 })
    assert.equal((await apply(await newcomer('d'), {}, voucher)).state, ApplicationState.PENDING)
  })

  it('goes on after a restart', async () => {
    const { apply, newcomer, server, aca } = await setting()
    await apply(await newcomer('x'), { name: 'flight' })
    assert.equal(server.store.count('aca.applications'), 1)
    assert.equal(aca.pending().length, 1)
  })
})

describe('ACA: approvers (draft 3.1.1)', () => {
  const [ann, bob] = [key(61), key(62)]
  const approvers = new Map([
    ['ann', ann.publicKey],
    ['bob', bob.publicKey]
  ])

  async function waiting() {
    const base = await setting({ approvers })
    const node = await base.newcomer('x')
    await base.apply(node, { name: 'gw', roles: ['agw'] })
    const [view] = base.aca.pending()
    assert.ok(view)
    const { ref, digest } = view
    const signed = (signer: typeof ann, changes = {}) => signer.sign(approvalBytes({ domain: 'north.example', ref, digest, decision: 'approve', ...changes }))
    return { ...base, view, ref, digest, signed }
  }

  it('two different ones for a role that speaks for others', async () => {
    const { aca, ref, view, signed } = await waiting()
    assert.equal(view.approvalsNeeded, 2)
    assert.equal((await aca.approve(ref, { approver: 'ann', signature: signed(ann) })).state, 'pending')
    assert.equal((await aca.approve(ref, { approver: 'ann', signature: signed(ann) })).state, 'pending')
    const done = await aca.approve(ref, { approver: 'bob', signature: signed(bob) })
    assert.deepEqual([done.state, done.approvals.map(({ approver }) => approver)], ['issued', ['ann', 'bob']])
  })

  it('two who approve different things have not approved one', async () => {
    const { aca, ref, signed } = await waiting()
    await aca.approve(ref, { approver: 'ann', signature: signed(ann) })
    const changes = { name: 'gw2' }
    assert.equal((await aca.approve(ref, { approver: 'bob', signature: signed(bob, changes), ...changes })).state, 'pending')
    assert.equal((await aca.approve(ref, { approver: 'ann', signature: signed(ann, changes), ...changes })).asked.name, 'gw2')
  })

  it('refuses who is not listed, another signature, and one for something else', async () => {
    const { aca, ref, signed } = await waiting()
    await assert.rejects(aca.approve(ref, {}), { code: 'PERMISSION_DENIED' })
    await assert.rejects(aca.approve(ref, { approver: 'eve', signature: signed(ann) }), { code: 'PERMISSION_DENIED' })
    await assert.rejects(aca.approve(ref, { approver: 'ann' }), { code: 'SIGNATURE_INVALID' })
    await assert.rejects(aca.approve(ref, { approver: 'ann', signature: signed(bob) }), { code: 'SIGNATURE_INVALID' })
    await assert.rejects(aca.approve(ref, { approver: 'ann', signature: signed(ann), scopes: ['travel'] }), { code: 'SIGNATURE_INVALID' })
    await assert.rejects(aca.reject(ref, 'no', { approver: 'ann', signature: signed(ann) }), { code: 'SIGNATURE_INVALID' })
  })

  it('with none configured, roles that need two cannot be approved, and the answer says how to configure them', async () => {
    const { aca, apply, newcomer } = await setting()
    await apply(await newcomer('x'), { name: 'gw', roles: ['agw'] })
    await assert.rejects(aca.approve(aca.pending()[0]?.ref ?? '', {}), { code: 'PERMISSION_DENIED', message: /ca\.policy\.approvers/ })
  })
})

describe('ACA: vouchers with limits', () => {
  it('give fewer roles and scopes when fewer are asked for, and refuse more', async () => {
    const { apply, newcomer, aca } = await setting()
    const make = async (name: string) =>
      (await aca.createVoucher({ roles: ['agent'], name, ttlMs: DAY, scopes: ['travel', 'food'], organisation: 'Acme' })).voucher
    const narrow = await apply(await newcomer('a'), { scopes: ['travel/flight'] }, await make('one'))
    const leaf = parseCertificate(narrow.chain[0] ?? new Uint8Array())
    assert.deepEqual([leaf.holder?.scopes, leaf.holder?.organisation], [['travel/flight'], 'Acme'])
    await assert.rejects(apply(await newcomer('b'), { scopes: ['money'] }, await make('two')), { code: 'SCOPE_EXCEEDED' })
    await assert.rejects(apply(await newcomer('c'), { roles: ['agw'] }, await make('three')), { code: 'SCOPE_EXCEEDED' })
    await assert.rejects(apply(await newcomer('d'), { name: 'other' }, await make('four')), { code: 'SCOPE_EXCEEDED' })
    await assert.rejects(apply(await newcomer('e'), { organisation: 'Other' }, await make('five')), { code: 'SCOPE_EXCEEDED' })
  })

  it('bound to a key or a request are good for that alone', async () => {
    const { apply, newcomer, aca } = await setting()
    const [x, y] = [await newcomer('x'), await newcomer('y')]
    const hexOf = (bytes: Uint8Array) => Buffer.from(sha256(bytes)).toString('hex')
    for (const [name, boundTo] of [
      ['by-key', hexOf(x.signer.publicKey)],
      ['by-request', hexOf(makeCsr(x.signer))]
    ] as const) {
      const { voucher } = await aca.createVoucher({ roles: ['agent'], name, ttlMs: DAY, boundTo })
      await assert.rejects(apply(y, {}, voucher), { code: 'VOUCHER_INVALID', message: /bound/ })
      if (name === 'by-key') assert.equal((await apply(x, {}, voucher)).state, ApplicationState.ISSUED)
    }
  })

  it('refuse what makes no sense', async () => {
    const { aca } = await setting()
    const make = (more: object) => aca.createVoucher({ roles: ['agent'], ttlMs: DAY, ...more })
    for (const more of [
      { scopes: ['UPPER'] },
      { dnsNames: ['www.south.example'] },
      { dnsNames: ['*.north.example'] },
      { boundTo: 'ff' },
      { organisation: 'a\nb' }
    ])
      await assert.rejects(make(more), { code: 'INVALID_ARGUMENT' })
    const made = await make({ dnsNames: ['flight.north.example'] })
    assert.equal(made.id, Buffer.from(sha256(new TextEncoder().encode(made.voucher))).toString('hex'))
    assert.match(made.eabKey, /^[A-Za-z0-9_-]{43}$/)
  })
})
