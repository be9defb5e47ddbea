import assert from 'node:assert/strict'
import { sha256 } from '../../../../src/adapters/system/crypto.ts'
import { enrol } from '../../../../src/roles/member/enrol.ts'
import { methods } from '../../../../src/wire/methods.ts'
import { TOPICS } from '../../../../src/wire/topics.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { MemorySwarm } from '../../../support/memory/swarm.ts'
import { testDomain } from '../../../support/pki.ts'
import { trustNode } from '../../../support/trust-node.ts'

const MINUTE = 60_000
const SHORT = { lifetimes: { aca: 60 * MINUTE, ars: 60 * MINUTE, agw: 60 * MINUTE, agent: 30 * MINUTE } }

async function setting() {
  const clock = new FakeClock()
  const swarm = new MemorySwarm(clock)
  const north = await testDomain('north.example', clock.now())
  const server = await trustNode(swarm, { domain: north, name: 'core', roles: ['aca', 'ars'], aca: SHORT })
  const node = (name: string, roles: ('agw' | 'agent' | 'ars')[], more = {}) =>
    trustNode(swarm, { domain: north, name, roles, bootstrap: [server.address], ...more })
  return { clock, swarm, north, server, node }
}

const names = (infos: { spiffeId: string }[]) => infos.map(({ spiffeId }) => spiffeId.split('/').at(-1)).sort()

describe('member: nodes of one domain', () => {
  it('find each other through one of them', async () => {
    const { clock, server, node } = await setting()
    const gateway = await node('gw1', ['agw'])
    const agent = await node('flight', ['agent'])
    await clock.until(() => agent.member.find('agw').length === 1, 90_000, 100)
    assert.deepEqual(names(agent.member.nodes()), ['core', 'gw1'])
    assert.deepEqual(names(server.member.nodes()), ['flight', 'gw1'])
    assert.deepEqual(names(gateway.member.find('ars')), ['core'])
    assert.equal(gateway.member.find('ars')[0]?.multiaddrs[0], server.address)
  })

  it('ask again when the other one was not ready', async () => {
    const { clock, swarm, north, server } = await setting()
    const early = await trustNode(swarm, { domain: north, name: 'early', roles: ['agw'], bootstrap: [server.address] })
    swarm.stall(early.peer, server.peer)
    await clock.advance(20_000)
    assert.deepEqual(early.member.nodes(), [])
    swarm.heal(early.peer, server.peer)
    await clock.until(() => early.member.nodes().length === 1, 30_000, 100)
  })

  it('put themselves first when they have the role that is looked for', async () => {
    const { clock, server, node } = await setting()
    await node('ars2', ['ars'])
    await clock.until(() => server.member.find('ars').length === 2, 90_000, 100)
    assert.deepEqual(
      server.member.find('ars').map(({ peerId }) => peerId === server.peer),
      [true, false]
    )
  })

  it('come back to one another after the line was cut, however long', async () => {
    const { clock, swarm, server, node } = await setting()
    const gateway = await node('gw1', ['agw'])
    await clock.until(() => gateway.network.peers().length === 1)
    swarm.cut(gateway.peer, server.peer)
    await clock.advance(5 * MINUTE)
    assert.equal(gateway.network.peers().length, 0)
    swarm.heal(gateway.peer, server.peer)
    await clock.until(() => gateway.network.peers().length === 1, 2 * MINUTE, 100)
  })

  it('believe of a caller its certificate, and only the addresses that it says', async () => {
    const { clock, server, node } = await setting()
    const agent = await node('flight', ['agent'])
    await clock.until(() => server.member.nodes().length === 1)
    const lie = {
      spiffeId: 'spiffe://north.example/aca/core',
      roles: ['aca'],
      peerId: server.peer,
      multiaddrs: ['/memory/x', 'nonsense', '/' + 'x'.repeat(300)],
      ingress: 'javascript:x'
    }
    await agent.rpc.call({ peer: server.peer }, methods.nodes, { self: lie })
    const [known] = server.member.nodes()
    assert.deepEqual(
      [known?.spiffeId, known?.peerId, known?.roles, known?.multiaddrs, known?.ingress],
      [agent.identities.self()?.spiffeId, agent.peer, ['agent'], ['/memory/x'], '']
    )
  })

  it('answer a ping, and give their roots to anybody', async () => {
    const { server, node, swarm, north } = await setting()
    const agent = await node('flight', ['agent'])
    const target = { peer: server.peer, addresses: [server.address] }
    assert.deepEqual([...(await agent.rpc.call(target, methods.ping, { payload: new Uint8Array([1, 2]) })).payload], [1, 2])
    const stranger = await trustNode(swarm, { domain: north, name: 'new' })
    const { bundle } = await stranger.rpc.call(target, methods.bundle, {})
    assert.deepEqual([bundle?.domain, bundle?.roots], ['north.example', [north.root]])
    await assert.rejects(stranger.rpc.call(target, methods.ping, {}), (error: { code?: string }) => error.code !== undefined)
  })
})

