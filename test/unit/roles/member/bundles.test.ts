import assert from 'node:assert/strict'
import { create, toBinary } from '@bufbuild/protobuf'
import { createVerify, sha256 } from '../../../../src/adapters/system/crypto.ts'
import { createIdentities } from '../../../../src/roles/member/identities.ts'
import { SignedRecordSchema } from '../../../../src/schema/generated/hansa/v1/call_pb.ts'
import { BundleResponseSchema, TrustBundleSchema } from '../../../../src/schema/generated/hansa/v1/trust_pb.ts'
import { methods } from '../../../../src/wire/methods.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { MemorySwarm } from '../../../support/memory/swarm.ts'
import { MemoryStore } from '../../../support/memory-store.ts'
import { testDomain } from '../../../support/pki.ts'
import { type TrustNode, trustNode } from '../../../support/trust-node.ts'

const MINUTE = 60_000

/** North with an old root and the one that takes over; what its authority says can be changed. */
async function setting() {
  const clock = new FakeClock()
  const swarm = new MemorySwarm(clock)
  const north = await testDomain('north.example', clock.now())
  const next = await testDomain('north.example', clock.now())
  let roots: readonly Uint8Array[] = [north.root]
  const server = await trustNode(swarm, { domain: north, name: 'core', roles: ['aca', 'ars'], aca: {}, authorityRoots: () => roots })
  const written: (readonly Uint8Array[])[] = []
  const gateway = await trustNode(swarm, {
    ...{ domain: north, name: 'gw1', roles: ['agw'] as const, bootstrap: [server.address] },
    onRoots: async (set) => void written.push(set)
  })
  await clock.until(() => gateway.member.find('aca').length === 1, MINUTE, 100)
  const say = (...set: Uint8Array[]): void => void (roots = set)
  const heard = (node: TrustNode, count: number) => clock.until(() => node.identities.roots('north.example').length === count, 12 * MINUTE, 5000)
  return { clock, swarm, north, next, server, gateway, say, heard, written }
}

const signedBy = (node: TrustNode, bundle: { domain: string; sequence: bigint; roots: Uint8Array[] }): Uint8Array =>
  toBinary(SignedRecordSchema, node.records.seal(TrustBundleSchema, bundle))

describe('the roots of the own domain', () => {
  it('go from the old one over both to the new one, at every node, by the word of the ACA; the home gets them, too', async () => {
    const { clock, north, next, server, gateway, say, heard, written } = await setting()
    say(north.root, next.root)
    await heard(gateway, 2)
    const later = await next.leaf({ name: 'core', roles: ['aca', 'ars'], seed: server.seed })
    assert.equal(gateway.identities.verify(server.peer, later.chain).name, 'core')
    server.identities.setChain(later.chain)
    // Its own certificate would end with the old root: it has renewed it under the new one by then.
    gateway.identities.setChain((await next.leaf({ name: 'gw1', role: 'agw', seed: gateway.seed })).chain)
    say(next.root)
    await heard(gateway, 1)
    assert.deepEqual(gateway.identities.roots('north.example'), [next.root])
    await clock.settle()
    assert.deepEqual(
      written.map((set) => set.length),
      [2, 1]
    )
  })

  it('are asked to be renewed under when the ACA stands under a new one', async () => {
    const { clock, north, next, server, gateway, say, heard } = await setting()
    say(north.root, next.root)
    await heard(gateway, 2)
    server.identities.setChain((await next.leaf({ name: 'core', roles: ['aca', 'ars'], seed: server.seed })).chain)
    const asked = (): boolean => gateway.log.entries.some(({ message }) => message.includes('under the new root')) || gateway.chains.length > 0
    await clock.until(asked, 20 * MINUTE, 5000)
  })

  it('are remembered over a restart, also when the home was not written; another file in the home counts more', async () => {
    const { clock, north, next, gateway, say, heard } = await setting()
    say(north.root, next.root)
    await heard(gateway, 2)
    const { store, signer } = gateway
    const again = (roots: readonly Uint8Array[]) =>
      createIdentities({ domain: 'north.example', signer, clock, verify: createVerify(), sha256, store, roots }).roots('north.example').length
    assert.equal(again([north.root]), 2, 'the file of before')
    assert.equal(again([north.root, next.root]), 2, 'the file that was written')
    assert.equal(again([next.root]), 1, 'what an operator has put there')
  })

  it('are not changed by anybody else, by an older word, or to none', async () => {
    const { clock, north, next, server, gateway } = await setting()
    await clock.run(gateway.member.refreshBundle('north.example'))
    const held = gateway.identities.successor('north.example')?.bundle?.sequence ?? 0n
    assert.ok(held > 0n)
    const target = { peer: server.peer, addresses: [server.address] }
    const say = (signed: Uint8Array) => clock.run(server.rpc.call({ peer: gateway.peer, addresses: [gateway.address] }, methods.trust, { signed: [signed] }))
    const roots = [north.root, next.root]
    await say(signedBy(gateway, { domain: 'north.example', sequence: held + 1n, roots }))
    await say(signedBy(server, { domain: 'north.example', sequence: held - 1n, roots }))
    await say(signedBy(server, { domain: 'north.example', sequence: held + 2n, roots: [] }))
    await say(signedBy(server, { domain: 'north.example', sequence: 2n ** 64n - 1n, roots }))
    await say(new Uint8Array([1, 2, 3]))
    assert.deepEqual(gateway.identities.roots('north.example'), [north.root])
    assert.equal((await clock.run(gateway.rpc.call(target, methods.bundle, {}))).signed.length > 0, true)
    await say(signedBy(server, { domain: 'north.example', sequence: held + 3n, roots }))
    assert.equal(gateway.identities.roots('north.example').length, 2)
  })

  it('have a sequence that grows with each change, over restarts of the ACA', async () => {
    const { clock, north, next } = await setting()
    const store = new MemoryStore()
    const { signer, chain } = await north.leaf({ name: 'other', role: 'aca' })
    const start = (roots: readonly Uint8Array[]) =>
      createIdentities({ domain: 'north.example', signer, clock, verify: createVerify(), sha256, store, chain, roots })
    const first = await start([north.root]).declare([north.root], 1000)
    assert.equal((await start([north.root]).declare([north.root], 1000)).sequence, first.sequence)
    const second = await start([north.root, next.root]).declare([north.root, next.root], 1000)
    assert.ok(second.sequence > first.sequence)
  })
})

