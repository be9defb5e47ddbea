import assert from 'node:assert/strict'
import type { HansaNode } from '../../src/node/hansa-node.ts'
import { createTestnet, type Testnet, type TestDomain } from '../../src/node/testnet.ts'
import { methods } from '../../src/wire/methods.ts'
import { applicable, at, replyText } from '../support/draft-world.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

const HEARTBEAT = 200
const HOTEL = 'hotel@south.example'
const SOUTH = 'spiffe://south.example/agw/gw'
const NORTH = 'spiffe://north.example/aca/hub'

describe('draft 3.4.3 Status Maintenance of gateways', () => {
  let net: Testnet
  let north: HansaNode
  let south: TestDomain
  let gateway: HansaNode
  const proxies: TcpProxy[] = []

  before(async () => {
    proxies.push(await TcpProxy.open(), await TcpProxy.open())
    net = await createTestnet({ heartbeatMs: HEARTBEAT })
    const domain = await net.domain('north.example', [{ name: 'hub', roles: ['aca', 'ars', 'agw'], env: proxies[0]?.env ?? {} }])
    north = domain.founder
    south = await net.domain('south.example', [
      { name: 'hub', roles: ['aca', 'ars'] },
      { name: 'gw', roles: ['agw'], env: proxies[1]?.env ?? {} }
    ])
    gateway = south.node('gw')
    await net.interconnect(north, gateway)
    await net.agent(south, 'hotel', { capabilities: ['travel/hotel-booking'] })
    await until('hotel in north', () => applicable(north).includes(HOTEL))
  })
  after(async () => {
    for (const proxy of proxies) proxy.resume()
    await net.stop()
    for (const proxy of proxies) proxy.close()
  })

  const state = (from: HansaNode, id: string) => from.agw?.neighbors().find((neighbor) => neighbor.id === id)?.state

  function call(): Promise<string> {
    return north.swarm.send(HOTEL, 'hello', { timeoutMs: 1_000 }).then(
      ({ response }) => replyText(response),
      (error: { code?: string }) => error.code ?? 'unknown'
    )
  }

  it('when interconnected the gateways regularly send heartbeats: they stay online without any other word', async () => {
    await until('a round trip was measured on both sides', () => [north, gateway].every((node) => node.agw?.neighbors().every(({ rttMs }) => rttMs > 0)))
    const since = north.agw?.neighbors()[0]?.since
    await new Promise((resolve) => setTimeout(resolve, 4 * HEARTBEAT))
    assert.deepEqual([state(north, SOUTH), state(gateway, NORTH)], ['up', 'up'])
    assert.equal(north.agw?.neighbors()[0]?.since, since)
  })

  it('without a heartbeat for an extended period it marks the gateway offline and its agents inapplicable; and back', async () => {
    for (const proxy of proxies) proxy.silence()
    await until('offline', () => state(north, SOUTH) === 'offline')
    const route = await until('still known', () => north.agw?.routes().find(({ advert }) => advert.handle === HOTEL))
    assert.equal(route.applicable, false)
    assert.ok(['NO_ROUTE', 'AGENT_UNREACHABLE'].includes(await call()))
    for (const proxy of proxies) proxy.resume()
    await until('up again', () => state(north, SOUTH) === 'up' && state(gateway, NORTH) === 'up', 15_000)
    await until('applicable again', () => applicable(north).includes(HOTEL))
    assert.equal(await call(), 'hello')
  }).timeout(30_000)

  it('a gateway that says it restarts is held, and takes its place again', async () => {
    await gateway.stop()
    assert.equal(state(north, SOUTH), 'holding')
    gateway = await net.restart(gateway)
    await until('up again', () => state(north, SOUTH) === 'up', 15_000)
    await until('its agents are there', () => applicable(north).includes(HOTEL), 15_000)
    await until('they answer', async () => (await call()) === 'hello')
  }).timeout(30_000)

  it('nobody is disconnected by somebody else: who is not in the peer list, or no gateway, is refused', async () => {
    const second = await net.join(south, { name: 'gw2', roles: ['agw'] })
    await assert.rejects(second.rpc.call(at(north), methods.disconnect, { reason: 'spite' }), { code: 'NEIGHBOR_NOT_FOUND' })
    await assert.rejects(south.founder.rpc.call(at(north), methods.disconnect, { reason: 'spite' }), { code: 'PERMISSION_DENIED' })
    assert.equal(state(north, SOUTH), 'up')
  })

  it('upon a disconnection request the peer deletes the gateway from its peer list and removes the agents registered there', async () => {
    await south.node('gw2').stop()
    await until('gw2 has left', () => state(gateway, 'spiffe://south.example/agw/gw2') !== 'up')
    await gateway.agw?.disconnect(NORTH)
    assert.equal(state(north, SOUTH), undefined)
    assert.equal(state(gateway, NORTH), undefined)
    assert.ok(!north.agw?.routes().some(({ advert }) => advert.handle === HOTEL))
    assert.ok(['NO_ROUTE', 'AGENT_NOT_FOUND'].includes(await call()))
    await new Promise((resolve) => setTimeout(resolve, 3 * HEARTBEAT))
    assert.equal(state(north, SOUTH), undefined)
  })
})