describe('member: certificate management (draft 3.1.2)', () => {
  it('does not take a certificate for renewed that the ACA refuses to renew', async () => {
    const { clock, node } = await setting()
    const agent = await node('flight', ['agent'])
    await clock.until(() => agent.member.find('aca').length === 1)
    await assert.rejects(clock.run(agent.member.renew()), { code: 'CERTIFICATE_INVALID' }, 'the ACA has not issued this one')
    assert.equal(agent.chains.length, 0)
  })

  it('renews the certificate of the ACA node itself', async () => {
    const { clock, server } = await setting()
    const before = server.identities.self()?.serial
    const chain = await clock.run(server.member.renew())
    assert.deepEqual(server.chains, [chain])
    assert.notEqual(server.identities.self()?.serial, before)
    assert.deepEqual(
      server.aca?.show('core').map(({ state }) => state),
      ['good', 'good']
    )
  })

  it('renews by itself, before the certificate ends', async () => {
    const { clock, swarm, north } = await setting()
    const server = await trustNode(swarm, { domain: north, name: 'core2', roles: ['aca'], aca: SHORT, notAfter: clock.now() + 30 * MINUTE })
    await clock.advance(15 * MINUTE)
    assert.equal(server.chains.length, 0)
    await clock.until(() => server.chains.length === 1, 8 * MINUTE, 100)
    assert.ok((server.identities.self()?.notAfter ?? 0) > clock.now() + 30 * MINUTE)
  })

  it('says so when no ACA can be reached, and goes on with what it has', async () => {
    const { clock, swarm, north } = await setting()
    const alone = await trustNode(swarm, { domain: north, name: 'alone', roles: ['agent'] })
    await assert.rejects(clock.run(alone.member.renew()), { code: 'PEER_UNREACHABLE' })
    assert.equal(alone.identities.self()?.name, 'alone')
  })
})

describe('member: revocation (draft 3.1.2)', () => {
  /** A gateway and an agent that the ACA knows, because it adopted or issued them. */
  async function revocable() {
    const base = await setting()
    const { clock, server, node, swarm, north } = base
    const gateway = await node('gw1', ['agw'])
    assert.ok(server.aca)
    const bad = await trustNode(swarm, { domain: north, name: 'bad', bootstrap: [gateway.address] })
    const { voucher } = await server.aca.createVoucher({ roles: ['agent'], name: 'bad', ttlMs: MINUTE })
    const target = { peer: server.peer, addresses: [server.address] }
    await enrol({
      rpc: bad.rpc,
      identities: bad.identities,
      sha256,
      signer: bad.signer,
      targets: [target],
      domain: 'north.example',
      voucher,
      rootSha256: sha256(north.root)
    })
    const atGateway = { peer: gateway.peer, addresses: [gateway.address] }
    await clock.run(bad.rpc.call(atGateway, methods.ping, {}))
    await clock.until(() => gateway.network.peers().length === 2)
    return { ...base, aca: server.aca, gateway, bad, atGateway }
  }

  it('reaches the other nodes by gossip, which cut the holder off and refuse it from then on', async () => {
    const { clock, aca, gateway, bad, atGateway } = await revocable()
    await aca.revoke('bad', 'keyCompromise')
    await clock.until(() => !gateway.network.peers().some(({ peer }) => peer === bad.peer), 5000)
    await assert.rejects(clock.run(bad.rpc.call(atGateway, methods.ping, {})), { code: 'CERTIFICATE_REVOKED' })
  })

  it('reaches them without any gossip too, within the period of asking', async () => {
    const { clock, swarm, aca, gateway, bad, atGateway } = await revocable()
    swarm.faults.drop = 1
    const { crlNumber } = await aca.revoke('bad', 'keyCompromise')
    await clock.run(bad.rpc.call(atGateway, methods.ping, {}))
    await clock.until(() => gateway.identities.crl('north.example')?.number === crlNumber, 6 * MINUTE, 1000)
    await assert.rejects(clock.run(bad.rpc.call(atGateway, methods.ping, {})), { code: 'CERTIFICATE_REVOKED' })
  })

  it('lists are served by every node, not by the ACA alone', async () => {
    const { clock, gateway, swarm, north, atGateway, aca } = await revocable()
    await clock.until(() => gateway.identities.crl('north.example') !== undefined)
    const stranger = await trustNode(swarm, { domain: north, name: 'new' })
    const { lists } = await clock.run(stranger.rpc.call(atGateway, methods.crl, {}))
    assert.deepEqual(lists[0]?.crl, aca.crl().der)
  })

  it('lists of a listed domain are asked for at the addresses that the operator gave', async () => {
    const { clock, swarm, server } = await setting()
    const south = await testDomain('south.example', clock.now())
    const aca = await trustNode(swarm, { domain: south, name: 'core', roles: ['aca'], aca: SHORT })
    swarm.faults.drop = 1
    const crlSources = new Map([['south.example', [aca.address]]])
    const reader = await trustNode(swarm, { domain: await testDomain('west.example', clock.now()), name: 'gw1', roles: ['agw'], crlSources })
    await reader.identities.list('south.example', [south.root])
    await reader.member.refresh()
    assert.equal(reader.identities.crl('south.example')?.number, aca.aca?.crl().number)
    assert.equal(server.identities.crl('south.example'), undefined)
  })

  it('lists that are forged are held against the sender and change nothing', async () => {
    const { clock, swarm, gateway } = await revocable()
    const number = gateway.identities.crl('north.example')?.number
    const liar = swarm.join('liar')
    await liar.network.dial(gateway.address)
    await liar.pubsub.publish(TOPICS.crl, new Uint8Array([1, 2, 3]))
    await clock.advance(1000)
    assert.equal(gateway.identities.crl('north.example')?.number, number)
  })
})

