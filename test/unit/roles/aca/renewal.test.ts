import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createSigner } from '../../../../src/adapters/system/crypto.ts'
import type { PeerIdentity } from '../../../../src/ports/identity.ts'
import { ApplicationState } from '../../../../src/schema/generated/hansa/v1/trust_pb.ts'
import { methods } from '../../../../src/wire/methods.ts'
import { parseCertificate } from '../../../../src/wire/x509/certificate.ts'
import { makeCsr } from '../../../../src/wire/x509/csr.ts'
import { rekeyBytes } from '../../../../src/wire/x509/rekey.ts'
import { acaWorld } from '../../../support/aca-world.ts'
import { p256Csr } from '../../../support/p256-csr.ts'
import type { TrustNode } from '../../../support/trust-node.ts'

const leafOf = (chain: readonly Uint8Array[]) => parseCertificate(chain[0] ?? new Uint8Array())
const fresh = () => createSigner(new Uint8Array(randomBytes(32)))
const selfOf = (node: TrustNode): PeerIdentity => {
  const self = node.identities.self()
  assert.ok(self)
  return self
}

describe('ACA: renewal with scopes (draft 3.1.2)', () => {
  it('gives the same scopes or fewer without materials, and refuses more', async () => {
    const { joined, target } = await acaWorld()
    const node = await joined('flight', { scopes: ['travel', 'food'] })
    const renew = async (...scopes: string[]) =>
      leafOf((await node.rpc.call(target, methods.renew, { csr: makeCsr(node.signer), scopes })).chain).holder?.scopes
    assert.deepEqual(await renew(), ['travel', 'food'])
    assert.deepEqual(await renew('travel/flight'), ['travel/flight'])
    await assert.rejects(renew('money'), { code: 'SCOPE_EXCEEDED' })
    await assert.rejects(renew('travel', 'money'), { code: 'SCOPE_EXCEEDED' })
  })

  it('limits one who had no limit, who asks for it', async () => {
    const { joined, target } = await acaWorld()
    const node = await joined('flight')
    const { chain } = await node.rpc.call(target, methods.renew, { csr: makeCsr(node.signer), scopes: ['travel'] })
    assert.deepEqual(leafOf(chain).holder?.scopes, ['travel'])
  })
})

describe('ACA: a new key for the same holder (draft 3.1.2)', () => {
  it('is proved by both keys; the old certificate stays until its successor gives it up', async () => {
    const { joined, target, aca, north, swarm, clock } = await acaWorld()
    const node = await joined('flight', { scopes: ['travel'] })
    const old = selfOf(node)
    const next = fresh()
    const csr = makeCsr(next)
    const { chain } = await node.rpc.call(target, methods.rekey, { csr, proof: node.signer.sign(rekeyBytes(csr)) })
    assert.deepEqual(leafOf(chain).holder?.scopes, ['travel'])
    const states = () => Object.fromEntries(aca.show('flight').map(({ serial, state }) => [serial, state]))
    assert.deepEqual(states(), { [old.serial]: 'good', [leafOf(chain).serial]: 'good' })
    assert.equal(aca.show(leafOf(chain).serial)[0]?.replaces, old.serial)
    const { trustNode } = await import('../../../support/trust-node.ts')
    const successor = await trustNode(swarm, { domain: north, name: 'successor', signer: next })
    successor.identities.setRoots([north.root])
    successor.identities.setChain(chain)
    await successor.rpc.call(target, methods.revoke, { serial: old.serial, reason: 'superseded' })
    await clock.settle()
    assert.deepEqual(states(), { [old.serial]: 'revoked', [leafOf(chain).serial]: 'good' })
  })

  it('is refused without the word of the old key, for a key of somebody else, and for the old key', async () => {
    const { joined, target } = await acaWorld()
    const [node, other] = [await joined('flight'), await joined('hotel')]
    const rekey = (csr: Uint8Array, proof: Uint8Array) => node.rpc.call(target, methods.rekey, { csr, proof })
    const next = fresh()
    const csr = makeCsr(next)
    await assert.rejects(rekey(csr, next.sign(rekeyBytes(csr))), { code: 'SIGNATURE_INVALID' })
    await assert.rejects(rekey(csr, node.signer.sign(csr)), { code: 'SIGNATURE_INVALID' })
    const theirs = makeCsr(other.signer)
    await assert.rejects(rekey(theirs, node.signer.sign(rekeyBytes(theirs))), { code: 'KEY_REFUSED', message: /another name/ })
    const own = makeCsr(node.signer)
    await assert.rejects(rekey(own, node.signer.sign(rekeyBytes(own))), { code: 'INVALID_ARGUMENT' })
    const stolen = makeCsr({ publicKey: next.publicKey, sign: (data) => node.signer.sign(data) })
    await assert.rejects(rekey(stolen, node.signer.sign(rekeyBytes(stolen))), { code: 'CSR_INVALID' })
  })

  it('over TLS is proved by the old certificate (RFC 7030 4.2.2)', async () => {
    const { joined, aca } = await acaWorld()
    const node = await joined('flight')
    const chain = await aca.door.renew(makeCsr(fresh()), { door: 'est', identity: selfOf(node) })
    assert.equal(aca.show(leafOf(chain).serial)[0]?.replaces, selfOf(node).serial)
  })

  it('is not proved by a certificate of another domain that has the number of one of ours', async () => {
    const { joined, aca } = await acaWorld()
    const { serial } = selfOf(await joined('flight'))
    const spiffeId = 'spiffe://south.example/agent/flight'
    const identity = { peer: '', spiffeId, domain: 'south.example', name: 'flight', roles: ['agent' as const], serial, notAfter: Infinity, own: false }
    await assert.rejects(aca.door.renew(makeCsr(fresh()), { door: 'est', identity }), { code: 'CERTIFICATE_INVALID' })
    assert.equal(aca.show('flight').length, 1)
  })
})

