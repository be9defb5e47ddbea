import assert from 'node:assert/strict'
import { sha256 } from '../../../../src/adapters/system/crypto.ts'
import { CertificateState } from '../../../../src/schema/generated/hansa/v1/trust_pb.ts'
import type { Aca } from '../../../../src/roles/aca/aca.ts'
import { enrol } from '../../../../src/roles/member/enrol.ts'
import { methods } from '../../../../src/wire/methods.ts'
import { makeCsr } from '../../../../src/wire/x509/csr.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { MemorySwarm } from '../../../support/memory/swarm.ts'
import { key } from '../../../support/mint.ts'
import { testDomain } from '../../../support/pki.ts'
import { type TrustNode, trustNode } from '../../../support/trust-node.ts'

const MINUTE = 60_000
const DAY = 86_400_000
/** Short, so that a test does not live through days of timers. */
const SHORT = { lifetimes: { aca: 60 * MINUTE, ars: 60 * MINUTE, agw: 60 * MINUTE, agent: 10 * MINUTE }, crlLifetimeMs: 10 * MINUTE, rememberMs: 5 * MINUTE }

async function setting() {
  const clock = new FakeClock()
  const swarm = new MemorySwarm(clock)
  const north = await testDomain('north.example', clock.now())
  const server = await trustNode(swarm, { domain: north, name: 'aca1', roles: ['aca'], aca: SHORT })
  assert.ok(server.aca)
  const newcomer = (name: string) => trustNode(swarm, { domain: north, name })
  const invite = (name: string, more = {}) => (server.aca as Aca).createVoucher({ roles: ['agent'], name, ttlMs: 10 * MINUTE, ...more })
  const join = (node: TrustNode, voucher: string, rootSha256 = sha256(north.root)) =>
    enrol({
      rpc: node.rpc,
      identities: node.identities,
      sha256,
      signer: node.signer,
      targets: [{ peer: server.peer, addresses: [server.address] }],
      domain: 'north.example',
      voucher,
      rootSha256
    })
  return { clock, swarm, north, server, aca: server.aca, newcomer, invite, join }
}

