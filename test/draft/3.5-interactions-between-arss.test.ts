import assert from 'node:assert/strict'
import type { HansaNode } from '../../src/node/hansa-node.ts'
import { createTestnet, type TestAgent, type TestDomain, type Testnet } from '../../src/node/testnet.ts'
import { StatusFilter } from '../../src/schema/generated/hansa/v1/directory_pb.ts'
import { methods } from '../../src/wire/methods.ts'
import { at } from '../support/draft-world.ts'
import { until } from '../support/until.ts'

describe('draft 3.5 Interactions between ARSs', () => {
  let net: Testnet
  let north: TestDomain
  let south: TestDomain
  /** A domain with a registration server and no gateway: nothing reaches it by gossip. */
  let east: HansaNode
  let visa: TestAgent

  before(async () => {
    net = await createTestnet()
    north = await net.domain('north.example', [{ name: 'hub', roles: ['aca', 'ars'] }])
    south = await net.domain('south.example', [
      { name: 'ca', roles: ['aca'] },
      { name: 'ars', roles: ['ars'], env: { HANSA_GATEWAY_EXPORT: 'travel' } },
      { name: 'gw', roles: ['agw'] }
    ])
    east = (await net.domain('east.example', [{ name: 'hub', roles: ['aca', 'ars'] }])).founder
    await trust(east, south)
    const [, made] = await Promise.all([
      net.agent(south, 'hotel', { capabilities: ['travel/hotel-booking'] }),
      net.agent(south, 'visa', { capabilities: ['travel/visa'] }),
      net.agent(south, 'payroll', { capabilities: ['finance/payroll'] })
    ])
    visa = made
  })
  after(() => net.stop())

  /** Both operators list the other domain; no gateway has to do with it. */
  async function trust(node: HansaNode, domain: TestDomain): Promise<void> {
    const { domain: own } = node.home.config
    await node.identities.list(domain.name, domain.founder.identities.roots(domain.name))
    for (const other of domain.nodes()) await other.identities.list(own, node.identities.roots(own))
  }

  async function found(node: HansaNode, capability: string, status = StatusFilter.ANY): Promise<string[]> {
    const { agents } = await node.swarm.find({ capabilities: [capability], status })
    return agents.map(({ record }) => record.handle).sort()
  }

  it('agents managed by one ARS are discoverable at another, by the distributed table alone: without any gateway there', async () => {
    assert.equal(east.agw, undefined)
    assert.ok(!east.member.nodes().some(({ roles }) => roles.includes('agw')))
    await until('both are found', async () => (await found(east, 'travel')).length === 2)
    const { agents, asked, complete } = await east.swarm.find({ capabilities: ['travel/hotel-booking'], domain: 'south.example' })
    const [hotel] = agents
    assert.deepEqual([hotel?.record.handle, hotel?.record.ars, complete], ['hotel@south.example', 'spiffe://south.example/ars/ars', true])
    assert.ok(asked.some(({ ars, hits }) => ars === 'spiffe://south.example/ars/ars' && hits === 1))
  })

  it('in a trusted manner: each record is verified up to the root that the operator has listed', async () => {
    const [hotel] = (await east.swarm.find({ capabilities: ['travel/hotel-booking'] })).agents
    assert.deepEqual([hotel?.verified.level, hotel?.verified.signer], ['chain', 'spiffe://south.example/ars/ars'])
    assert.deepEqual([hotel?.address?.gateway, hotel?.address?.node?.spiffeId], [true, 'spiffe://south.example/agw/gw'])
  })

  it('in a trusted manner: a domain that is not listed is neither asked nor answered', async () => {
    const hub = north.founder
    // South has listed north, whose swarm it joined; north has not listed south.
    assert.deepEqual(await found(hub, 'travel'), [])
    await assert.rejects(hub.swarm.find({ domain: 'south.example' }), { code: 'UNKNOWN_DOMAIN' })
    await assert.rejects(hub.swarm.resolve('hotel@south.example'), { code: 'UNKNOWN_DOMAIN' })
    await assert.rejects(hub.rpc.call(at(east), methods.discover, { local: true }), { code: 'UNKNOWN_DOMAIN' })
    await assert.rejects(east.rpc.call(at(hub), methods.discover, { local: true }), { code: 'UNKNOWN_DOMAIN' })
  })

  it('in a trusted manner: what a domain does not export is not told to others', async () => {
    assert.deepEqual(await found(south.node('ars'), 'finance'), ['payroll@south.example'])
    assert.deepEqual(await found(east, 'finance'), [])
    await assert.rejects(east.swarm.resolve('payroll@south.example'), { code: 'AGENT_NOT_FOUND' })
  })

  it('a deregistration reaches the others, and the old record does not come back', async () => {
    await visa.node.agent?.deregister()
    assert.deepEqual(await found(east, 'travel/visa'), [])
    await assert.rejects(east.swarm.resolve('visa@south.example'), { code: 'AGENT_NOT_FOUND' })
  })

  it('a record is found while its own server is down, and what was deregistered is not', async () => {
    assert.equal((await east.swarm.resolve('hotel@south.example')).source, 'ars')
    await south.node('ars').stop()
    const { record, verified, source } = await until('the record', () => east.swarm.resolve('hotel@south.example').catch(() => undefined))
    assert.deepEqual([record.handle, verified.level, source], ['hotel@south.example', 'chain', 'dht'])
    await assert.rejects(east.swarm.resolve('visa@south.example'), { code: 'AGENT_NOT_FOUND' })
    await assert.rejects(east.swarm.resolve('payroll@south.example'), { code: 'AGENT_NOT_FOUND' })
    const { complete } = await east.swarm.find({ capabilities: ['travel'], domain: 'south.example' })
    assert.equal(complete, false)
  }).timeout(20_000)
})