describe('ACA: the TLS companion of a node', () => {
  it('is a P-256 certificate for the same SPIFFE ID, which its node has renewed and revoked like its own', async () => {
    const { joined, target, aca, clock } = await acaWorld()
    const node = await joined('gw1', { roles: ['agw'], scopes: ['travel'] })
    const { chain } = await node.rpc.call(target, methods.renew, { csr: await p256Csr('CN=gw1', ['gw1.north.example']) })
    const leaf = leafOf(chain)
    assert.deepEqual(
      leaf.subjectAltNames?.map(({ value }) => value),
      ['spiffe://north.example/agw/gw1', 'gw1.north.example']
    )
    const [issued] = aca.show(leaf.serial)
    assert.deepEqual([issued?.peer, issued?.companionOf, issued?.scopes], ['', node.peer, ['travel']])
    await node.rpc.call(target, methods.revoke, { serial: leaf.serial, reason: 'superseded' })
    await clock.settle()
    assert.deepEqual([aca.show(leaf.serial)[0]?.state, aca.show(selfOf(node).serial)[0]?.state], ['revoked', 'good'])
  })

  it('goes with the key of its node when that is lost: whoever has that key could have had it made', async () => {
    const { joined, target, aca } = await acaWorld()
    const node = await joined('gw1', { roles: ['agw'] })
    const csr = await p256Csr()
    const companion = leafOf((await node.rpc.call(target, methods.renew, { csr })).chain)
    const identity = { ...selfOf(node), peer: '', serial: companion.serial }
    // As a node it would be another one, which nobody could tell from the holder.
    await assert.rejects(aca.door.renew(makeCsr(fresh()), { door: 'est', identity }), { code: 'KEY_REFUSED' })
    const second = leafOf(await aca.door.renew(await p256Csr(), { door: 'est', identity }))
    await aca.revoke(selfOf(node).serial, 'keyCompromise')
    for (const { serial } of [companion, second]) assert.deepEqual([aca.show(serial)[0]?.state, aca.show(serial)[0]?.reason], ['revoked', 'keyCompromise'])
    await assert.rejects(aca.door.renew(csr, { door: 'est', identity }), { code: 'KEY_REFUSED' })
  })

  it('does not stand in the way of its node when that applies again', async () => {
    const { joined, target, apply, voucher } = await acaWorld()
    const node = await joined('flight')
    await node.rpc.call(target, methods.renew, { csr: await p256Csr() })
    assert.equal((await apply(node, {}, await voucher('flight'))).state, ApplicationState.ISSUED)
  })

  it('is not given with the names of others', async () => {
    const { joined, target } = await acaWorld()
    const node = await joined('flight')
    await assert.rejects(node.rpc.call(target, methods.renew, { csr: await p256Csr('', ['aca1.north.example']) }), { code: 'CSR_INVALID' })
  })
})

describe('ACA: recovery (draft 3.1.2)', () => {
  it('an application may cite a revoked certificate; it is written down and takes its place, and gives nothing by itself', async () => {
    const { joined, newcomer, apply, aca, voucher } = await acaWorld()
    const { serial } = selfOf(await joined('flight'))
    await aca.revoke('flight', 'superseded')
    const node = await newcomer('again')
    const waiting = await apply(node, { name: 'flight' }, '', serial)
    assert.equal(waiting.state, ApplicationState.PENDING)
    assert.match(aca.pending()[0]?.verdicts.find(({ material }) => material === 'recovery')?.detail ?? '', /agent\/flight.*superseded/)
    await aca.approve(aca.pending()[0]?.ref ?? '', {})
    assert.equal(aca.show('flight').find(({ state }) => state === 'good')?.replaces, serial)
    const unknown = await apply(await newcomer('y'), {}, await voucher('hotel'), 'abcdef')
    assert.equal(unknown.state, ApplicationState.PENDING)
  })

  it('never brings back a key that was compromised', async () => {
    const { joined, apply, aca, voucher, clock } = await acaWorld()
    const node = await joined('flight')
    const { serial } = selfOf(node)
    await aca.revoke('flight', 'keyCompromise')
    await clock.settle()
    await assert.rejects(apply(node, {}, await voucher('flight'), serial), { code: 'KEY_REFUSED' })
  })
})