describe('ACA: application (draft 3.1.1)', () => {
  it('gives a certificate with the name and roles of the voucher for the key of the request', async () => {
    const { newcomer, invite, join, aca } = await setting()
    const node = await newcomer('x')
    const { voucher } = await invite('flight')
    await join(node, voucher)
    assert.equal(node.identities.self()?.spiffeId, 'spiffe://north.example/agent/flight')
    assert.equal(node.identities.self()?.peer, node.peer)
    assert.deepEqual(
      aca.show('flight@north.example').map(({ peer, state }) => [peer, state]),
      [[node.peer, 'good']]
    )
  })

  it('burns a voucher with its one use', async () => {
    const { newcomer, invite, join } = await setting()
    const { voucher } = await invite('flight')
    await join(await newcomer('x'), voucher)
    await assert.rejects(join(await newcomer('y'), voucher), { code: 'VOUCHER_INVALID', message: /used/ })
  })

  it('gives one certificate when two apply with one voucher at the same time', async () => {
    const { newcomer, invite, join, aca } = await setting()
    const { voucher } = await invite('flight')
    const nodes = [await newcomer('x'), await newcomer('y'), await newcomer('z')]
    const results = await Promise.allSettled(nodes.map((node) => join(node, voucher)))
    assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected', 'rejected'])
    assert.equal(aca.show('flight').length, 1)
  })

  it('numbers the names of a voucher with several uses', async () => {
    const { newcomer, invite, join } = await setting()
    const { voucher } = await invite('worker', { uses: 2 })
    const names = []
    for (const node of [await newcomer('x'), await newcomer('y')]) {
      await join(node, voucher)
      names.push(node.identities.self()?.name)
    }
    assert.deepEqual(names, ['worker-1', 'worker-2'])
    await assert.rejects(join(await newcomer('z'), voucher), { code: 'VOUCHER_INVALID' })
  })

  it('refuses a wrong voucher and an expired one', async () => {
    const { clock, newcomer, invite, join } = await setting()
    await assert.rejects(join(await newcomer('x'), 'wrong'), { code: 'VOUCHER_INVALID' })
    const { voucher } = await invite('flight', { ttlMs: MINUTE })
    await clock.advance(MINUTE + 1)
    await assert.rejects(join(await newcomer('y'), voucher), { code: 'VOUCHER_INVALID' })
  })

  it('refuses a request for a key that is not the key of the node that sends it, and burns nothing', async () => {
    const { server, newcomer, invite, join } = await setting()
    const { voucher } = await invite('flight')
    const thief = await newcomer('x')
    const target = { peer: server.peer, addresses: [server.address] }
    await assert.rejects(thief.rpc.call(target, methods.apply, { csr: makeCsr(key(1)), voucher }), { code: 'CSR_INVALID', message: /key of the node/ })
    await join(await newcomer('y'), voucher)
  })

  it('refuses a request that the key did not sign', async () => {
    const { server, newcomer, invite } = await setting()
    const { voucher } = await invite('flight')
    const node = await newcomer('x')
    const csr = makeCsr({ publicKey: node.signer.publicKey, sign: (data) => key(1).sign(data) })
    await assert.rejects(node.rpc.call({ peer: server.peer, addresses: [server.address] }, methods.apply, { csr, voucher }), {
      code: 'CSR_INVALID',
      message: /not signed/
    })
  })

  it('refuses a second name for one key', async () => {
    const { server, newcomer, invite, join } = await setting()
    const node = await newcomer('x')
    await join(node, (await invite('flight')).voucher)
    const { voucher } = await invite('hotel')
    await assert.rejects(node.rpc.call({ peer: server.peer }, methods.apply, { csr: makeCsr(node.signer), voucher }), {
      code: 'KEY_REFUSED',
      message: /another name/
    })
  })

  it('does not give away a name that is in use, unless the operator says replace; then the old one is revoked', async () => {
    const { newcomer, invite, join, aca } = await setting()
    await join(await newcomer('x'), (await invite('flight')).voucher)
    await assert.rejects(join(await newcomer('y'), (await invite('flight')).voucher), { code: 'NAME_TAKEN', message: /another key/ })
    const successor = await newcomer('z')
    await join(successor, (await invite('flight', { replace: true })).voucher)
    assert.deepEqual(
      aca
        .show('flight')
        .map(({ peer, state, reason }) => [peer === successor.peer, state, reason])
        .sort(),
      [
        [false, 'revoked', 'superseded'],
        [true, 'good', undefined]
      ]
    )
  })

  it('sends the voucher to nobody who has not the root of the invite', async () => {
    const { newcomer, invite, join } = await setting()
    const { voucher } = await invite('flight')
    await assert.rejects(join(await newcomer('x'), voucher, new Uint8Array(32)), { code: 'UNKNOWN_DOMAIN' })
    await join(await newcomer('y'), voucher)
  })

  it('issues nothing and burns nothing when the disk fails', async () => {
    const { server, newcomer, invite, join, aca } = await setting()
    const { voucher } = await invite('flight')
    server.store.failNextCommit()
    await assert.rejects(join(await newcomer('x'), voucher), { code: 'STORE_FAILED' })
    assert.throws(() => aca.show('flight'), { code: 'NOT_FOUND' })
    await join(await newcomer('y'), voucher)
  })

  it('keeps no secret of a voucher on disk', async () => {
    const { server, invite } = await setting()
    const { voucher } = await invite('flight')
    for (const [id, bytes] of server.store.entries('aca.vouchers')) assert.ok(!id.includes(voucher) && !new TextDecoder().decode(bytes).includes(voucher))
    assert.equal(server.store.count('aca.vouchers'), 1)
  })

  it('refuses vouchers that make no sense', async () => {
    const { invite } = await setting()
    await assert.rejects(invite('Flight'), { code: 'INVALID_ARGUMENT' })
    await assert.rejects(invite('flight', { uses: 0 }), { code: 'INVALID_ARGUMENT' })
    await assert.rejects(invite('flight', { ttlMs: 31 * DAY }), { code: 'INVALID_ARGUMENT' })
    await assert.rejects(invite('flight', { roles: [] }), { code: 'INVALID_ARGUMENT' })
    await assert.rejects(invite('f'.repeat(62), { uses: 10 }), { code: 'INVALID_ARGUMENT' })
  })
})

