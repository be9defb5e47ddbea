import assert from 'node:assert/strict'
import { methods } from '../../src/wire/methods.ts'
import { at, foundWorld, type World } from '../support/draft-world.ts'
import { until } from '../support/until.ts'

const NORTH = 'spiffe://north.example/aca/hub'
const SOUTH = 'spiffe://south.example/agw/gw'

describe('draft 3.4.1 AGw Interconnection', () => {
  let world: World
  before(async () => (world = await foundWorld({ connected: false })))
  after(() => world.net.stop())

  function neighbors(gateway: World['northGateway']) {
    return (gateway.agw?.neighbors() ?? []).map(({ id, state }) => [id, state])
  }

  it('if the verification failed, it rejects the request: a domain that is not listed', async () => {
    const { northGateway, southGateway } = world
    const [address = ''] = northGateway.network.addresses()
    await assert.rejects(southGateway.agw?.connect(address) ?? Promise.resolve(), { code: 'UNKNOWN_DOMAIN' })
    assert.deepEqual([neighbors(northGateway), neighbors(southGateway)], [[], []])
  })

  it('if the verification failed, it rejects the request: another root than the operator names', async () => {
    const { northGateway, southGateway } = world
    const [address = ''] = southGateway.network.addresses()
    await assert.rejects(northGateway.agw?.connect(address, { root: '0'.repeat(64) }) ?? Promise.resolve(), { code: 'UNKNOWN_DOMAIN' })
    assert.ok(!northGateway.identities.domains().includes('south.example'))
  })

  it('the initiating AGw encloses its ID, protocols, certificate and status; the receiving AGw verifies them, feeds back its own and records it in its AGw Neighbor List', async () => {
    const { net, northGateway, southGateway } = world
    await net.interconnect(northGateway, southGateway)
    assert.deepEqual(neighbors(southGateway), [[NORTH, 'up']])
    assert.deepEqual(neighbors(northGateway), [[SOUTH, 'up']])
    const [seen] = southGateway.agw?.neighbors() ?? []
    assert.equal(seen?.info.peerId, northGateway.network.peer)
    assert.deepEqual(seen?.info.multiaddrs, northGateway.network.addresses())
    assert.deepEqual([...(seen?.protocols ?? [])].sort(), ['relay/1', 'sync/1'])
  })

  it('rejects a gateway that speaks of another one than itself, and a node that is no gateway', async () => {
    const { south, northGateway, southGateway } = world
    const protocols = ['relay/1', 'sync/1']
    await assert.rejects(southGateway.rpc.call(at(northGateway), methods.connect, { protocols, gateway: northGateway.member.self() }), {
      code: 'PERMISSION_DENIED'
    })
    const server = south.founder
    await assert.rejects(server.rpc.call(at(northGateway), methods.connect, { protocols, gateway: server.member.self() }), {
      code: 'PERMISSION_DENIED'
    })
  })

  it('rejects a gateway with which it shares no protocol', async () => {
    const { northGateway, southGateway } = world
    const request = { protocols: ['relay/99', 'sync/1'], gateway: southGateway.member.self() }
    await assert.rejects(southGateway.rpc.call(at(northGateway), methods.connect, request), { code: 'PROTOCOL_VERSION' })
  })

  it('gateways of one domain interconnect by themselves', async () => {
    const { net, south, southGateway } = world
    await net.join(south, { name: 'gw2', roles: ['agw'] })
    await until('gw2 is a neighbour', () => neighbors(southGateway).some(([id, state]) => id === 'spiffe://south.example/agw/gw2' && state === 'up'))
  })
})
