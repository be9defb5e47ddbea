import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
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
    // Beside them there may be one for TLS clients, of another key.
    assert.equal(hub.aca?.show('hub').filter(({ peer }) => peer === hub.network.peer).length, 2)
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

describe('rollover of a root on real nodes', function () {
  this.timeout(90_000)
  const desk = createAuthorityDesk()
  let net: Testnet
  let north: TestDomain
  let south: TestDomain
  let flight: TestAgent
  let caller: TestAgent
  let oldChain: readonly Uint8Array[]

  before(async () => {
    net = await createTestnet()
    north = await net.domain('north.example', [
      { name: 'hub', roles: ['aca', 'agw'] },
      { name: 'gw', roles: ['ars', 'agw'] }
    ])
    south = await net.domain('south.example', [{ name: 'hub', roles: ['aca', 'ars', 'agw'] }])
    await net.interconnect(north.node('hub'), south.founder)
    flight = await net.agent(north, 'flight', { capabilities: ['travel'] })
    caller = await net.agent(north, 'caller', { capabilities: ['calling'] })
    oldChain = north.node('gw').identities.chain()
  })
  after(() => net.stop())

  const rootOf = (node: HansaNode): Uint8Array => node.identities.chain().at(-1) ?? new Uint8Array()
  const roots = (node: HansaNode): readonly Uint8Array[] => node.identities.roots('north.example')
  const members = (): HansaNode[] => [north.node('gw'), flight.node, caller.node]
  const renewed = (node: HansaNode) =>
    until('the member renews', () =>
      node.member.renew().then(
        () => true,
        () => false
      )
    )
  /** Nothing is copied and nobody is asked to look: members hear it from their ACA when it is back, another domain when the gateways have met again. */
  async function heard(count: number): Promise<void> {
    const hub = north.node('hub')
    const same = (node: HansaNode): boolean => roots(node).length === count && roots(node).every((root) => roots(hub).some((each) => sameBytes(each, root)))
    assert.equal(roots(hub).length, count)
    await until('the members have heard it', () => members().every(same), 20_000)
    await until('the other domain has heard it', () => same(south.founder), 30_000)
  }
  const works = () =>
    until(
      'the agents call each other',
      () =>
        caller.node.swarm.send(flight.handle, { messageId: randomUUID(), parts: [{ content: { case: 'text', value: 'hello' } }] }, { timeoutMs: 5_000 }).then(
          () => true,
          () => false
        ),
      20_000
    )

  it('tells of the next root first, which all learn by themselves, and issues under the present one', async () => {
    await net.restart(north.founder, (home) => desk.announceRoot(home))
    await heard(2)
    await until(
      'a member has it in its home, too',
      async () => (await readFile(rootsFile(north.node('gw').home.paths.dir), 'utf8')).split('BEGIN').length === 3
    )
    await renewed(north.node('gw'))
    assert.ok(sameBytes(rootOf(north.node('gw')), oldChain.at(-1) ?? new Uint8Array()))
    await works()
  })

  it('issues under the next one then, and believes both', async () => {
    const hub = await net.restart(north.node('hub'), (home) => desk.activateRoot(home, true))
    assert.ok(!sameBytes(rootOf(hub), oldChain.at(-1) ?? new Uint8Array()))
    assert.equal(hub.identities.verify(north.node('gw').network.peer, oldChain).name, 'gw')
    await heard(2)
    await works()
    for (const node of members()) await renewed(node)
    for (const node of members()) assert.ok(sameBytes(rootOf(node), rootOf(hub)))
    await works()
  })

  it('refuses what the previous one has certified when that is forgotten, here and at the other domain', async () => {
    const { peer } = north.node('gw').network
    await net.restart(north.node('hub'), (home) => desk.finish(home, true))
    await heard(1)
    for (const node of [north.node('hub'), flight.node, south.founder]) assert.throws(() => node.identities.verify(peer, oldChain), { code: 'UNKNOWN_DOMAIN' })
    await works()
    await renewed(north.node('gw'))
  })
})

function rootsFile(home: string): string {
  return join(homePaths(home).roots, 'north.example.pem')
}
