import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createAuthorityDesk } from '../../../src/node/authority/create-authority-desk.ts'
import { sameBytes } from '../../../src/core/pki/facts.ts'
import { homePaths } from '../../../src/node/home/home-paths.ts'
import type { HansaNode } from '../../../src/node/hansa-node.ts'
import { createTestnet, type TestAgent, type TestDomain, type Testnet } from '../../../src/node/testnet.ts'
import { until } from '../../support/until.ts'

describe('rollover of an issuing CA on real nodes, an agent calling all the while', () => {
  const desk = createAuthorityDesk()
  let net: Testnet
  let north: TestDomain
  let flight: TestAgent
  let caller: TestAgent
  const calls = { good: 0, failed: [] as unknown[] }
  let calling = true
  let loop: Promise<void>

  before(async function () {
    this.timeout(60_000)
    // The ACA restarts, the gateway does not: calls need no ACA.
    net = await createTestnet()
    north = await net.domain('north.example', [
      { name: 'hub', roles: ['aca'] },
      { name: 'gw', roles: ['ars', 'agw'] }
    ])
    flight = await net.agent(north, 'flight', { capabilities: ['travel'] })
    caller = await net.agent(north, 'caller', { capabilities: ['calling'] })
    await until('the caller finds it', async () => (await caller.node.swarm.find({ capabilities: ['travel'] }, {})).agents.length === 1)
    loop = callOn()
  })
  after(async () => {
    calling = false
    await loop
    await net.stop()
  })

  async function callOn(): Promise<void> {
    while (calling) {
      // A pace far below what the node admits.
      await pause(20)
      try {
        await hello(flight.handle)
        calls.good++
      } catch (error) {
        calls.failed.push(error)
      }
    }
  }

  const hello = (handle: string) =>
    caller.node.swarm.send(handle, { messageId: randomUUID(), parts: [{ content: { case: 'text', value: 'hello' } }] }, { timeoutMs: 20_000 })
  const issuingOf = (node: HansaNode): Uint8Array => node.identities.chain()[1] ?? new Uint8Array()

  it('the ACA itself shows a certificate of the new one when it is back', async () => {
    const before = issuingOf(north.founder)
    const hub = await net.restart(north.founder, (home) => desk.rolloverIssuing(home, {}))
    assert.ok(!sameBytes(issuingOf(hub), before))
    assert.equal(hub.aca?.show('hub').length, 2)
    await until(
      'its members know it again',
      () => flight.node.network.peers().some(({ peer }) => peer === hub.network.peer) && caller.node.member.find('aca').length === 1
    )
  }).timeout(60_000)

  it('nodes with certificates of the old one renew under the new one, and both are believed meanwhile', async () => {
    const hub = north.node('hub')
    await until('the agent renews', () =>
      flight.node.member.renew().then(
        () => true,
        () => false
      )
    )
    assert.ok(sameBytes(issuingOf(flight.node), issuingOf(hub)))
    assert.ok(!sameBytes(issuingOf(caller.node), issuingOf(hub)))
    const good = calls.good
    await until('calls go on', () => calls.good > good + 5)
  }).timeout(60_000)

  it('a newcomer gets its certificate from the new one', async () => {
    const late = await net.agent({ ...north, founder: north.node('hub') }, 'late', { capabilities: ['late'] })
    assert.ok(sameBytes(issuingOf(late.node), issuingOf(north.node('hub'))))
    await hello(late.handle)
  }).timeout(60_000)

  it('no call has failed', () => {
    assert.deepEqual(calls.failed.slice(0, 3).map(String), [])
    assert.ok(calls.good > 10)
  })
})

describe('rollover of a root on real nodes', () => {
  const desk = createAuthorityDesk()
  let net: Testnet
  let north: TestDomain
  let oldChain: readonly Uint8Array[]

  before(async function () {
    this.timeout(60_000)
    net = await createTestnet()
    north = await net.domain('north.example', [
      { name: 'hub', roles: ['aca'] },
      { name: 'gw', roles: ['ars', 'agw'] }
    ])
    oldChain = north.node('gw').identities.chain()
  })
  after(() => net.stop())

  const rootOf = (node: HansaNode): Uint8Array => node.identities.chain().at(-1) ?? new Uint8Array()
  const roots = (node: HansaNode): readonly Uint8Array[] => node.identities.roots('north.example')
  const renewed = (node: HansaNode) =>
    until('the member renews', () =>
      node.member.renew().then(
        () => true,
        () => false
      )
    )

  it('tells of the next root first, and issues under the present one', async () => {
    const hub = await net.restart(north.founder, (home) => desk.announceRoot(home))
    assert.equal(roots(hub).length, 2)
    // What the operator of a member may do by hand, if it was not on the swarm to hear of it.
    const gw = await net.restart(north.node('gw'), (home) => copyFile(rootsFile(hub.home.paths.dir), rootsFile(home)))
    assert.equal(roots(gw).length, 2)
    await renewed(gw)
    assert.ok(sameBytes(rootOf(gw), oldChain.at(-1) ?? new Uint8Array()))
  }).timeout(60_000)

  it('issues under the next one then, and believes both', async () => {
    const gw = north.node('gw')
    const hub = await net.restart(north.node('hub'), (home) => desk.activateRoot(home, true))
    assert.ok(!sameBytes(rootOf(hub), rootOf(gw)))
    assert.equal(hub.identities.verify(gw.network.peer, oldChain).name, 'gw')
    await renewed(gw)
    assert.ok(sameBytes(rootOf(gw), rootOf(hub)))
  }).timeout(60_000)

  it('refuses what the previous one has certified when that is forgotten', async () => {
    const gw = north.node('gw')
    const hub = await net.restart(north.node('hub'), (home) => desk.finish(home, true))
    assert.equal(roots(hub).length, 1)
    assert.throws(() => hub.identities.verify(gw.network.peer, oldChain), { code: 'UNKNOWN_DOMAIN' })
    await renewed(gw)
  }).timeout(60_000)
})

function rootsFile(home: string): string {
  return join(homePaths(home).roots, 'north.example.pem')
}