describe('ACA: certificate management (draft 3.1.2)', () => {
  async function joined() {
    const base = await setting()
    const node = await base.newcomer('x')
    await base.join(node, (await base.invite('flight')).voucher)
    return { ...base, node, target: { peer: base.server.peer, addresses: [base.server.address] } }
  }

  it('renews along with the old certificate: same name, same key, later end', async () => {
    const { clock, node, target } = await joined()
    const before = node.identities.self()
    await clock.advance(5 * MINUTE)
    const { chain } = await node.rpc.call(target, methods.renew, { csr: makeCsr(node.signer) })
    node.identities.setChain(chain)
    const after = node.identities.self()
    assert.equal(after?.spiffeId, before?.spiffeId)
    assert.notEqual(after?.serial, before?.serial)
    assert.ok((after?.notAfter ?? 0) > (before?.notAfter ?? 0))
  })

  it('gives one holder no more than a few certificates in force at a time', async () => {
    const { node, target, aca } = await joined()
    const renew = () => node.rpc.call(target, methods.renew, { csr: makeCsr(node.signer) })
    for (let n = 1; n < 16; n++) await renew()
    await assert.rejects(renew(), { code: 'RATE_LIMITED' })
    assert.equal(aca.show(node.peer).length, 16)
  })

  it('renews for nobody without a certificate, and for no other key', async () => {
    const { newcomer, node, target } = await joined()
    const stranger = await newcomer('y')
    stranger.identities.setRoots(node.identities.roots('north.example'))
    await assert.rejects(stranger.rpc.call(target, methods.renew, { csr: makeCsr(stranger.signer) }), { code: 'UNAUTHENTICATED' })
    await assert.rejects(node.rpc.call(target, methods.renew, { csr: makeCsr(stranger.signer) }), { code: 'CSR_INVALID' })
  })

  it('tells the status of a certificate', async () => {
    const { node, target, aca } = await joined()
    const own = await node.rpc.call(target, methods.certificateStatus, {})
    assert.equal(own.state, CertificateState.GOOD)
    assert.equal(own.spiffeId, 'spiffe://north.example/agent/flight')
    const [server] = aca.show('aca1')
    assert.ok(server, 'the certificate of the ACA itself, made before the ledger, is known')
    assert.equal((await node.rpc.call(target, methods.certificateStatus, { serial: server.serial })).state, CertificateState.GOOD)
    assert.equal((await node.rpc.call(target, methods.certificateStatus, { serial: '99' })).state, CertificateState.UNKNOWN)
  })

  it('revokes for the holder its own certificate, and no other', async () => {
    const { clock, server, node, target, aca } = await joined()
    await assert.rejects(node.rpc.call(target, methods.revoke, { serial: server.identities.self()?.serial ?? '', reason: '' }), { code: 'PERMISSION_DENIED' })
    await assert.rejects(node.rpc.call(target, methods.revoke, { serial: '', reason: 'because' }), { code: 'INVALID_ARGUMENT' })
    await node.rpc.call(target, methods.revoke, { serial: '', reason: 'cessationOfOperation' }).catch(() => {})
    await clock.settle()
    assert.deepEqual(
      aca.show('flight').map(({ state, reason }) => [state, reason]),
      [['revoked', 'cessationOfOperation']]
    )
  })

  it('revokes for the operator by serial, SPIFFE ID, handle and PeerId, with a higher number each time', async () => {
    const { aca, newcomer, invite, join } = await setting()
    let number = aca.crl().number
    for (const by of ['serial', 'spiffeId', 'handle', 'peer'] as const) {
      const node = await newcomer(by)
      await join(node, (await invite(`by-${by.toLowerCase()}`)).voucher)
      const self = node.identities.self()
      assert.ok(self)
      const { crlNumber, revoked } = await aca.revoke(by === 'handle' ? `${self.name}@north.example` : self[by], 'privilegeWithdrawn')
      assert.deepEqual(
        revoked.map(({ serial, state }) => [serial, state]),
        [[self.serial, 'revoked']]
      )
      assert.ok(crlNumber > number)
      number = crlNumber
      assert.ok(aca.crl().revoked.has(self.serial))
    }
    await assert.rejects(aca.revoke('nobody', 'superseded'), { code: 'NOT_FOUND' })
    await assert.rejects(aca.revoke('by-serial', 'superseded'), { code: 'NOT_FOUND', message: /already/ })
  })

  it('refuses a revoked holder, at once and with the reason code', async () => {
    const { clock, node, target, aca } = await joined()
    await aca.revoke('flight', 'privilegeWithdrawn')
    await clock.settle()
    await assert.rejects(node.rpc.call(target, methods.renew, { csr: makeCsr(node.signer) }), { code: 'CERTIFICATE_REVOKED' })
  })

  it('never certifies a key again that was given up as compromised', async () => {
    const { clock, node, target, aca, invite } = await joined()
    await aca.revoke('flight', 'keyCompromise')
    await clock.settle()
    const { voucher } = await invite('flight')
    await assert.rejects(node.rpc.call(target, methods.apply, { csr: makeCsr(node.signer), voucher }), { code: 'KEY_REFUSED', message: /compromised/ })
  })

  it('publishes a new list before the last one ends, with a higher number', async () => {
    const { clock, aca } = await setting()
    const first = aca.crl()
    await clock.advance(6 * MINUTE)
    const second = aca.crl()
    assert.ok(second.number > first.number)
    assert.ok(second.thisUpdate < first.nextUpdate)
  })

  it('goes on from the same numbers and vouchers after a restart', async () => {
    const { swarm, clock, north, server, aca, invite, newcomer, join } = await setting()
    const { voucher } = await invite('flight')
    await join(await newcomer('x'), voucher)
    await aca.revoke('flight', 'superseded')
    const { number } = aca.crl()
    server.stop()
    await aca.stop()
    const again = await trustNode(swarm, { domain: north, name: 'aca2', roles: ['aca'], aca: {}, store: server.store })
    assert.equal(again.aca?.crl().number, number)
    await again.aca?.revoke('aca1', 'superseded')
    assert.equal(again.aca?.crl().number, number + 1)
    const late = await newcomer('y')
    const answer = late.rpc.call({ peer: again.peer, addresses: [again.address] }, methods.apply, { csr: makeCsr(late.signer), voucher })
    await assert.rejects(clock.run(answer), { code: 'VOUCHER_INVALID' })
  })

  it('forgets certificates that ended long ago', async () => {
    const { clock, aca } = await joined()
    assert.equal(aca.list().length, 2)
    await clock.advance(11 * MINUTE)
    assert.equal(aca.show('flight')[0]?.state, 'expired')
    await clock.advance(6 * MINUTE)
    assert.throws(() => aca.show('flight'), { code: 'NOT_FOUND' })
  })
})