describe('the roots of a listed domain', () => {
  async function abroad() {
    const base = await setting()
    const { clock, swarm, server, gateway } = base
    const south = await testDomain('south.example', clock.now())
    const other = await testDomain('south.example', clock.now())
    let roots: readonly Uint8Array[] = [south.root]
    const hub = await trustNode(swarm, { domain: south, name: 'hub', roles: ['aca', 'agw'], aca: {}, authorityRoots: () => roots })
    await hub.identities.list('north.example', [base.north.root])
    const meet = (node: TrustNode) => clock.run(node.rpc.hello({ peer: hub.peer, addresses: [hub.address] }))
    return { ...base, server, gateway, south, other, hub, meet, saySouth: (...set: Uint8Array[]): void => void (roots = set) }
  }

  it('follow what its ACA says, also at the other servers of the own domain', async () => {
    const { clock, gateway, server, south, other, meet, saySouth } = await abroad()
    await gateway.identities.list('south.example', [south.root])
    await meet(gateway)
    saySouth(south.root, other.root)
    await clock.until(() => gateway.identities.roots('south.example').length === 2, 12 * MINUTE, 5000)
    await clock.until(() => server.identities.roots('south.example').length === 2, MINUTE, 100)
    const leaf = await other.leaf({ name: 'x' })
    for (const node of [gateway, server]) assert.equal(node.identities.verify(leaf.peer, leaf.chain).domain, 'south.example')
  })

  it('are never listed by what a domain says of itself', async () => {
    const { clock, gateway, hub, south } = await abroad()
    const signed = signedBy(hub, { domain: 'south.example', sequence: 5n, roots: [south.root] })
    assert.equal(await clock.run(gateway.member.refreshBundle('south.example')), false)
    await gateway.member.bundleHeard(hub.peer, create(TrustBundleSchema, { domain: 'south.example', sequence: 9n, roots: [south.root] }))
    await assert.rejects(
      gateway.identities.succeed(create(BundleResponseSchema, { bundle: { domain: 'south.example', sequence: 5n, roots: [south.root] }, signed })),
      {
        code: 'UNKNOWN_DOMAIN'
      }
    )
    assert.deepEqual(gateway.identities.domains(), ['north.example'])
  })

  it('survive a restart with the same config; other roots in it begin anew', async () => {
    const { clock, gateway, south, other, meet, saySouth, store } = { ...(await abroad()), store: new MemoryStore() }
    const { signer } = gateway
    const north = gateway.identities.roots('north.example')
    const start = async (roots: Uint8Array[]) => {
      const identities = createIdentities({ domain: 'north.example', signer, clock, verify: createVerify(), sha256, store, roots: north })
      await identities.configure(new Map([['south.example', roots]]))
      return identities
    }
    await meet(gateway).catch(() => undefined)
    saySouth(south.root, other.root)
    const first = await start([south.root])
    await first.succeed(create(BundleResponseSchema, { bundle: { domain: 'south.example', sequence: 7n, roots: [other.root] } }))
    assert.deepEqual((await start([south.root])).roots('south.example'), [other.root])
    assert.deepEqual((await start([south.root, other.root])).roots('south.example').length, 2)
    assert.deepEqual((await start([south.root])).roots('south.example'), [south.root])
  })

  it('are taken off for good when the operator says so', async () => {
    const { gateway, south, other } = await abroad()
    await gateway.identities.list('south.example', [south.root])
    await gateway.identities.succeed(create(BundleResponseSchema, { bundle: { domain: 'south.example', sequence: 7n, roots: [other.root] } }))
    await gateway.identities.unlist('south.example')
    assert.deepEqual(gateway.identities.domains(), ['north.example'])
    const leaf = await other.leaf({ name: 'x' })
    assert.throws(() => gateway.identities.verify(leaf.peer, leaf.chain), { code: 'UNKNOWN_DOMAIN' })
  })
})