describe('member: expiry', () => {
  it('cuts off a node whose certificate has ended, though no list says so', async () => {
    const clock = new FakeClock()
    const swarm = new MemorySwarm(clock)
    const north = await testDomain('north.example', clock.now())
    // No ACA: nobody renews.
    const server = await trustNode(swarm, { domain: north, name: 'core', roles: ['ars'] })
    const gateway = await trustNode(swarm, { domain: north, name: 'gw1', roles: ['agw'], notAfter: clock.now() + 4 * MINUTE })
    let cuts = 0
    server.network.onDisconnect((peer) => (cuts += peer === gateway.peer ? 1 : 0))
    await clock.run(gateway.rpc.call({ peer: server.peer, addresses: [server.address] }, methods.ping, {}))
    await clock.advance(3 * MINUTE)
    assert.equal(cuts, 0)
    await clock.advance(3 * MINUTE)
    assert.equal(cuts, 1)
    assert.ok(!server.rpc.identities().some(({ peer }) => peer === gateway.peer))
  })
})

describe('member: listed domains', () => {
  it('that an operator lists at a gateway are believed by the servers of its domain, until they are taken off', async () => {
    const { clock, server, node } = await setting()
    const south = await testDomain('south.example', clock.now())
    const gateway = await node('gw1', ['agw'])
    await clock.until(() => gateway.member.find('ars').length === 1)
    await gateway.identities.list('south.example', [south.root])
    await clock.until(() => server.identities.domains().includes('south.example'), 30_000)
    await gateway.identities.unlist('south.example')
    await clock.until(() => !server.identities.domains().includes('south.example'), 30_000)
  })

  it('are told to a server that was away', async () => {
    const { clock, swarm, server, node } = await setting()
    const south = await testDomain('south.example', clock.now())
    const gateway = await node('gw1', ['agw'])
    await clock.until(() => gateway.member.find('ars').length === 1)
    swarm.cut(gateway.peer, server.peer)
    await gateway.identities.list('south.example', [south.root])
    await clock.advance(MINUTE)
    assert.deepEqual(server.identities.domains(), ['north.example'])
    swarm.heal(gateway.peer, server.peer)
    await clock.until(() => server.identities.domains().includes('south.example'), 2 * MINUTE, 100)
  })

  it('are listed anew though a node that was away still says that they were taken off', async () => {
    const { clock, swarm, server, node } = await setting()
    const south = await testDomain('south.example', clock.now())
    const [first, second] = [await node('gw1', ['agw']), await node('gw2', ['agw'])]
    await clock.until(() => first.member.find('ars').length === 1 && second.member.find('ars').length === 1)
    await first.identities.list('south.example', [south.root])
    await clock.until(() => second.identities.domains().includes('south.example'), MINUTE, 100)
    await second.identities.unlist('south.example')
    swarm.cut(second.peer, server.peer)
    swarm.cut(second.peer, first.peer)
    await clock.advance(1000)
    await first.identities.list('south.example', [south.root])
    await server.identities.list('south.example', [south.root])
    swarm.healAll()
    await clock.until(() => second.identities.domains().includes('south.example'), 2 * MINUTE, 100)
    await clock.advance(MINUTE)
    for (const each of [first, second, server]) assert.deepEqual(each.identities.domains(), ['north.example', 'south.example'])
  })

  it('are taken one by one: a root that is none keeps no other out', async () => {
    const { clock, server, node } = await setting()
    const south = await testDomain('south.example', clock.now())
    const gateway = await node('gw1', ['agw'])
    const bundles = [
      { domain: 'bad.example', sequence: 1n, roots: [new Uint8Array(3)] },
      { domain: 'north.example', sequence: 1n, roots: [] },
      // Nobody could ever say anything after it.
      { domain: 'ahead.example', sequence: 2n ** 64n - 1n, roots: [south.root] },
      { domain: 'south.example', sequence: 1n, roots: [south.root] }
    ]
    await gateway.rpc.call({ peer: server.peer, addresses: [server.address] }, methods.trust, { bundles })
    assert.deepEqual(server.identities.domains(), ['north.example', 'south.example'])
  })

  it('are not taken from an agent', async () => {
    const { server, node } = await setting()
    const south = await testDomain('south.example')
    const agent = await node('flight', ['agent'])
    const update = { bundles: [{ domain: 'south.example', sequence: 1n, roots: [south.root] }] }
    await assert.rejects(agent.rpc.call({ peer: server.peer, addresses: [server.address] }, methods.trust, update), { code: 'PERMISSION_DENIED' })
    assert.deepEqual(server.identities.domains(), ['north.example'])
  })
})
